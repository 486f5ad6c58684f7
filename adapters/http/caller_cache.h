#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "runtime/edge/authority.h"
#include "runtime/port/engine.h"
#include "runtime/tenancy/access.h"

namespace troupe::http {

/// Who asks, and what he is in the place that the request names.
struct Caller {
  tenancy::Principal principal;
  tenancy::Standing standing;
  store::TenantScope scope;  ///< of that place, if it is there
  TimePoint expires;         ///< of the credential; unset: never
};

/// Answers who a credential is and what he is in a place, mostly without asking the store: what has
/// been looked up holds until anybody's rights change anywhere, which the store counts
/// (`access_generation`). The count is asked for at most twice a second and only while requests
/// come; what is older than a second is not believed, except of the operator, whose token is this
/// process's own. So what is revoked on any node ends on all of them within a second. Thread-safe;
/// bounded.
class CallerCache final : public edge::Authority,
                          public std::enable_shared_from_this<CallerCache> {
 public:
  CallerCache(Engine& engine, const tenancy::Access& owner, const Hasher& hasher,
              const Clock& clock)
      : engine_(engine), owner_(owner), hasher_(hasher), clock_(clock) {}

  Known find(const edge::Question& question) override;
  void look_up(edge::Question question, Callback<Known> done) override;
  Result<tenancy::Grant> authorise(const edge::Caller& caller,
                                   tenancy::Permission permission) const override;
  /// After a change of rights on this node: the next request asks anew.
  void forget();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Entry {
    Known caller;
    bool is_operator = false;
  };

  std::string key_of(const edge::Question& question) const;
  Result<Known> read(store::Reader& reader, const edge::Question& question);
  void note(std::uint64_t generation, SteadyTime asked);
  void ask_generation();
  bool is_over(const edge::Caller& caller) const;

  static constexpr std::size_t kEntriesMax = 50'000;

  Engine& engine_;
  const tenancy::Access& owner_;
  const Hasher& hasher_;
  const Clock& clock_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Entry> known_;
  std::uint64_t generation_ = 0;
  std::uint64_t forgotten_ = 0;  ///< grows with `forget`: what was read before it is not kept
  SteadyTime checked_{};         ///< `generation_` was the store's then
  bool is_asking_ = false;
};

}  // namespace troupe::http
