#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/system/cluster_crowd.h"

// What a campaign has left behind, held against what was promised: by the API, as users see it, and
// in the tables, read here by the layout that ARCHITECTURE.md describes and not by the product's
// own code.

namespace troupe::testing {

/// When the events of one run happened, in milliseconds of the wall clock since midnight.
using Times = std::vector<long long>;

/// By invariant and what was counted: how often it was looked at.
using Checks = std::map<std::string, long long>;

struct History {
  std::vector<std::string> faults;      ///< what is wrong; empty if nothing
  std::map<std::string, Times> events;  ///< by run; of those that go on by themselves
  std::size_t repeated_attempts = 0;    ///< attempts behind the first, in programs without retry
  Checks checks;
  long long runs_begun = 0;             ///< of all that are in the store
  long long runs_ended = 0;
  std::size_t runs_accepted = 0;
  int starts_in_doubt = 0;
  long long effects_done = 0;           ///< by the count of the world outside
  long long effects_repeated = 0;       ///< of those that may be
  long long vouched = 0;                ///< effects in doubt, of which a person had to say
  long long doubted = 0;                ///< and those whose step has failed for that
  long long second_answers = 0;         ///< that were believed, as the first was lost
  Effects::Moods moods;                 ///< of the workers outside

  void add(const std::vector<std::string>& more) {
    faults.insert(faults.end(), more.begin(), more.end());
  }
};

/// Reads everything about each accepted run from any node, and asks for it as another tenant. All
/// runs must have ended.
History check_history(Campaign& campaign,
                      const std::vector<Accepted>& accepted, std::uint64_t seed);

/// Frames that are still in journal tables: each entity's form one chain, without a fork.
std::vector<std::string> faults_of_journals(Database& database, Checks* checks = nullptr);

/// Runs that nobody asked for or that are missing, and what is left over once everything has ended.
/// Counts runs in `history`, whose starts in doubt it knows.
std::vector<std::string> faults_of_tables(Database& database, const Campaign& campaign,
                                          const std::vector<Accepted>& accepted,
                                          History& history);

/// What the world outside saw, against the runs that there are.
std::vector<std::string> faults_of_effects(Database& database, const Effects& effects,
                                           History& history);

/// Once all is calm no slot lacks an owner or has tails, and nothing is left of gone nodes.
/// What is still in the way when the time is over.
std::vector<std::string> faults_of_calm(Database& database, int timeout_ms,
                                        Checks* checks = nullptr);

}  // namespace troupe::testing
