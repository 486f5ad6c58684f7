#include "actors/store/catalog_watch.h"

#include <utility>

#include "actors/node/services.h"

namespace troupe::actors {

void CatalogWatch::then(std::function<void(const Status&)> work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
    if (std::exchange(is_asking_, true)) return;
  }
  ask();
}

void CatalogWatch::ask() {
  services_.read([this](store::Reader& reader) { answer(reader); });
}

void CatalogWatch::answer(store::Reader& reader) {
  std::vector<std::function<void(const Status&)>> answered;
  {
    const std::lock_guard lock(mutex_);
    answered.swap(waiting_);  // who comes from now on may mean something newer
  }
  const auto version = reader.catalog_version();
  if (version && *version != seen_) {
    services_.versions.doubt_all();
    seen_ = *version;
  }
  const Status known = version ? ok() : Status(version.error());
  for (const auto& work : answered) work(known);
  {
    const std::lock_guard lock(mutex_);
    is_asking_ = !waiting_.empty();
    if (!is_asking_) return;
  }
  ask();
}

}  // namespace troupe::actors
