#pragma once

#include <memory>

#include "deploy/troupe/client.h"
#include "deploy/troupe/commands.h"

namespace troupe::cli {

/// A noun of the command line (`troupe runs …`) whose verbs talk to a server. `Arguments` holds
/// what all verbs may be given.
template <class Arguments>
class Noun {
 public:
  Noun(CLI::App& line, const char* name, const char* about, Shared& shared, Action& action)
      : noun_(line.add_subcommand(name, about)), shared_(shared), action_(action) {
    noun_->require_subcommand(1);
  }
  /// `work(client, arguments, shared)` gives the exit code.
  template <class Work>
  CLI::App* verb(const char* name, const char* about, Work work) {
    CLI::App* command = noun_->add_subcommand(name, about);
    add_data_dir(*command, shared_);
    add_json(*command, shared_);
    command->callback([&shared = shared_, &action = action_, given = given_, work] {
      action = [&shared, given, work] {
        return with_client(shared, [&](Client& client) { return work(client, *given, shared); });
      };
    });
    return command;
  }
  /// A verb that lists: at most `limit` rows.
  template <class Work>
  CLI::App* list(const char* about, Work work) {
    CLI::App* command = verb("list", about, work);
    command->add_option("--limit", given_->limit, "At most so many; 0: all")->capture_default_str();
    return command;
  }
  void examples(const std::string& lines) { noun_->footer("Examples:\n" + lines); }
  std::shared_ptr<Arguments> arguments() const { return given_; }

 private:
  CLI::App* noun_;
  Shared& shared_;
  Action& action_;
  std::shared_ptr<Arguments> given_ = std::make_shared<Arguments>();
};

}  // namespace troupe::cli
