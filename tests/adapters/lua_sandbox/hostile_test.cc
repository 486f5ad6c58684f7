// Every script in hostile/ is one attack. Its first line names the codes it may end with. Whatever
// it does: it ends in time, its process stays within its memory, its neighbours do not notice, and
// the next job of its own workspace finds nothing changed.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "tests/adapters/lua_sandbox/processes.h"
#include "tests/adapters/lua_sandbox/sandbox_fixture.h"

namespace troupe::lua_sandbox {
namespace {

using std::chrono::steady_clock;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // memory is the sanitizer's then, and everything is slower
#else
constexpr bool kSanitized = false;
#endif

constexpr auto kDeadline = std::chrono::milliseconds(250);
constexpr auto kMemoryDeadline = std::chrono::milliseconds(kSanitized ? 20000 : 4000);
constexpr std::uint64_t kMemoryMax = std::uint64_t{64} << 20;

/// Fails unless the state is as a first job finds it.
constexpr char kCleanCheck[] = R"(
  assert(leak == nil and _G.leak == nil and string.leak == nil and ("x").leak == nil)
  assert(next({}) == nil and type(pairs) == "function" and type(print) == "function")
  assert(("ab"):rep(2) == "abab" and string.format("%d", 7) == "7" and table.concat({1, 2}) == "12")
  assert(getmetatable("") == "locked" and math.type(1) == "integer" and #array{} == 0)
  local n = 0 for k in pairs(_G) do n = n + 1 end
  assert(n == 1, "a global was left behind")
  local m = 0 for k in pairs(string) do m = m + 1 end
  assert(m == 16, "the string library changed")
  assert(math.random() ~= input.seeded, "the random seed was left behind")
  return {clean = input.clean}
)";

struct Attack {
  std::string name;
  std::vector<std::string> codes;
  std::string source;
};
void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.name; }

std::vector<Attack> attacks() {
  std::vector<Attack> found;
  for (const auto& entry :
       std::filesystem::directory_iterator("tests/adapters/lua_sandbox/hostile")) {
    if (entry.path().extension() != ".lua") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    Attack attack;
    attack.name = entry.path().stem().string();
    std::string first;
    std::getline(file, first);
    std::istringstream words(first);
    std::string word;
    words >> word >> word;  // "-- expect:"
    while (words >> word) attack.codes.push_back(word);
    attack.source.assign(std::istreambuf_iterator<char>(file), {});
    found.push_back(std::move(attack));
  }
  std::sort(found.begin(), found.end(),
            [](const Attack& a, const Attack& b) { return a.name < b.name; });
  return found;
}

bool may(const Attack& attack, std::string_view code) {
  return std::find(attack.codes.begin(), attack.codes.end(), code) != attack.codes.end();
}

class HostileScript : public SandboxTest, public ::testing::WithParamInterface<Attack> {
 protected:
  static void SetUpTestSuite() {
    Result<Zygote> zygote = Zygote::start();
    ASSERT_TRUE(zygote.ok());
    static const SteadyClock steady;
    Options options;
    options.host_calls = [](const HostCall&, const HostCallReply& reply) {
      reply(Error{Code::kForbidden, "this host refuses everything", {}});
    };
    shared_ = std::make_unique<Pool>(std::move(zygote).value(), steady, options).release();
  }
  static void TearDownTestSuite() { delete std::exchange(shared_, nullptr); }
  void SetUp() override { pool.reset(shared_); }
  void TearDown() override { [[maybe_unused]] Pool* const kept = pool.release(); }

  ScriptJob numbered(ScriptJob made, std::uint64_t of_workspace) {
    static std::uint64_t next = 1;
    made.job = next++;
    made.workspace = workspace(of_workspace);
    return made;
  }

  static inline Pool* shared_ = nullptr;
};

TEST_P(HostileScript, EndsInTimeWithItsCodeAndHarmsNobody) {
  const Attack& attack = GetParam();
  const bool quick = may(attack, "timeout") && attack.codes.size() == 1;
  const auto deadline = quick ? kDeadline : kMemoryDeadline;
  static const auto neighbour_script = script("return {n = input.n + 1}", "neighbour");
  static const auto clean_script = script(kCleanCheck, "clean");
  const std::string clean_globals = R"({"input":{"clean":true,"seeded":0.63637486917898}})";

  // Somebody else's jobs beside it, and something of its own workspace before it.
  ASSERT_TRUE(get(submit(numbered(job(clean_script, clean_globals), 1))).ok);
  // What a child takes that has run nothing hostile yet; later peaks are checked against it too.
  static const std::size_t base = largest_sandbox_peak();
  std::vector<std::future<ScriptResult>> neighbours;
  const auto start = steady_clock::now();
  ScriptJob work = numbered(job(script(attack.source, attack.name)), 1);
  work.timeout = {std::chrono::microseconds(deadline).count()};
  work.memory_bytes_max = kMemoryMax;
  auto future = submit(std::move(work));
  for (int i = 0; i < 20; ++i) {
    neighbours.push_back(submit(numbered(job(neighbour_script, R"({"input":{"n":1}})"), 2)));
  }
  for (auto& neighbour : neighbours) EXPECT_TRUE(get(std::move(neighbour)).ok);
  std::size_t peak = base;
  while (future.wait_for(std::chrono::milliseconds(2)) != std::future_status::ready) {
    peak = std::max(peak, largest_sandbox_peak());
    ASSERT_LT(steady_clock::now() - start, deadline + std::chrono::seconds(10));
  }
  const auto took = steady_clock::now() - start;
  const ScriptResult result = future.get();

  const std::string code = result.ok ? "ok" : std::string(info(result.error.code).name);
  EXPECT_TRUE(may(attack, code)) << shown(result).substr(0, 300);
  EXPECT_LT(took, deadline + std::chrono::milliseconds(kSanitized ? 1000 : 100));
  EXPECT_LT(result.error.message.size(), 5000U);
  if (!kSanitized) {
    EXPECT_LE(peak - std::min(peak, base), kMemoryMax + kMemoryMax / 10);
  }
  const ScriptResult after = get(submit(numbered(job(clean_script, clean_globals), 1)));
  EXPECT_EQ(shown(after), R"({"clean":true})");
}

INSTANTIATE_TEST_SUITE_P(Corpus,
                         HostileScript,
                         ::testing::ValuesIn(attacks()),
                         [](const auto& info) { return info.param.name; });

TEST(HostileCorpus, IsLargeAndEveryScriptNamesItsCode) {
  const std::vector<Attack> all = attacks();
  EXPECT_GE(all.size(), 60U);
  for (const Attack& attack : all) {
    EXPECT_FALSE(attack.codes.empty()) << attack.name;
    for (const std::string& code : attack.codes) {
      EXPECT_TRUE(code == "ok" || parse_code(code).has_value()) << attack.name << ": " << code;
    }
  }
}

}  // namespace
}  // namespace troupe::lua_sandbox
