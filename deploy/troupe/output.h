#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "deploy/troupe/exit_codes.h"
#include "runtime/base/result.h"

namespace troupe::cli {

/// What every command knows of how it was called.
struct Shared {
  std::string data_dir;     ///< --data-dir, empty if not given
  std::string config_file;  ///< --config, empty if not given
  bool json = false;
  bool quiet = false;
};

/// A line of data on stdout.
void print(std::string_view line);
/// A line for people on stderr.
void note(std::string_view line);
/// JSON on stdout: over several lines for a person, on one line for a pipe.
void print_json(std::string_view json);
/// "error: message [code]" and its details on stderr; the exit code that fits.
Exit fail(const Error& error);
Exit fail(Exit exit, std::string_view message);

/// Rows under their headings, columns aligned; without headings when stdout is no terminal.
void print_table(const std::vector<std::string>& headings,
                 const std::vector<std::vector<std::string>>& rows);

bool stdout_is_terminal();
/// A person is there to read and to answer.
bool person_present();

/// The whole file, or stdin for "-".
Result<std::string> read_file(const std::string& path);
/// The value of an --input option: JSON text, @file, or - for stdin. "@" and "-" read at most 64
/// MiB.
Result<std::string> read_argument(const std::string& argument);

}  // namespace troupe::cli
