// What a request pays for being told who asks and whether he may, once that is known: the look-up
// of a token in the edge's memory and the permission table. Prints microseconds per request.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "adapters/http/caller_cache.h"
#include "adapters/system/hasher.h"
#include "runtime/base/ensure.h"
#include "runtime/base/random.h"
#include "runtime/directory/sign_in.h"
#include "runtime/directory/tokens.h"
#include "tests/support/fake_engine.h"

namespace troupe::bench {
namespace {

constexpr int kMembers = 1000;
constexpr int kAsksPerRound = 200'000;
constexpr int kRounds = 7;

class NoOwner final : public tenancy::Access {
 public:
  Result<tenancy::Principal> authenticate(std::string_view) const override {
    return Error{Code::kUnauthorized, "no", {}};
  }
};
class StoppedClock final : public Clock {
 public:
  TimePoint now() const override { return {1'700'000'000'000'000}; }
};
class SeededEntropy final : public Entropy {
 public:
  std::uint64_t next() override { return random_.next(); }

 private:
  Random random_{1};
};

struct Town {
  testing::FakeEngine engine;
  system::Blake2bHasher hasher;
  StoppedClock clock;
  SeededEntropy entropy;
  NoOwner owner;

  template <class Made, class Work>
  Made change(const tenancy::Principal& by, Work work) {
    Made made{};
    const directory::Context context{hasher, entropy, clock.now(), by, "r", "192.0.2.1"};
    const Status done = engine.rows.control_plane.writer().change(
        {}, clock.now(),
        [&](store::Documents& documents) { return work(documents, context, &made); });
    TROUPE_ENSURE(done.ok());
    return made;
  }
  /// A member with a token, in a workspace of his own.
  edge::Question member(int number) {
    const std::string name = "member" + std::to_string(number);
    const auto up = change<directory::SignedUp>(
        tenancy::Nobody{}, [&](auto& documents, const auto& context, auto* out) {
          return directory::sign_up(documents, context, {"bench", seconds(86'400)},
                                    {name + "@example.org", name, "hash", name, name}, out);
        });
    tenancy::TokenLimits limits;
    limits.scopes.add(tenancy::Scope::kWorkflowRun);
    const auto token = change<directory::MadeToken>(
        tenancy::SessionUser{up.in.user.id, up.in.session},
        [&](auto& documents, const auto& context, auto* out) {
          return directory::create_token(documents, context, {"key", limits}, out);
        });
    return {token.text, name, "default"};
  }
};

int run() {
  Town town;
  std::vector<edge::Question> questions;
  for (int i = 0; i < kMembers; ++i) questions.push_back(town.member(i));
  const auto authority = std::make_shared<http::CallerCache>(town.engine, town.owner, town.hasher,
                                                             town.clock);
  for (const edge::Question& question : questions) {
    authority->look_up(question, [](const Result<edge::Authority::Known>& known) {
      TROUPE_ENSURE(known.ok());
    });
  }
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    int granted = 0;
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < kAsksPerRound; ++i) {
      const edge::Question& question = questions[static_cast<std::size_t>(i) % questions.size()];
      const auto known = authority->find(question);
      if (!known) continue;
      granted += tenancy::authorise(known->principal, known->standing,
                                    tenancy::Permission::kRunStart, town.clock.now())
                     .ok();
    }
    const std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - begun;
    // Twice a second the rights are believed no more until they have been asked for again.
    TROUPE_ENSURE(granted > kAsksPerRound * 9 / 10);
    rounds.push_back(took.count() / kAsksPerRound);
  }
  std::sort(rounds.begin(), rounds.end());
  std::printf("{\"members\":%d,\"asks\":%d,\"min_us\":%.3f,\"median_us\":%.3f,\"max_us\":%.3f}\n",
              kMembers, kAsksPerRound, rounds.front(), rounds[rounds.size() / 2], rounds.back());
  return 0;
}

}  // namespace
}  // namespace troupe::bench

int main() { return troupe::bench::run(); }
