// Calls and words that are banned, and where they are at home.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "tests/tidy/source_tree.h"

namespace troupe::tidy {
namespace {

struct Ban {
  std::string pattern;              ///< over code without comments and literals
  std::vector<std::string> except;  ///< layers where it is at home
  std::string why;
};

const std::vector<Ban>& bans() {
  static const std::vector<Ban> all = {
      {"system_clock::now", {"adapters/system"}, "time comes from the Clock port"},
      // A bench measures time that passes; everything else waits for a signal.
      {"\\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\\s*\\(",
       {"bench"},
       "wait for a signal, not for time"},
      {"std::(cout|cerr)\\b",
       {"tests", "bench", "deploy/troupe", "adapters/console"},
       "log through the Logger port"},
      {"catch\\s*\\(\\.\\.\\.\\)\\s*\\{\\s*\\}", {}, "an exception is swallowed"},
  };
  return all;
}

bool concerns(const Ban& ban, const std::string& layer) {
  return std::find(ban.except.begin(), ban.except.end(), layer) == ban.except.end();
}

std::size_t line_of(std::string_view text, std::size_t at) {
  return static_cast<std::size_t>(std::count(text.begin(), text.begin() + at, '\n')) + 1;
}

void find_all(const File& file,
              const std::string& text,
              const std::string& pattern,
              const std::string& why,
              Findings* findings) {
  const std::regex wanted(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), wanted), end; it != end; ++it) {
    note(findings, file, line_of(text, static_cast<std::size_t>(it->position())),
         "\"" + it->str() + "\": " + why);
  }
}

Findings check_calls(const Tree& tree) {
  Findings findings;
  for (const File& file : tree) {
    if (!file.is_code()) continue;
    const std::string code = blank_comments_and_literals(file.text);
    for (const Ban& ban : bans()) {
      if (concerns(ban, file.layer())) find_all(file, code, ban.pattern, ban.why, &findings);
    }
    if (file.is_header()) {
      find_all(file, code, "using namespace", "a header opens a namespace for others", &findings);
      if (code.find("#pragma once") == std::string::npos) {
        note(&findings, file, 1, "has no #pragma once");
      }
    }
  }
  return findings;
}

/// The words themselves are put together here, so that this file does not trip over itself.
Findings check_promises(const Tree& tree) {
  const std::string words = std::string("\\b(TO") + "DO|FIX" + "ME|X" + "XX)\\b";
  Findings findings;
  for (const File& file : tree) {
    find_all(file, file.text, words, "finish it or write down that it is missing", &findings);
  }
  return findings;
}

/// Paths that exist on one machine only. Guides may show where an installation keeps its files.
Findings check_paths(const Tree& tree) {
  const std::string places = std::string("[\"' (=](/(ho") + "me|ro" + "ot|wo" + "rk|m" + "nt)/)";
  Findings findings;
  for (const File& file : tree) find_all(file, file.text, places, "names one machine", &findings);
  return findings;
}

std::size_t calls_in(const std::string& path, const std::string& text) {
  return check_calls({{path, text}}).size();
}

TEST(Words, BannedCallsStayAway) {
  const Findings findings = check_calls(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Words, NothingIsPutOffToLater) {
  const Findings findings = check_promises(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Words, NoPathOfOneMachineIsNamed) {
  const Findings findings = check_paths(read_tree());
  EXPECT_TRUE(findings.empty()) << join(findings);
}

TEST(Words, BannedCallsAreFoundWhereTheyAreNotAtHome) {
  const std::string now = "auto t = std::chrono::system_clock::now();\n";
  EXPECT_EQ(calls_in("actors/run/a.cc", now), 1u);
  EXPECT_EQ(calls_in("adapters/system/a.cc", now), 0u);
  EXPECT_EQ(calls_in("tests/run/a.cc", "std::this_thread::sleep_for(t);\n"), 1u);
  EXPECT_EQ(calls_in("bench/a.cc", "std::this_thread::sleep_for(t);\n"), 0u);
  EXPECT_EQ(calls_in("adapters/http/a.cc", "std::cout << 1;\n"), 1u);
  EXPECT_EQ(calls_in("adapters/http/a.cc", "try { f(); } catch (...) { }\n"), 1u);
  EXPECT_EQ(calls_in("runtime/run/a.h", "using namespace std;\n"), 2u);
}

TEST(Words, CommentsAndLiteralsAreNoCalls) {
  EXPECT_EQ(calls_in("actors/a.cc", "// sleep_for(1)\nconst char* s = \"usleep(2)\";\n"), 0u);
  EXPECT_EQ(calls_in("actors/a.cc", "auto s = R\"x(\nsleep(1)\")x\"; int n = 1'000;\n"), 0u);
}

TEST(Words, PromisesAndPathsAreFound) {
  EXPECT_EQ(check_promises({{"a.md", std::string("now\nTO") + "DO: later\n"}}).size(), 1u);
  EXPECT_EQ(check_paths({{"a.sh", std::string("cd '/ho") + "me/me'\n"}}).size(), 1u);
  EXPECT_EQ(check_paths({{"a.md", "see runtime/work/done\n"}}).size(), 0u);
}

}  // namespace
}  // namespace troupe::tidy
