#include "adapters/black_box/mapped_black_box.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace troupe::black_box {
namespace {

const Uuid kPoison{1, 2};
const Uuid kInnocent{3, 4};

class MappedBlackBoxTest : public ::testing::Test {
 protected:
  MappedBlackBoxTest() { path_ = ::testing::TempDir() + "/box" + std::to_string(getpid()); }
  ~MappedBlackBoxTest() override { std::filesystem::remove(path_); }

  /// A life that dies by SIGKILL while it works on `entity`.
  void die_working_on(const Uuid& entity) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto box = MappedBlackBox::open(path_);
      if (!box) _exit(1);
      (*box)->enter(kInnocent);
      (*box)->leave();
      (*box)->enter(entity);
      kill(getpid(), SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
  std::unique_ptr<MappedBlackBox> open() {
    auto box = MappedBlackBox::open(path_);
    EXPECT_TRUE(box.ok());
    return std::move(*box);
  }
  std::string path_;
};

TEST_F(MappedBlackBoxTest, DeathsInARowOverTheSameEntityAddUp) {
  for (int i = 0; i < 3; ++i) die_working_on(kPoison);
  const auto box = open();
  EXPECT_EQ(box->crashes_of(kPoison), 3);
  EXPECT_EQ(box->crashes_of(kInnocent), 0);
}

TEST_F(MappedBlackBoxTest, AnotherDeathInBetweenClearsTheSuspicion) {
  die_working_on(kPoison);
  die_working_on(kPoison);
  die_working_on(kInnocent);
  const auto box = open();
  EXPECT_EQ(box->crashes_of(kPoison), 0);
  EXPECT_EQ(box->crashes_of(kInnocent), 1);
}

TEST_F(MappedBlackBoxTest, AnOrderlyEndIsNoDeathButKeepsTheSuspects) {
  die_working_on(kPoison);
  die_working_on(kPoison);
  open().reset();
  EXPECT_EQ(open()->crashes_of(kPoison), 2);
}

TEST_F(MappedBlackBoxTest, LivesThatWereFencedAreCountedThroughTheirEnds) {
  for (int lives = 0; lives < 2; ++lives) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto box = MappedBlackBox::open(path_);
      if (!box) _exit(1);
      (*box)->note_fenced();
      _exit(70);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_EQ(WEXITSTATUS(status), 70);
  }
  EXPECT_EQ(open()->times_fenced(), 2u);
  die_working_on(kPoison);
  EXPECT_EQ(open()->times_fenced(), 2u);
}

TEST_F(MappedBlackBoxTest, AFileOfAnEarlierVersionIsGoneOnWith) {
  die_working_on(kPoison);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - sizeof(std::uint64_t));
  const auto box = open();
  EXPECT_EQ(box->times_fenced(), 0u);
  EXPECT_EQ(box->crashes_of(kPoison), 1);
}

}  // namespace
}  // namespace troupe::black_box
