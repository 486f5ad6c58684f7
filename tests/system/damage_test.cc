// Bits flipped in what is stored. Each is told (a refused start, an error in answers) or harmless
// (everything is answered as before). There is no third: nothing wrong, nothing missing.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>

#include "tests/system/campaign.h"
#include "tests/system/system_test.h"

namespace troupe::testing {
namespace {

namespace fs = std::filesystem;

/// Whether an answer differs from the true one only in runs that it shows as set aside: a page that
/// runs need to go on is damaged, and they are told to be so.
bool tells_of_runs_set_aside(const std::string& answer, const std::string& truth) {
  const Json told = parse_json(answer), known = parse_json(truth);
  if (!told.is_object() || !told.as_object().contains("items")) return false;
  const auto& items = told.at("items").as_array();
  const auto& true_items = known.at("items").as_array();
  if (items.size() != true_items.size()) return false;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i] == true_items[i]) continue;
    if (text_at(items[i], "/run_id") != text_at(true_items[i], "/run_id")) return false;
    if (text_at(items[i], "/pause_reason") != "quarantine") return false;
  }
  return true;
}

/// Where the transactions end that SQLite would recover from this WAL.
std::vector<std::uint64_t> commits_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string wal{std::istreambuf_iterator<char>(file), {}};
  const auto word = [&wal](std::uint64_t at) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(wal.at(at + i));
    return value;
  };
  std::vector<std::uint64_t> ends;
  const std::uint64_t frame = 24 + word(8);
  for (std::uint64_t at = 32; at + frame <= wal.size(); at += frame) {
    if (wal.compare(at + 8, 8, wal, 16, 8) != 0) break;  // of the round before
    if (word(at + 4) != 0) ends.push_back(at + frame);
  }
  return ends;
}

class Damage : public SystemTest {
 protected:
  enum class Verdict { kRefused, kTold, kHarmless };

  /// Runs that have ended and runs that wait, with what there is to know about them.
  void live(Server& server) {
    server.start();
    Api api(server);
    const std::string chain = api.publish(chain_program().graph);
    const std::string gate = api.publish(quoted(
        "{@steps@:[{@id@:@w@,@type@:@wait_event@,@name@:@w@,@event@:@go@}]}"));
    // A checkpoint lets the WAL begin anew: then some more, so that it holds commits to be hit.
    const auto enough = [this] { return commits_in(data_dir() + "/troupe.db-wal").size() > 12; };
    for (std::size_t i = 0; i < 120 || (i < 170 && !enough()); ++i) {
      runs_.push_back(
          api.start(waits(i) ? gate : chain, R"({"n":)" + std::to_string(1000 + i) + "}"));
      if (waits(i)) api.wait_for(runs_.back(), "step_waiting", "w");
      else api.wait_end(runs_.back());
    }
    for (std::size_t turn = 0; turn < 2; ++turn) {
      for (const std::string& path : questions(turn)) {
        const Answer answer = api.get(path);
        ASSERT_EQ(answer.status, 200) << path << answer.text;
        truth_[path] = answer.text;
      }
    }
  }

  /// Flips one bit of `file` in a copy of the data directory, and asks a server on it everything.
  Verdict judge(const std::string& file, std::uint64_t offset, int bit, bool with_shared_memory) {
    SCOPED_TRACE(file + " at " + std::to_string(offset) + ", bit " + std::to_string(bit));
    const std::string copy = folder() + "/copy";
    fs::remove_all(copy);
    fs::copy(data_dir(), copy, fs::copy_options::recursive);
    if (!with_shared_memory) fs::remove(copy + "/troupe.db-shm");
    flip(copy + "/" + file, offset, bit);
    Server server(copy);
    try {
      server.start();
    } catch (const std::exception&) {
      const Outcome ended = server.process().finish(5'000);
      EXPECT_EQ(ended.exit, 1) << ended.err;
      EXPECT_NE(ended.err.find("troupe.db"), std::string::npos) << ended.err;
      return Verdict::kRefused;
    }
    Api api(server);
    Verdict verdict = Verdict::kHarmless;
    for (const std::string& path : questions(++turn_)) {
      const Answer answer = api.get(path);
      if (answer.status == 200) {
        if (answer.text == truth_[path]) continue;
        EXPECT_TRUE(tells_of_runs_set_aside(answer.text, truth_[path]))
            << path << "\n" << answer.text << "\nand not\n" << truth_[path];
        verdict = Verdict::kTold;
        continue;
      }
      EXPECT_EQ(answer.status, 500) << path << answer.text;
      EXPECT_NE(answer.text.find("corrupt"), std::string::npos) << path << answer.text;
      verdict = Verdict::kTold;
    }
    server.kill_hard();
    return verdict;
  }

  void count(Verdict verdict) { ++verdicts_[static_cast<std::size_t>(verdict)]; }
  void report(const char* what) const {
    std::fprintf(stderr, "%s: %d starts refused, %d told in answers, %d harmless\n", what,
                 verdicts_[0], verdicts_[1], verdicts_[2]);
  }

  std::mt19937_64 random_{20261122};
  std::vector<std::string> runs_;
  std::map<std::string, std::string> truth_;  ///< the answers to `questions`
  std::size_t turn_ = 0;
  int verdicts_[3] = {};

 private:
  static bool waits(std::size_t i) { return i % 8 == 0; }
  /// One for each run, since the first that meets damage sets the run aside; by turns.
  std::vector<std::string> questions(std::size_t turn) const {
    std::vector<std::string> paths = {"/v1/runs?limit=200", "/v1/runs?limit=200&status=completed",
                                      "/v1/workflows", "/v1/workspaces"};
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const bool events = (i / 8 + i + turn) % 2 == 0;
      paths.push_back("/v1/runs/" + runs_[i] + (events ? "/events?limit=200" : "/context"));
    }
    return paths;
  }
  static void flip(const std::string& path, std::uint64_t offset, int bit) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    ASSERT_GE(byte, 0) << path << " ends before " << offset;
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ (1 << bit)));
  }
};

TEST_F(Damage, InTheDatabaseIsToldOrHarmless) {
  Server server(data_dir());
  live(server);
  ASSERT_EQ(server.terminate().exit, 0);
  const std::string wal = data_dir() + "/troupe.db-wal";
  ASSERT_TRUE(!fs::exists(wal) || fs::file_size(wal) == 0) << "the file is to be complete";
  const std::uint64_t size = fs::file_size(data_dir() + "/troupe.db");
  for (int i = 0; i < 40; ++i) {
    count(judge("troupe.db", random_() % size, static_cast<int>(random_() % 8), true));
  }
  report("40 bits in the database");
  EXPECT_GT(verdicts_[0], 0);
  EXPECT_GT(verdicts_[1], 0);
}

TEST_F(Damage, InTheWalAfterAKillIsToldOrHarmless) {
  Server server(data_dir());
  live(server);
  server.kill_hard();
  // The shared memory that outlives a kill says how far commits were synced, so that even the last
  // transaction may be hit.
  const std::uint64_t size = fs::file_size(data_dir() + "/troupe.db-wal");
  const std::vector<std::uint64_t> commits = commits_in(data_dir() + "/troupe.db-wal");
  ASSERT_GT(commits.size(), 10u);
  for (int i = 0; i < 20; ++i) {
    count(judge("troupe.db-wal", random_() % size, static_cast<int>(random_() % 8), true));
  }
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t begin = commits[commits.size() - 2];
    const std::uint64_t offset = begin + random_() % (commits.back() - begin);
    const Verdict verdict = judge("troupe.db-wal", offset, static_cast<int>(random_() % 8), true);
    EXPECT_EQ(verdict, Verdict::kRefused) << offset;
    count(verdict);
  }
  report("30 bits in the WAL after a kill");
}

TEST_F(Damage, InTheWalAfterAPowerCutIsToldOrHarmless) {
  Server server(data_dir());
  live(server);
  server.kill_hard();
  const std::vector<std::uint64_t> commits = commits_in(data_dir() + "/troupe.db-wal");
  ASSERT_GT(commits.size(), 10u);
  // A power cut takes the shared memory away. Then damage to the last transaction looks like one
  // that was being written and that nobody was told of, and so does damage to the frame header that
  // marks the end of the one before. Everything before these is known to have been synced.
  const std::uint64_t end = commits[commits.size() - 3];
  for (int i = 0; i < 20; ++i) {
    const Verdict verdict =
        judge("troupe.db-wal", random_() % end, static_cast<int>(random_() % 8), false);
    EXPECT_EQ(verdict, Verdict::kRefused);
    count(verdict);
  }
  report("20 bits in the WAL after a power cut");
}

}  // namespace
}  // namespace troupe::testing
