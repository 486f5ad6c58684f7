#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "actors/messages.h"

namespace troupe::actors {

struct Services;

/// Sees to it that what is started is what was published, on whichever node that happened: before
/// versions in memory are believed, the store is asked whether the catalog has changed. One
/// question answers everybody who came before it was asked, so that under load it costs next to
/// nothing. Not needed where this process alone publishes. Thread-safe.
class CatalogWatch {
 public:
  explicit CatalogWatch(Services& services) : services_(services) {}
  /// `work` is called once the cache holds nothing older than this call, or with why nobody knows;
  /// on a reader's thread.
  void then(std::function<void(const Status&)> work);

 private:
  void ask();
  void answer(store::Reader& reader);

  Services& services_;
  std::mutex mutex_;
  std::vector<std::function<void(const Status&)>> waiting_;
  bool is_asking_ = false;
  std::uint64_t seen_ = 0;
};

}  // namespace troupe::actors
