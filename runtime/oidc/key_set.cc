#include "runtime/oidc/key_set.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "runtime/base/base64url.h"
#include "runtime/json/read.h"
#include "runtime/json/text.h"

namespace troupe::oidc {
namespace {

constexpr std::size_t kRsaBytesMin = 2048 / 8;
constexpr std::size_t kRsaBytesMax = 8192 / 8;
constexpr std::size_t kKeysMax = 100;

constexpr std::pair<std::string_view, Algorithm> kAlgorithms[] = {
    {"RS256", Algorithm::kRs256}, {"RS384", Algorithm::kRs384}, {"RS512", Algorithm::kRs512},
    {"PS256", Algorithm::kPs256}, {"PS384", Algorithm::kPs384}, {"PS512", Algorithm::kPs512},
    {"ES256", Algorithm::kEs256}, {"ES384", Algorithm::kEs384}, {"ES512", Algorithm::kEs512},
    {"EdDSA", Algorithm::kEdDsa}};

/// How long a coordinate is.
struct Curve {
  std::string_view type, name;
  KeyKind kind;
  std::size_t bytes;
};
constexpr Curve kCurves[] = {{"EC", "P-256", KeyKind::kP256, 32},
                             {"EC", "P-384", KeyKind::kP384, 48},
                             {"EC", "P-521", KeyKind::kP521, 66},
                             {"OKP", "Ed25519", KeyKind::kEd25519, 32}};

std::string text_at(std::string_view object, std::string_view key) {
  return json::decode_string(json::member(object, key).value_or(""));
}
std::string bytes_at(std::string_view object, std::string_view key) {
  return decode_base64url(text_at(object, key)).value_or("");
}

/// Nothing for a key that we have no use for.
std::optional<PublicKey> key_of(std::string_view object) {
  if (const std::string use = text_at(object, "use"); !use.empty() && use != "sig") return {};
  PublicKey key{.id = text_at(object, "kid"), .algorithm = text_at(object, "alg")};
  const std::string type = text_at(object, "kty");
  if (type == "RSA") {
    key.n = bytes_at(object, "n");
    key.e = bytes_at(object, "e");
    const bool starts_well = !key.n.empty() && key.n.front() != 0;
    if (!starts_well || key.n.size() < kRsaBytesMin || key.n.size() > kRsaBytesMax) return {};
    if (key.e.empty() || key.e.size() > 4) return {};
    return key;
  }
  const std::string name = text_at(object, "crv");
  for (const Curve& curve : kCurves) {
    if (curve.type != type || curve.name != name) continue;
    key.kind = curve.kind;
    key.x = bytes_at(object, "x");
    key.y = bytes_at(object, "y");
    const std::size_t y_bytes = curve.kind == KeyKind::kEd25519 ? 0 : curve.bytes;
    if (key.x.size() != curve.bytes || key.y.size() != y_bytes) return {};
    return key;
  }
  return {};
}

}  // namespace

Result<Algorithm> parse_algorithm(std::string_view name) {
  for (const auto& [known, algorithm] : kAlgorithms) {
    if (known == name) return algorithm;
  }
  return {Code::kUnauthorized, "The identity provider's token is signed in a way that does not "
                               "count here."};
}

bool fits(KeyKind kind, Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256: return kind == KeyKind::kP256;
    case Algorithm::kEs384: return kind == KeyKind::kP384;
    case Algorithm::kEs512: return kind == KeyKind::kP521;
    case Algorithm::kEdDsa: return kind == KeyKind::kEd25519;
    default: return kind == KeyKind::kRsa;
  }
}

Result<std::vector<PublicKey>> parse_key_set(std::string_view text) {
  const auto document = json::Text::parse(std::string(text));
  const auto list = document ? json::member(document->view(), "keys") : std::nullopt;
  if (!list || json::kind(*list) != json::Kind::kArray) {
    return {Code::kUnavailable, "The identity provider's keys are no key set."};
  }
  std::vector<PublicKey> keys;
  json::for_each_element(*list, [&](std::string_view one) {
    if (auto key = key_of(one)) keys.push_back(*std::move(key));
    return keys.size() < kKeysMax;
  });
  return keys;
}

std::vector<const PublicKey*> candidates(const std::vector<PublicKey>& keys,
                                         std::string_view key_id,
                                         std::string_view algorithm_name, Algorithm algorithm) {
  std::vector<const PublicKey*> found;
  for (const PublicKey& key : keys) {
    if (!key_id.empty() && key.id != key_id) continue;
    if (!key.algorithm.empty() && key.algorithm != algorithm_name) continue;
    if (fits(key.kind, algorithm)) found.push_back(&key);
  }
  return found;
}

}  // namespace troupe::oidc
