#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "deploy/troupe/mailbox.h"
#include "runtime/port/engine.h"

namespace troupe::cli {

/// Decisions given on the command line, by step id.
struct Decisions {
  std::vector<std::string> approve;
  std::vector<std::string> reject;
};

/// True, false, or nothing if neither list names the step. A step inside a loop is meant by its own
/// id
/// (`ok`) or by the one its events carry (`review#0#ok`).
std::optional<bool> decided(const Decisions& decisions, std::string_view step_id);

/// Asks the person at the terminal about one task and reads answers until one is accepted.
enum class Asked { kAnswered, kLater, kInterrupted };
Asked ask_person(Engine& engine,
                 const store::TenantScope& scope,
                 const store::TaskRow& task,
                 Mailbox& mailbox);

}  // namespace troupe::cli
