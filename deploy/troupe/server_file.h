#pragma once

#include <optional>
#include <string>

#include "runtime/base/result.h"

namespace troupe::cli {

/// `D/server.json`: where the server that holds the data directory can be reached.
struct ServerFile {
  std::string url;
  int pid = 0;
};

std::optional<ServerFile> read_server_file(const std::string& data_dir);
Status write_server_file(const std::string& data_dir, const ServerFile& server);
void remove_server_file(const std::string& data_dir);

}  // namespace troupe::cli
