#include "runtime/port/data_keys.h"

#include <algorithm>
#include <string>

namespace troupe {
namespace {

bool is_older(const DataKey& key, std::uint32_t version) { return key.version < version; }

}  // namespace

Status DataKeys::add(DataKey key) {
  TROUPE_ENSURE(key.workspace == workspace_);
  TROUPE_ENSURE(key.version > 0 && key.bytes.size() == kDataKeyBytes);
  const auto place = std::lower_bound(keys_.begin(), keys_.end(), key.version, is_older);
  if (place != keys_.end() && place->version == key.version) {
    return {Code::kCorrupt,
            "The workspace has two data keys of version " + std::to_string(key.version) + "."};
  }
  keys_.insert(place, std::move(key));
  return ok();
}

const DataKey* DataKeys::find(std::uint32_t version) const {
  const auto place = std::lower_bound(keys_.begin(), keys_.end(), version, is_older);
  return place != keys_.end() && place->version == version ? &*place : nullptr;
}

}  // namespace troupe
