#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/base/time.h"
#include "runtime/graph/graph.h"
#include "runtime/run/decide.h"

namespace troupe::actors {

/// Bugs that a test may plant, one at a time, to prove that the checkers catch them. All off in
/// production: the command line and the configuration cannot reach them.
struct PlantedBugs {
  bool acknowledge_before_commit = false;
  bool effects_before_commit = false;
  bool events_before_commit = false;
  bool forget_unacknowledged_on_crash = false;
  bool accept_second_result = false;
  bool lose_timer_on_passivation = false;
  bool skip_last_frame_on_recovery = false;
  bool repeat_frame_on_recovery = false;
  bool ignore_idempotency_key = false;
  bool drop_tenant_filter = false;
  bool forget_waiting_child = false;
  bool reuse_seq_after_recovery = false;
  bool forget_rows_on_recovery = false;
  // Of nodes that share a store.
  bool forget_tails_on_takeover = false;
  bool give_before_laid_down = false;
  bool keep_epoch_on_acquire = false;
  bool forget_bulk_on_move = false;
  bool forget_gone_on_move = false;     ///< a slot waits for good for a run that has left
  bool take_outcome_after_move = false;
  bool tell_groups_once = false;
  bool groups_take_turns = false;
  bool keep_changes_to_oneself = false;
  bool take_asks_twice = false;
  // Of events that leave the node.
  bool mark_unpublished = false;
  bool forget_unpublished_of_gone = false;
};

/// What the engine may be told. `config/` fills it from TOML.
struct Options {
  /// every step's result is durable before the next starts; otherwise pure steps run ahead
  bool strict = false;
  /// for tests: no threads; whoever drives the test scheduler drives the node
  bool simulated = false;
  /// does what nobody waits for: jobs over many runs, and removing what was kept long enough
  bool keeps_house = false;
  int workers = 0;      ///< scheduler threads; 0: one per core
  int readers = 2;      ///< threads that read the store

  std::size_t attempts_in_flight_max = 64;     ///< granted at a time, over all workspaces
  std::size_t tasks_in_flight_max = 1024;      ///< the same for what workers elsewhere do
  /// run actors that work at a time; more wait in line
  std::size_t active_runs_per_workspace = 256;
  std::size_t queued_runs_per_workspace = 1'000'000;  ///< then `overloaded`
  std::size_t commit_queue_bytes_max = 64 << 20;  ///< then no new runs are admitted
  std::size_t commit_queue_bytes_slow = 16 << 20;  ///< then no new attempts are granted
  std::size_t batch_bytes_max = 512 << 10;
  std::size_t run_ahead_records = 64;   ///< of one run, not yet durable
  std::size_t run_ahead_bytes = 256 << 10;
  Duration slow_attempt = milliseconds(250);  ///< then its start gets a record of its own
  int crashes_max = 3;                  ///< then a run is quarantined
  std::size_t feed_buffer_events = 10'000;  ///< of a scope-wide feed; then it is ended
  /// frames whose addresses are kept for publishing; the rest is read from the journal
  std::size_t publish_waiting_max = 100'000;
  /// tables of the journal that are kept for publishing; then there is a gap
  std::size_t publish_tables_max = 64;

  std::string node_name = "node";   ///< where the store is shared: unique among its nodes
  std::string node_address;         ///< where this node's API is
  Duration lease = seconds(6);      ///< how long it counts as alive without a sign of life
  Duration hand_over_patience = seconds(10);  ///< for giving everything away at an orderly end

  run::Limits run;
  graph::Limits graph;
  PlantedBugs bugs;
};

}  // namespace troupe::actors
