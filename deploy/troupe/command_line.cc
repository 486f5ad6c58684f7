#include "deploy/troupe/command_line.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <exception>

#include "config/suggest.h"
#include "deploy/troupe/commands.h"
#include "deploy/troupe/version.h"

namespace troupe::cli {
namespace {

/// The innermost command that was understood.
const CLI::App& innermost(const CLI::App& line) {
  const std::vector<CLI::App*> chosen =
      const_cast<CLI::App&>(line).get_subcommands();  // Not const only by oversight of the library.
  return chosen.empty() ? line : innermost(*chosen.back());
}

std::string path_of(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? "troupe" : path_of(*parent) + " " + command.get_name();
}

/// What a word that was not understood was most likely meant to be.
std::string suggestion(const CLI::App& command, const std::string& word) {
  std::vector<std::string> known;
  if (word.rfind("--", 0) == 0) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    return config::nearest(word.substr(0, word.find('=')), known);
  }
  for (const CLI::App* verb : command.get_subcommands(nullptr)) known.push_back(verb->get_name());
  return config::nearest(word, known);
}

int fail_usage(const CLI::App& line, const CLI::ParseError& error) {
  const CLI::App& command = innermost(line);
  const std::vector<std::string> rest = command.remaining(true);
  std::string message = error.what();
  if (!rest.empty()) {
    const std::string& word = rest.front();
    const std::string meant = suggestion(command, word);
    const bool verbs = !command.get_subcommands(nullptr).empty();
    const char* kind = word.rfind('-', 0) == 0 ? "option" : (verbs ? "command" : "argument");
    message = std::string("unknown ") + kind + " " + word +
              (meant.empty() ? "" : "; did you mean " + meant + "?");
  }
  note("error: " + message + "\nsee: " + path_of(command) + " --help");
  return kUsage;
}

void add_commands(CLI::App& line, Shared& shared, Action& action) {
  line.require_subcommand(1);
  line.set_version_flag("--version", std::string("troupe ") + kVersion);
  line.set_help_all_flag("--help-all", "Help of all commands");
  add_run(line, shared, action);
  add_resume(line, shared, action);
  add_serve(line, shared, action);
  add_validate(line, shared, action);
  add_workflows(line, shared, action);
  add_runs(line, shared, action);
  add_jobs(line, shared, action);
  add_tasks(line, shared, action);
  add_nodes(line, shared, action);
  add_workspaces(line, shared, action);
  add_tokens(line, shared, action);
  add_audit(line, shared, action);
  add_migrate(line, shared, action);
  add_doctor(line, shared, action);
  add_config(line, shared, action);
  add_completion(line, shared, action);
  line.footer(
      "Start here:\n"
      "  troupe run config/samples/hello.json --input '{\"name\":\"Ada\"}'\n"
      "  troupe serve\n"
      "Exit: 0 ok, 1 run failed, 2 usage or invalid, 3 not found, 4 waits for a human,\n"
      "      5 unreachable, 6 stopped, 7 conflict");
}

}  // namespace

void add_data_dir(CLI::App& command, Shared& shared) {
  command.add_option("--data-dir", shared.data_dir,
                     "Where the node keeps its state; default ./.troupe");
}

void add_json(CLI::App& command, Shared& shared) {
  command.add_flag("--json", shared.json, "Print JSON");
}

void add_quiet(CLI::App& command, Shared& shared) {
  command.add_flag("--quiet,-q", shared.quiet, "No progress on stderr");
}

int run_command_line(const std::vector<std::string>& arguments) {
  Shared shared;
  Action action;
  CLI::App line("Troupe runs workflows to their end, whatever crashes on the way.", "troupe");
  try {
    add_commands(line, shared, action);
    // The library takes them from the back.
    line.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return action();
  } catch (const CLI::CallForHelp& help) {
    print(innermost(line).help());
  } catch (const CLI::CallForAllHelp& help) {
    print(line.help("", CLI::AppFormatMode::All));
  } catch (const CLI::CallForVersion& version) {
    print(version.what());
  } catch (const CLI::ParseError& error) {
    return fail_usage(line, error);
  } catch (const std::exception& error) {
    return fail(kRunFailed, error.what());
  }
  return kOk;
}

}  // namespace troupe::cli
