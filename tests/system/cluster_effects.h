#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/support/json_value.h"
#include "tests/system/cluster_bus.h"

namespace troupe::testing {

/// The world outside: does the work of steps with effects and keeps count of it. It lives in the
/// test's own process, to which no fault happens, so what it remembers is what was done.
/// Thread-safe.
class Effects {
 public:
  static constexpr const char* kQueue = "effects";
  /// The steps of the program: one that may be repeated under its key, and one that may not.
  static constexpr const char* kRepeatable = "again";
  static constexpr const char* kOnce = "once";

  /// Waits for a number to be counted on, twice; gives n + 3.
  static std::string graph();

  /// Does the work of these workspaces.
  void serve(Bus& bus, const std::vector<std::string>& workspaces);

  /// What is wrong with one step that is recorded as done, given its result. A person's word, where
  /// somebody had to be asked, has no number.
  std::string fault_of(const std::string& run, const std::string& step, const Json& result) const;
  /// What is wrong with all that was done, as far as it can be told without the runs' own records.
  /// `known`: the runs that are in the store.
  std::vector<std::string> faults(const std::set<std::string>& known) const;
  long long done() const;
  /// Of what may be repeated: how much was.
  long long repeated() const;

 private:
  struct Deed {
    std::string run, step, workspace, heard_for, args;
    int attempt = 0;
    long long number = 0;  ///< of the deed, in the order of all; part of its result
  };
  std::string act(const std::string& workspace, const std::string& task);

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Deed>> by_key_;
  long long count_ = 0;
};

}  // namespace troupe::testing
