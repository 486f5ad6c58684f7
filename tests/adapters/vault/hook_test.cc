#include "adapters/vault/hook.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "adapters/vault/envelope.h"
#include "adapters/vault/redact.h"
#include "tests/adapters/vault/vault_fixture.h"

namespace troupe::vault {
namespace {

/// What a program that is asked for a key does wrong by itself would be slow to show otherwise.
constexpr Duration kSoon = seconds(1);

/// Puts "kms:" in front, which no key service would call encryption, and takes it off again.
constexpr const char* kHonest =
    "case \"$1\" in\n"
    "wrap) { printf kms: ; base64 -d; } | base64 -w0 ;;\n"
    "unwrap) base64 -d | tail -c +5 | base64 -w0 ;;\n"
    "*) exit 9 ;;\n"
    "esac";
/// 32 bytes of zero.
constexpr const char* kZeroes = "head -c 32 /dev/zero | base64 -w0";

class HookTest : public VaultTest {
 protected:
  KeyHook hook(const std::string& lines, Duration deadline = seconds(60)) {
    const std::string name = "program" + std::to_string(++programs_);
    return {"kms-1", {script(name, lines)}, deadline};
  }
  Result<SecretText> call(const std::string& lines,
                          Duration deadline = seconds(60),
                          std::size_t answer_bytes_max = 32) {
    return Hook(hook(lines, deadline), log_).call("unwrap", "ticket", answer_bytes_max);
  }
  /// How the call was refused.
  std::string refusal(const std::string& lines, Duration deadline = seconds(60)) {
    const auto answer = call(lines, deadline);
    if (answer) return "accepted";
    EXPECT_EQ(answer.error().code, Code::kUnavailable);
    return answer.error().message;
  }

  int programs_ = 0;
};

TEST_F(HookTest, DataKeysAreWrappedAndUnwrappedByTheProgram) {
  const auto ring = open(hook(kHonest));
  EXPECT_EQ(ring->current_master(), "hook:kms-1");
  const auto made = ring->make(workspace(), 7);
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto form = parse_wrapped(made->wrapped);
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->ticket.substr(0, 4), "kms:");
  EXPECT_EQ(made->wrapped.find(made->key.bytes.reveal()), std::string::npos)
      << "the program must not get the data key itself";
  const auto again = ring->unwrap(workspace(), made->wrapped);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(again->bytes == made->key.bytes);
  EXPECT_EQ(again->version, 7u);
  EXPECT_EQ(ring->unwrap(workspace(1), made->wrapped).error().code, Code::kCorrupt);
  // The program here does not notice a changed ticket; the wrapped key does.
  const auto at = made->wrapped.find("kms:");
  EXPECT_EQ(ring->unwrap(workspace(), flipped(made->wrapped, at * 8)).error().code, Code::kCorrupt);
  EXPECT_EQ(log_.text(), "");
}

TEST_F(HookTest, TheMasterMovesFromAFileToAProgramAndBack) {
  const KeyFile file = key_file(0x80);
  const KeyHook program = hook(kHonest);
  const auto made = open(file)->make(workspace(), 1);
  ASSERT_TRUE(made.ok());
  const auto there = open(program, {file});
  EXPECT_TRUE(*there->needs_rewrapping(made->wrapped));
  const auto wrapped = there->rewrap(workspace(), made->wrapped);
  ASSERT_TRUE(wrapped.ok()) << wrapped.error().message;
  const auto back = open(file, {program})->rewrap(workspace(), *wrapped);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_TRUE(open(file)->unwrap(workspace(), *back)->bytes == made->key.bytes);
}

TEST_F(HookTest, AProgramThatForgetsWhatItWrappedIsFoundOutAtOnce) {
  const auto made = open(hook(kZeroes))->make(workspace(), 1);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::kUnavailable);
  EXPECT_NE(made.error().message.find("does not give back"), std::string::npos);
}

TEST_F(HookTest, AnotherKeyOfTheProgramIsRefused) {
  const auto made = open(hook(kHonest))->make(workspace(), 1);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(open(hook(kZeroes))->unwrap(workspace(), made->wrapped).error().code, Code::kCorrupt);
  EXPECT_EQ(open(hook("echo c2hvcnQ="))->unwrap(workspace(), made->wrapped).error().code,
            Code::kUnavailable);
}

TEST_F(HookTest, GetsItsArgumentsAndNothingElse) {
  const std::string seen = directory_.file("seen");
  const std::string leaked = write("leaked", "");
  const int descriptor = ::open(leaked.c_str(), O_RDONLY);  // not closed on exec
  KeyHook program =
      hook("{ echo \"$@\"; cat; ls /proc/self/fd | wc -l; } > " + seen + "; echo AAAA");
  program.argv.insert(program.argv.end(), {"--region", "a b; exit 1"});
  const auto answer = Hook(program, log_).call("wrap", "bytes", 3);
  ::close(descriptor);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->reveal(), std::string(3, '\0'));
  std::ifstream in(seen);
  std::string arguments, input, descriptors;
  std::getline(in, arguments);
  std::getline(in, input);
  std::getline(in, descriptors);
  EXPECT_EQ(arguments, "--region a b; exit 1 wrap");
  EXPECT_EQ(input, "Ynl0ZXM=");
  EXPECT_EQ(descriptors, "4") << "the three standard ones, and that of ls for the folder";
}

TEST_F(HookTest, WhateverElseItAnswersIsRefused) {
  EXPECT_NE(refusal("echo '!!!!'").find("no base64"), std::string::npos);
  EXPECT_NE(refusal("echo AAAA BBBB").find("no base64"), std::string::npos);
  EXPECT_NE(refusal("echo AAAA; echo AAAA").find("no base64"), std::string::npos);
  EXPECT_NE(refusal("exit 0").find("no base64"), std::string::npos);
  EXPECT_NE(refusal("head -c 33 /dev/zero | base64 -w0").find("no base64"), std::string::npos);
  EXPECT_NE(refusal("echo AAAA; exit 3").find("status 3"), std::string::npos);
  EXPECT_NE(refusal("echo AAAA; kill -USR1 $$").find("signal 10"), std::string::npos);
  EXPECT_NE(refusal("exec yes AAAA").find("more than a key"), std::string::npos);
}

TEST_F(HookTest, AProgramThatCannotBeStartedIsUnavailable) {
  KeyHook program{"kms-1", {directory_.file("absent")}};
  EXPECT_EQ(Hook(program, log_).call("wrap", "bytes", 32).error().code, Code::kUnavailable);
}

TEST_F(HookTest, OneThatHangsIsKilledWithAllThatItStarted) {
  // Orphans come to this process, which can then see how they ended.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const std::string orphan = directory_.file("orphan");
  const std::string said =
      refusal("tail -f /dev/null & echo $! > " + orphan + "; echo AAAA; wait", kSoon);
  EXPECT_NE(said.find("in time"), std::string::npos);
  pid_t pid = 0;
  std::ifstream(orphan) >> pid;
  ASSERT_GT(pid, 0);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

TEST_F(HookTest, OneThatClosesItsOutputAndStaysIsKilled) {
  // Nobody ever opens the other end of the pipe.
  const std::string fifo = directory_.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const std::string said = refusal("echo AAAA; exec >&- 2>&-; read never < " + fifo, kSoon);
  EXPECT_NE(said.find("in time"), std::string::npos);
}

TEST_F(HookTest, WhatItLeavesBehindDoesNotHoldUpTheAnswer) {
  const auto answer = call("tail -f /dev/null & echo AAAA");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->size(), 3u);
}

TEST_F(HookTest, StartsWithoutOurBlockedAndIgnoredSignals) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
  const auto handler = std::signal(SIGTERM, SIG_IGN);
  const std::string said = refusal("kill -TERM $$; echo AAAA");
  std::signal(SIGTERM, handler);
  ASSERT_EQ(pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
  EXPECT_NE(said.find("signal 15"), std::string::npos);
}

TEST_F(HookTest, ComplaintsReachTheLogWithoutKeys) {
  refusal(
      "read key; echo \"cannot unwrap $key for user op: AccessDeniedException\" >&2; "
      "echo ZGVhZGJlZWZkZWFkYmVlZmRlYWRiZWVmZGVhZGJlZWY= >&2; exit 1");
  const std::string& text = log_.text();
  EXPECT_NE(text.find("for user op: AccessDeniedException"), std::string::npos) << text;
  EXPECT_NE(text.find("master_key=kms-1 verb=unwrap"), std::string::npos) << text;
  EXPECT_NE(text.find("[redacted]"), std::string::npos) << text;
  EXPECT_EQ(text.find("ZGVhZGJlZWZk"), std::string::npos) << text;
}

TEST_F(HookTest, AFloodOfComplaintsIsCutAndDoesNotHoldItUp) {
  const auto answer = call("head -c 1000000 /dev/zero | tr '\\0' ' ' >&2; echo AAAA");
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_LT(log_.text().size(), 5000u);
  EXPECT_GT(log_.text().size(), 4000u);
}

TEST(Redact, LongRunsOfCodeGoAndWordsStay) {
  const std::string key = "ZGVhZGJlZWZkZWFkYmVlZmRlYWRiZWVmZGVhZGJlZWY=";
  EXPECT_EQ(redact("no key (" + key + ") today", false), "no key ([redacted]) today");
  EXPECT_EQ(redact("a\n" + key + "\r\nb", false), "a | [redacted]  | b");
  EXPECT_EQ(redact(std::string(31, 'a'), false), std::string(31, 'a'));
  EXPECT_EQ(redact(std::string(32, 'a'), false), "[redacted]");
  EXPECT_EQ(redact(std::string("\x01 raw \xFF", 7), false), "[a line that is no plain text]");
  EXPECT_EQ(redact("key " + key.substr(0, 9), true), "key [redacted]");
  EXPECT_EQ(redact("key " + key.substr(0, 9) + "\nnext line ", true),
            "key " + key.substr(0, 9) + " | next line ");
  EXPECT_EQ(redact("", true), "");
}

}  // namespace
}  // namespace troupe::vault
