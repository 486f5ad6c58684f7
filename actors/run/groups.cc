#include "actors/run/groups.h"

#include "actors/node/always_answered.h"

namespace troupe::actors {
namespace {

constexpr std::chrono::milliseconds kTellAgain{500};

bool is_code(const std::optional<Error>& error, Code code) {
  return error && error->code == code;
}

}  // namespace

void Groups::tell(run::command::TellGroup command, WorkspaceId workspace, const RunActor& run) {
  Line& line = lines_[command.group];
  line.command = std::move(command);
  line.workspace = workspace;
  if (!line.asked) send(line, run);
}

void Groups::send(Line& line, const RunActor& run) {
  line.asked = true;
  const run::command::TellGroup& command = line.command;
  const bool start = command.spec != nullptr && !line.started;
  GroupAnswered answer{command.group, command.version, start, std::nullopt};
  if (start) {
    const auto answered = [run, answer](Result<Started> started) mutable {
      if (!started) answer.error = started.error();
      caf::anon_send(run, answer);
    };
    return services_.start_group(
        line.workspace, {command.group, command.spec, always_answered<Started>(answered)});
  }
  const auto answered = [run, answer](Result<Answered> heard) mutable {
    if (!heard) answer.error = heard.error();
    caf::anon_send(run, answer);
  };
  services_.reach(line.workspace,
                  ToRun{command.group, {line.workspace, std::nullopt},
                        Ask{run::event::ParentWishes{command.wish, command.version},
                            always_answered<Answered>(answered)}});
}

std::optional<run::event::GroupGone> Groups::answered(const GroupAnswered& answer,
                                                      const RunActor& run) {
  const auto found = lines_.find(answer.group);
  if (found == lines_.end()) return std::nullopt;
  Line& line = found->second;
  const run::command::TellGroup command = line.command;
  const bool unknown = is_code(answer.error, Code::kNotFound) && !answer.start;
  const bool ended = is_code(answer.error, Code::kRunEnded);
  if (answer.error && !unknown && !ended) {
    if (services_.options.bugs.tell_groups_once) return std::nullopt;
    caf::delayed_anon_send(run, kTellAgain, TellGroupAgain{answer.group});
    return std::nullopt;
  }
  line.asked = false;
  line.started = line.started || answer.start;
  const bool over = unknown || ended;
  if (!over && (answer.start || answer.version != command.version)) {
    send(line, run);
    return std::nullopt;
  }
  lines_.erase(found);
  // One that has ended says so itself; but nobody waits for that once the loop is to end as well.
  const bool gone = command.wish != run::Wish::kStop &&
                    (unknown || (ended && command.wish != run::Wish::kGo));
  if (!gone) return std::nullopt;
  return run::event::GroupGone{command.path, command.number, command.group};
}

void Groups::again(RunId group, const RunActor& run) {
  const auto found = lines_.find(group);
  if (found != lines_.end()) send(found->second, run);
}

}  // namespace troupe::actors
