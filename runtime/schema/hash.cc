#include <functional>

#include "runtime/schema/node.h"

namespace troupe::schema {

namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 29);
}

}  // namespace

std::uint64_t hash_of(const json::Tree& value) {
  const std::hash<std::string_view> hash_text;
  std::uint64_t hash = mix(1, static_cast<std::uint64_t>(value.kind));
  switch (value.kind) {
    case json::Kind::kNull:
      return hash;
    case json::Kind::kBool:
      return mix(hash, value.raw[0] == 't' ? 1 : 0);
    case json::Kind::kNumber:
      return mix(hash, json::Decimal(value.raw).hash());
    case json::Kind::kString:
      return mix(hash, hash_text(value.string));
    case json::Kind::kArray:
      for (const json::Tree& element : value.elements) hash = mix(hash, hash_of(element));
      return hash;
    case json::Kind::kObject: {
      std::uint64_t sum = 0;  // the order of members does not matter
      for (const auto& [key, member] : value.members) {
        sum += mix(mix(2, hash_text(key)), hash_of(member));
      }
      return mix(hash, sum);
    }
  }
  return hash;
}

}  // namespace troupe::schema
