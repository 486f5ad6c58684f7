#pragma once

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "actors/messages.h"

namespace troupe::actors {

/// Published versions in memory, compiled; the least recently used go first. Versions never change;
/// what changes is which one is the latest, so publishing and archiving tell it. Thread-safe.
class VersionCache {
 public:
  explicit VersionCache(std::size_t entries_max = 4096) : entries_max_(entries_max) {}

  /// Version 0: the latest. Null: not in memory, or its workflow's row is in doubt.
  std::shared_ptr<const Published> find(WorkflowId workflow, std::int32_t version);
  /// How often rows have come in doubt. To be asked before a row is read.
  std::uint64_t doubts();
  /// A row that was read when there had been so many doubts: if there is one more by now it may be
  /// of before, and only what is compiled is kept.
  void put(std::shared_ptr<const Published> published, std::uint64_t doubts);
  /// The workflow's row has changed: its latest version, name or archived flag.
  void doubt(WorkflowId workflow);
  /// Rows of workflows may have changed elsewhere: they are read again, what is compiled stays.
  void doubt_all();
  /// The same, if this is not the catalog that was seen last.
  void saw_catalog(std::uint64_t version);
  /// Also if its row is in doubt. Null: not in memory.
  std::shared_ptr<const Published> compiled(WorkflowId workflow, std::int32_t version);

 private:
  using Key = std::pair<WorkflowId, std::int32_t>;
  std::mutex mutex_;
  const std::size_t entries_max_;
  struct Entry {
    Key key;
    std::shared_ptr<const Published> published;
    std::uint64_t generation = 0;  ///< older than the present one: its row is in doubt
  };
  std::uint64_t generation_ = 1;
  std::uint64_t doubts_ = 0;
  std::atomic<std::uint64_t> catalog_{0};
  std::list<Entry> order_;  ///< most recent first
  std::map<Key, decltype(order_)::iterator> entries_;
  std::map<WorkflowId, std::int32_t> latest_;
};

/// Reads and compiles a version; runs on a reader's thread. Version 0: the latest. kNotFound
/// (foreign workflows too, unless `scope` is null), kNotPublished.
Result<std::shared_ptr<const Published>> load_version(store::Reader& reader, VersionCache& cache,
                                                      const graph::Tools& tools,
                                                      const graph::Limits& limits,
                                                      const store::TenantScope& scope,
                                                      WorkflowId workflow, std::int32_t version);

}  // namespace troupe::actors
