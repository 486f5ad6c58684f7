#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <thread>

#include "adapters/system/data_dir.h"
#include "adapters/system/entropy.h"
#include "adapters/system/hasher.h"
#include "adapters/system/log.h"
#include "adapters/system/token.h"
#include "runtime/json/text.h"
#include "tests/conformance/temporary_directory.h"

namespace troupe::system {
namespace {

using troupe::testing::TemporaryDirectory;

std::string hex(const Digest& digest) {
  std::string text;
  char byte[3];
  for (const auto b : digest) {
    std::snprintf(byte, sizeof byte, "%02x", b);
    text += byte;
  }
  return text;
}

/// Runs `body` in a child and returns its exit status.
template <class Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

TEST(SystemHasher, IsBlake2bWith128Bits) {
  const Blake2bHasher hasher;
  EXPECT_EQ(hex(hasher.hash("")), "cae66941d9efbd404e4d88758ea67670");
  EXPECT_EQ(hex(hasher.hash("abc")), "cf4ab791c62b8d2b2109c90275287816");
}

TEST(SystemEntropy, NeverRepeatsAcrossThreadsAndForks) {
  SystemEntropy entropy;
  std::vector<std::uint64_t> mine(2000), theirs(2000);
  std::thread other([&] {
    for (auto& word : theirs) word = entropy.next();
  });
  for (auto& word : mine) word = entropy.next();
  other.join();
  std::set<std::uint64_t> all(mine.begin(), mine.end());
  all.insert(theirs.begin(), theirs.end());
  EXPECT_EQ(all.size(), 4000u);

  int channel[2];
  ASSERT_EQ(pipe(channel), 0);
  in_child([&] {
    const std::uint64_t word = entropy.next();
    return write(channel[1], &word, sizeof word) == sizeof word ? 0 : 1;
  });
  std::uint64_t of_child = 0;
  ASSERT_EQ(read(channel[0], &of_child, sizeof of_child), ssize_t{sizeof of_child});
  EXPECT_NE(of_child, entropy.next());
  close(channel[0]);
  close(channel[1]);
}

TEST(SystemToken, ChangesOfAnyCharacterAreNoticed) {
  SystemEntropy entropy;
  const std::string token = make_token(entropy);
  EXPECT_EQ(token.size(), 40u);
  EXPECT_TRUE(is_well_formed_token(token));
  EXPECT_NE(make_token(entropy), token);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string wrong = token;
    wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(is_well_formed_token(wrong)) << wrong;
  }
  EXPECT_FALSE(is_well_formed_token(token.substr(1)));
  // A token whose checksum another program computed, so that tokens stay valid over releases.
  EXPECT_TRUE(is_well_formed_token("pat_0000000000000000000000000000002C8GjS"));
}

TEST(SystemDataDir, ASecondProcessIsRefusedWithTheHoldersPid) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("data/deep");
  auto first = DataDir::hold(path);
  ASSERT_TRUE(first.ok()) << first.error().message;
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  const std::string pid = std::to_string(getpid());
  const auto try_hold = [&] {
    const auto second = DataDir::hold(path);
    if (second.ok()) return 0;
    const bool names_it = second.error().message.find("process " + pid) != std::string::npos;
    return second.error().code == Code::kDataDirHeld && names_it ? 1 : 2;
  };
  EXPECT_EQ(in_child(try_hold), 1);
  EXPECT_EQ(try_hold(), 1) << "the same process twice is two holders as well";
  // A program started by the holder must not keep the lock alive.
  bool inherited = false;
  for (int fd = 3; fd < 64; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    struct stat of_fd {};
    struct stat of_lock {};
    if (flags < 0 || fstat(fd, &of_fd) != 0) continue;
    ASSERT_EQ(stat((path + "/lock").c_str(), &of_lock), 0);
    if (of_fd.st_ino == of_lock.st_ino && (flags & FD_CLOEXEC) == 0) inherited = true;
  }
  EXPECT_FALSE(inherited);
  first->reset();
  EXPECT_EQ(in_child(try_hold), 0);
}

TEST(SystemDataDir, TheOwnersTokenIsMadeOnceAndKeptPrivate) {
  const TemporaryDirectory directory;
  SystemEntropy entropy;
  const auto held = DataDir::hold(directory.file("data"));
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(read_owner_token((*held)->path()).error().code, Code::kNotFound);
  const auto token = (*held)->owner_token(entropy);
  ASSERT_TRUE(token.ok()) << token.error().message;
  EXPECT_TRUE(is_well_formed_token(*token));
  EXPECT_EQ(*(*held)->owner_token(entropy), *token);
  EXPECT_EQ(*read_owner_token((*held)->path()), *token);
  struct stat status {};
  ASSERT_EQ(stat((*held)->token_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_FALSE(std::filesystem::exists((*held)->token_path() + ".new"));

  std::ofstream((*held)->token_path()) << "secret\n";
  EXPECT_EQ((*held)->owner_token(entropy).error().code, Code::kConfigInvalid);
}

TEST(SystemLog, LinesAreJsonOrTextAndCannotBeForged) {
  const TimePoint at = *parse_rfc3339("2026-11-22T03:01:00.250Z");
  const std::string message = "it\n2026 error forged";
  EXPECT_EQ(format_line(LogFormat::kText, at, LogLevel::kInfo, message,
                        {{"run", "a b"}, {"n", 7}, {"id", "x1"}}),
            "2026-11-22T03:01:00.250Z info it 2026 error forged run=\"a b\" n=7 id=x1");
  // What moves a terminal's cursor: ESC, DEL, and CSI as one character.
  EXPECT_EQ(format_line(LogFormat::kText, at, LogLevel::kInfo,
                        "a\x1b[2Jb\x7f" "c\xc2\x9b" "d\xc3\xa4",
                        {{"v", "\x1b[1A"}, {"w", "\x7f"}, {"x", "\xc2\x9b"}, {"y", "\xc3\xa4"}}),
            "2026-11-22T03:01:00.250Z info a [2Jb c d\xc3\xa4 v=\"\\u001b[1A\" w=\" \" x=\" \" "
            "y=\xc3\xa4");
  const std::string line = format_line(LogFormat::kJsonLines, at, LogLevel::kError, message,
                                       {{"run", "\"\n"}, {"n", std::uint64_t{18}}});
  EXPECT_EQ(line,
            R"({"at":"2026-11-22T03:01:00.250Z","level":"error",)"
            R"("message":"it\n2026 error forged","run":"\"\n","n":18})");
  EXPECT_TRUE(json::Text::parse(line).ok());
}

}  // namespace
}  // namespace troupe::system
