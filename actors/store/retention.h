#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "runtime/base/result.h"
#include "runtime/port/store.h"

namespace troupe::actors {

/// For how long projects keep their runs, as last read. What has been changed is known to every
/// node within some seconds of the next start. Thread-safe.
class Retention {
 public:
  /// In days; 0: for ever, and where nothing is known.
  std::uint32_t days(ProjectId project) const;
  enum class Known : std::uint8_t { kFresh, kStale, kNot };
  /// A stale one counts as fresh until it has been read again, or should have been.
  Known look(ProjectId project, TimePoint now);
  Status load(store::Reader& reader, WorkspaceId workspace, TimePoint now);

 private:
  struct Entry {
    std::uint32_t days = 0;
    TimePoint read;
  };
  mutable std::mutex mutex_;
  std::map<ProjectId, Entry> entries_;
};

}  // namespace troupe::actors
