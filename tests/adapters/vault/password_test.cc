#include <gtest/gtest.h>
#include <time.h>

#include <barrier>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "adapters/vault/hash_gate.h"
#include "adapters/vault/password_hash.h"
#include "adapters/vault/password_hasher.h"

namespace troupe::vault {
namespace {

std::unique_ptr<Argon2PasswordHasher> hasher(const PasswordOptions& options = {}) {
  auto made = Argon2PasswordHasher::make(options);
  EXPECT_TRUE(made.ok()) << made.error().message;
  return std::move(*made);
}

PasswordMatch match(PasswordHasher& hasher, std::string_view password, std::string_view hash) {
  const auto result = hasher.verify(SecretText(password), hash);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return result ? *result : PasswordMatch::kNo;
}

template <class T>
Code code_of(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result ? Code::kInternal : result.error().code;
}

// Vectors of libsodium's tests and, the last, of the reference program:
// echo -n 123 | argon2 ABCDEFGHIJKLMNOP -id -v 13 -k 8192 -t 2
TEST(PasswordHasher, IsArgon2id) {
  const auto ours = hasher();
  constexpr std::string_view kEmpty =
      "$argon2id$v=19$m=4882,t=2,p=1$bA81arsiXysd3WbTRzmEOw$"
      "Nm8QBM+7RH1DXo9rvp5cwKEOOOfD2g6JuxlXihoNcpE";
  EXPECT_EQ(match(*ours, "", kEmpty), PasswordMatch::kYesHashAnew);
  EXPECT_EQ(match(*ours, " ", kEmpty), PasswordMatch::kNo);
  constexpr std::string_view kOf123 =
      "$argon2id$v=19$m=8192,t=2,p=1$QUJDREVGR0hJSktMTU5PUA$"
      "PulQSI0mzmkWV7HXU/ViE5hXthpY8jTWywzoTEzCcyg";
  EXPECT_EQ(match(*ours, "123", kOf123), PasswordMatch::kYesHashAnew);
  EXPECT_EQ(match(*ours, "124", kOf123), PasswordMatch::kNo);
}

TEST(PasswordHasher, MatchesWhatItHashedAndNothingElse) {
  const auto ours = hasher();
  const SecretText password(std::string_view("p\0ssword \xF0\x9F\x94\x91", 13));
  const auto hash = ours->hash(password);
  ASSERT_TRUE(hash.ok()) << hash.error().message;
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_EQ(match(*ours, password.reveal(), *hash), PasswordMatch::kYes);
  EXPECT_EQ(match(*ours, "p", *hash), PasswordMatch::kNo);
  EXPECT_EQ(match(*ours, std::string(password.reveal()) + " ", *hash), PasswordMatch::kNo);
  EXPECT_NE(*ours->hash(password), *hash) << "the salt is new each time";
}

TEST(PasswordHasher, HashesThatAreCheaperThanAskedForAreToBeMadeAnew) {
  const auto before = hasher();
  const auto with_memory = hasher({.memory_kib = 20 * 1024});
  const auto with_passes = hasher({.passes = 3});
  const std::string old = *before->hash(SecretText("password"));
  EXPECT_EQ(match(*with_memory, "password", old), PasswordMatch::kYesHashAnew);
  EXPECT_EQ(match(*with_passes, "password", old), PasswordMatch::kYesHashAnew);
  EXPECT_EQ(match(*with_passes, "passwort", old), PasswordMatch::kNo);
  // What costs more than is asked for now is as good.
  const std::string dear = *with_passes->hash(SecretText("password"));
  EXPECT_EQ(match(*before, "password", dear), PasswordMatch::kYes);
}

TEST(PasswordHasher, CostsOutsideTheBoundsAreRefused) {
  for (const PasswordOptions& options :
       {PasswordOptions{.memory_kib = 19 * 1024 - 1}, PasswordOptions{.passes = 1},
        PasswordOptions{.concurrent_max = 0}, PasswordOptions{.memory_kib = kMemoryKibMax + 1},
        PasswordOptions{.passes = kPassesMax + 1}, PasswordOptions{.concurrent_max = 1025}}) {
    EXPECT_EQ(code_of(Argon2PasswordHasher::make(options)), Code::kConfigInvalid);
  }
}

TEST(PasswordHasher, LongPasswordsAreRefusedBeforeTheyCostAnything) {
  const auto ours = hasher();
  const SecretText longest(std::string(kPasswordBytesMax, 'p'));
  const SecretText over(std::string(kPasswordBytesMax + 1, 'p'));
  const auto hash = ours->hash(longest);
  ASSERT_TRUE(hash.ok());
  EXPECT_EQ(match(*ours, longest.reveal(), *hash), PasswordMatch::kYes);
  EXPECT_EQ(code_of(ours->hash(over)), Code::kLimitExceeded);
  EXPECT_EQ(code_of(ours->verify(over, *hash)), Code::kLimitExceeded);
  EXPECT_EQ(code_of(ours->verify_against_nobody(over)), Code::kLimitExceeded);
}

TEST(PasswordHasher, StoredTextsThatAreNoHashAreCorrupt) {
  const auto ours = hasher();
  const std::string good = *ours->hash(SecretText("password"));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& text : {std::string(),
                                  std::string("password"),
                                  good + "x",
                                  good + "$",
                                  good.substr(1),
                                  good.substr(0, good.size() - 1),
                                  std::string("\0", 1) + good,
                                  good + '\0',
                                  with("argon2id", "argon2i"),
                                  with("v=19", "v=16"),
                                  with("p=1", "p=2"),
                                  with("p=1", "p=01"),
                                  with("t=2", "t=0"),
                                  with("t=2", "t=65"),
                                  with("t=2", "t=+2"),
                                  with("m=19456", "m=019456"),
                                  with("m=19456", "m=7"),
                                  with("m=19456", "m=1048577"),
                                  with("m=19456", "m=4294967297"),
                                  with("p=1$", "p=1$AAAA"),
                                  with(good.substr(good.find("p=1$"), 5), "p=1$\xBF")}) {
    EXPECT_EQ(code_of(ours->verify(SecretText("password"), text)), Code::kCorrupt) << text;
  }
}

TEST(HashGate, LetsInAsManyAsItHasPlaces) {
  constexpr int kCallers = 8;
  HashGate gate(3);
  std::vector<int> entered(kCallers);
  std::barrier all(kCallers);
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      for (int round = 0; round < 100; ++round) {
        all.arrive_and_wait();
        const auto place = gate.try_enter();
        entered[i] += place ? 1 : 0;
        all.arrive_and_wait();  // nobody leaves before everybody has tried
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  int total = 0;
  for (const int n : entered) total += n;
  EXPECT_EQ(total, 300);
  EXPECT_TRUE(gate.try_enter());
}

TEST(PasswordHasher, OverItsCapItRefusesAtOnce) {
  const auto ours = hasher({.concurrent_max = 2});
  const std::string hash = *ours->hash(SecretText("password"));
  std::latch taken(2), may_go(1);
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] {
      const auto place = ours->gate().try_enter();
      EXPECT_TRUE(place);
      taken.count_down();
      may_go.wait();
    });
  }
  taken.wait();
  const SecretText password("password");
  EXPECT_EQ(code_of(ours->hash(password)), Code::kOverloaded);
  EXPECT_EQ(code_of(ours->verify(password, hash)), Code::kOverloaded);
  EXPECT_EQ(code_of(ours->verify_against_nobody(password)), Code::kOverloaded);
  may_go.count_down();
  for (std::thread& other : others) other.join();
  EXPECT_EQ(match(*ours, "password", hash), PasswordMatch::kYes);
}

TEST(PasswordHasher, ManyAtOnceAllGetAnAnswer) {
  constexpr int kCallers = 6;
  const auto ours = hasher({.concurrent_max = 2});
  const std::string hash = *ours->hash(SecretText("password"));
  std::barrier start(kCallers);
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      start.arrive_and_wait();
      const auto result = ours->verify(SecretText("password"), hash);
      EXPECT_TRUE(result ? *result == PasswordMatch::kYes
                         : result.error().code == Code::kOverloaded);
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(ours->gate().try_enter()) << "no place is lost";
}

/// Time of the processor that the calling thread spends on it.
template <class Work>
double thread_seconds(const Work& work) {
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double before = now();
  work();
  return now() - before;
}

TEST(PasswordHasher, AnAccountThatDoesNotExistCostsAsMuch) {
  const auto ours = hasher({.memory_kib = 64 * 1024, .passes = 3});
  const SecretText password("password");
  const std::string hash = *ours->hash(SecretText("another"));
  PasswordMatch somebody{}, nobody{};
  const double of_somebody = thread_seconds([&] { somebody = *ours->verify(password, hash); });
  const double of_nobody = thread_seconds([&] { nobody = *ours->verify_against_nobody(password); });
  EXPECT_EQ(somebody, PasswordMatch::kNo);
  EXPECT_EQ(nobody, PasswordMatch::kNo);
  // Without the work it would take a ten-thousandth. How close the two are is the machine's matter.
  EXPECT_GT(of_nobody, of_somebody / 4);
  EXPECT_LT(of_nobody, of_somebody * 4);
}

}  // namespace
}  // namespace troupe::vault
