// Calls every fuzz entry with its corpus and with the same mutations of it every time, so that the
// entries keep compiling and holding in builds that have no libFuzzer.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/random.h"
#include "tests/fuzz/entries.h"

// Provided by sanitizers, which end the process without a signal.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace troupe::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeed = 1;

struct Entry {
  std::string name;
  void (*run)(std::string_view);
  int mutations;  ///< per file of the corpus; fewer where one call is slow
};
void PrintTo(const Entry& entry, std::ostream* out) { *out << entry.name; }

const Entry kEntries[] = {
    {"config", fuzz_config, 2000},     {"credential", fuzz_credential, 2000},
    {"document", fuzz_document, 2000}, {"fold", fuzz_fold, 2000},
    {"frame", fuzz_frame, 2000},       {"graph", fuzz_graph, 2000},
    {"json", fuzz_json, 2000},         {"llm", fuzz_llm, 500},
    {"lua", fuzz_lua, 1000},
    {"oidc", fuzz_oidc, 2000},         {"record", fuzz_record, 2000},
    {"request", fuzz_request, 2000},   {"schema", fuzz_schema, 2000},
    {"snapshot", fuzz_snapshot, 2000}, {"template", fuzz_template, 2000},
    {"token", fuzz_token, 2000},       {"vault", fuzz_vault, 2000},
    {"wire", fuzz_wire, 2000},
};

fs::path corpus_of(const std::string& name) { return fs::path("tests/fuzz/corpus") / name; }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Sorted, because the file system promises no order.
std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// What is being tried, for the line that a crash leaves behind.
char g_trying[256];

void say_what_was_tried() {
  if (g_trying[0] == '\0') return;
  const std::size_t size = std::string_view(g_trying).size();
  if (::write(STDERR_FILENO, g_trying, size) < 0) g_trying[0] = '\0';
}

void on_signal(int number) {
  say_what_was_tried();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

/// One to four small changes: bits, bytes, pieces taken out, doubled or brought from another file.
std::string mutated(std::string bytes, std::string_view other, Random& random) {
  constexpr std::string_view kTelling[] = {"\"",   "{",    "}",    "[",           "]",   "\\",
                                           "\n",   "{{",   "0",    "-1",          "1e9", "null",
                                           "\xFF", "\x80", "\x7F", "\xED\xA0\x80"};
  const auto place = [&] { return random.below(bytes.size() + 1); };
  for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
    const std::uint64_t at = place();
    const std::uint64_t size = random.below(std::min<std::uint64_t>(bytes.size() - at, 64) + 1);
    switch (random.below(6)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random.next());
        break;
      case 2:
        bytes.erase(at, size);
        break;
      case 3:
        bytes.insert(place(), bytes.substr(at, size));
        break;
      case 4:
        bytes.insert(at, kTelling[random.below(std::size(kTelling))]);
        break;
      default:
        if (other.empty()) break;
        bytes.insert(at, other.substr(random.below(other.size()), 1 + random.below(64)));
    }
  }
  return bytes;
}

class Fuzz : public ::testing::TestWithParam<Entry> {
 protected:
  void SetUp() override {
    for (const int number : {SIGABRT, SIGSEGV, SIGFPE}) std::signal(number, on_signal);
    if (__sanitizer_set_death_callback != nullptr) {
      __sanitizer_set_death_callback(say_what_was_tried);
    }
  }
  void TearDown() override { g_trying[0] = '\0'; }

  void attempt(const fs::path& file, int mutation, std::string_view bytes) {
    std::snprintf(g_trying, sizeof g_trying, "fuzz: %s, mutation %d (0: as it is), seed %llu\n",
                  file.c_str(), mutation, static_cast<unsigned long long>(kSeed));
    GetParam().run(bytes);
  }
};

TEST_P(Fuzz, HoldsForItsCorpusAndWhatIsNear) {
  const std::vector<fs::path> files = files_in(corpus_of(GetParam().name));
  ASSERT_FALSE(files.empty());
  Random random(kSeed);
  std::string other;
  for (const fs::path& file : files) {
    const std::string bytes = read(file);
    attempt(file, 0, bytes);
    for (int i = 1; i <= GetParam().mutations; ++i) attempt(file, i, mutated(bytes, other, random));
    other = bytes;
  }
}

TEST_P(Fuzz, HoldsForNothingAtAll) { attempt("no file", 0, ""); }

INSTANTIATE_TEST_SUITE_P(All, Fuzz, ::testing::ValuesIn(kEntries), [](const auto& info) {
  return info.param.name;
});

TEST(FuzzCorpus, EachFolderHasItsEntry) {
  for (const fs::path& folder : files_in("tests/fuzz/corpus")) {
    const auto found =
        std::find_if(std::begin(kEntries), std::end(kEntries),
                     [&](const Entry& entry) { return entry.name == folder.filename(); });
    EXPECT_NE(found, std::end(kEntries)) << folder;
  }
}

}  // namespace
}  // namespace troupe::fuzz
