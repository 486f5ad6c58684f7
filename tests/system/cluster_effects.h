#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/json_value.h"
#include "tests/system/cluster_bus.h"

namespace troupe::testing {

/// The world outside: does the work of steps with effects and keeps count of it. It lives in the
/// test's own process, to which no fault happens, so what it remembers is what was done. Its
/// workers take their time, and some of them die before or behind their deed, answer when nobody
/// waits any more, or twice. Thread-safe.
class Effects {
 public:
  static constexpr const char* kQueue = "effects";
  /// The steps of the program: one that may be repeated under its key, one that may not and asks a
  /// person, and one that may not and fails instead.
  static constexpr const char* kRepeatable = "again";
  static constexpr const char* kOnce = "once";
  static constexpr const char* kGuarded = "guarded";

  /// How workers were other than one would wish.
  struct Moods {
    long long died_before = 0, died_behind = 0, late = 0, doubled = 0;
  };

  explicit Effects(std::uint64_t seed) : random_(seed) {}
  ~Effects() { end(); }
  Effects(const Effects&) = delete;
  Effects& operator=(const Effects&) = delete;

  /// Waits for a number to be counted on, twice; gives n + 3.
  static std::string graph();

  /// Does the work of these workspaces. Once per object, or workspace by workspace.
  void serve(Bus& bus, const std::vector<std::string>& workspaces);
  /// From now on each answers at once, and in order.
  void be_prompt() { is_prompt_ = true; }
  /// Nobody says anything any more. Before the bus goes.
  void end();

  /// What is wrong with one step that has ended, given its result. A person's word, where somebody
  /// had to be asked, has no number.
  std::string fault_of(const std::string& run, const std::string& step, const Json& result) const;
  /// Of a worker that answered twice.
  static bool is_second_answer(const Json& result);
  /// What is wrong with all that was done, as far as it can be told without the runs' own records.
  /// `known`: the runs that are in the store. `second_answers`: how many of those were believed.
  std::vector<std::string> faults(const std::set<std::string>& known,
                                  long long second_answers) const;
  long long done() const;
  /// Of what may be repeated: how much was.
  long long repeated() const;
  Moods moods() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Deed {
    std::string run, step, workspace, heard_for, args;
    int attempt = 0;
    long long number = 0;  ///< of the deed, in the order of all; part of its result
  };
  struct Words {
    Bus* bus = nullptr;
    std::string to, text;
  };
  void act(Bus& bus, const std::string& workspace, const Bus::Task& task);
  void note(const std::string& workspace, const Json& task, long long number);
  void say_in(long long ms, Words words);
  void talk();

  std::atomic<bool> is_prompt_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::mt19937_64 random_;
  std::map<std::string, std::vector<Deed>> by_key_;
  long long count_ = 0;
  Moods moods_;
  std::multimap<Clock::time_point, Words> words_;
  bool has_ended_ = false;
  std::thread mouth_;
};

}  // namespace troupe::testing
