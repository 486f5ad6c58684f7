#include "tests/system/cluster_effects.h"

#include <algorithm>

#include "tests/system/cluster_graphs.h"

namespace troupe::testing {
namespace {

constexpr long long kSilenceMs = 1'500;  ///< after which nobody waits any more; in graph() as well
constexpr long long kSignOfLifeMs = 500;
constexpr long long kLongestMs = 3'000;

/// `more` as in quoted(). Silence is noticed soon: what was lost on the way is no long pause.
std::string task(const std::string& id, const std::string& before, const std::string& more) {
  return quoted(",{@id@:@" + id + "@,@name@:@" + id + "@,@type@:@worker_task@,@queue@:@" +
                Effects::kQueue + "@,@task@:@count@,@args@:{@n@:@{{steps." + before +
                ".result.v}}@},@heartbeat_s@:1.5,@depends_on@:[@" + before + "@]," + more + "}");
}

}  // namespace

std::string Effects::graph() {
  return graph_with(
      lua("begin", "return {v=input.n}") +
          task(kRepeatable, "begin",
               "@effect@:@idempotent@,@retry@:{@max_attempts@:1000,@initial_ms@:50,"
               "@max_ms@:500}") +
          task(kOnce, kRepeatable, "@effect@:@once@") +
          task(kGuarded, kRepeatable,
               "@effect@:@once@,@in_doubt@:@fail@,@on_error@:@continue@") +
          "," +
          lua("end", "return {v=steps.once.result.v+1}", "@depends_on@:[@once@,@guarded@]"),
      "steps.end.result.v");
}

void Effects::serve(Bus& bus, const std::vector<std::string>& workspaces) {
  if (!mouth_.joinable()) mouth_ = std::thread([this] { talk(); });
  for (const std::string& workspace : workspaces) {
    bus.serve("troupe.v1.work." + workspace + "." + kQueue, "workers",
              [this, workspace, &bus](const Bus::Task& task) { act(bus, workspace, task); });
  }
}

void Effects::end() {
  {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
  }
  changed_.notify_all();
  if (mouth_.joinable()) mouth_.join();
}

void Effects::talk() {
  std::unique_lock lock(mutex_);
  while (!has_ended_) {
    if (words_.empty()) {
      changed_.wait(lock);
    } else if (const auto at = words_.begin()->first; Clock::now() < at) {
      changed_.wait_until(lock, at);
    } else {
      const Words words = std::move(words_.begin()->second);
      words_.erase(words_.begin());
      lock.unlock();
      words.bus->publish(words.to, words.text);
      lock.lock();
    }
  }
}

/// Under the lock.
void Effects::say_in(long long ms, Words words) {
  words_.emplace(Clock::now() + std::chrono::milliseconds(ms), std::move(words));
  changed_.notify_all();
}

/// Under the lock.
void Effects::note(const std::string& workspace, const Json& task, long long number) {
  by_key_[text_at(task, "/idempotency_key")].push_back(
      {text_at(task, "/run_id"), text_at(task, "/step_id"), text_at(task, "/workspace"), workspace,
       text_at(task, "/args"), static_cast<int>(int_at(task, "/attempt")), number});
}

void Effects::act(Bus& bus, const std::string& workspace, const Bus::Task& heard) {
  const Json task = parse_json(heard.body);
  const std::lock_guard lock(mutex_);
  const int mood = is_prompt_ ? 100 : static_cast<int>(random_() % 100);
  if (mood < 5) {
    ++moods_.died_before;
    return;
  }
  const long long number = ++count_;
  note(workspace, task, number);
  const std::string result = R"({"v":)" + std::to_string(int_at(task, "/args/n") + 1) +
                             R"(,"deed":)" + std::to_string(number);
  const std::string right = result + "}";
  if (mood < 10) {
    ++moods_.died_behind;
    return say_in(kSignOfLifeMs, {&bus, heard.reply_to, "+WPI"});
  }
  if (mood < 15) {
    ++moods_.late;
    return say_in(kSilenceMs + 100 + static_cast<long long>(random_() % 1'500),
                  {&bus, heard.reply_to, right});
  }
  const long long takes = is_prompt_ ? 0 : static_cast<long long>(random_() % kLongestMs);
  for (long long at = kSignOfLifeMs; at < takes; at += kSignOfLifeMs) {
    say_in(at, {&bus, heard.reply_to, "+WPI"});
  }
  say_in(takes, {&bus, heard.reply_to, right});
  if (mood >= 25) return;
  // The first word counts. What is said behind it is believed only if the first was lost, which
  // happens where the broker or its wires are at fault: it is right as well, and marked.
  ++moods_.doubled;
  say_in(takes + static_cast<long long>(random_() % 1'000),
         {&bus, heard.reply_to, result + R"(,"second":true})"});
}

std::string Effects::fault_of(const std::string& run, const std::string& step,
                              const Json& result) const {
  const Json& number = at(result, "/deed");
  if (number.is_null()) {
    if (step == kOnce) return "";
    const std::string code = text_at(result, "/error/code");
    if (step == kGuarded && code == "in_doubt") return "";
    return "the result of " + step + " is nobody's: " + code;
  }
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(run + "/" + step);
  if (found == by_key_.end()) return step + " is recorded as done and was not";
  const bool fits = std::any_of(found->second.begin(), found->second.end(), [&](const Deed& deed) {
    return Json(deed.number) == number;
  });
  return fits ? "" : "the result of " + step + " is that of another";
}

bool Effects::is_second_answer(const Json& result) { return !at(result, "/second").is_null(); }

std::vector<std::string> Effects::faults(const std::set<std::string>& known,
                                         long long second_answers) const {
  std::vector<std::string> faults;
  const std::lock_guard lock(mutex_);
  // Half an hour of faults loses one of 500, or none.
  if (const long long lost = 1 + moods_.doubled / 250; second_answers > lost) {
    faults.push_back("of " + std::to_string(moods_.doubled) + " second answers " +
                     std::to_string(second_answers) + " were believed: no bus loses so many");
  }
  for (const auto& [key, deeds] : by_key_) {
    const auto complain = [&](const std::string& what) { faults.push_back(key + ": " + what); };
    const Deed& first = deeds.front();
    if (key != first.run + "/" + first.step) complain("the key is not that of its step");
    if (known.count(first.run) == 0) complain("was done for a run that does not exist");
    if (first.step != kRepeatable && deeds.size() > 1) {
      complain("may be done once and was done " + std::to_string(deeds.size()) + " times");
    }
    for (const Deed& deed : deeds) {
      if (deed.workspace != deed.heard_for) complain("was told to another workspace");
      if (deed.args != first.args) complain("was done with different arguments");
    }
  }
  return faults;
}

long long Effects::done() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

long long Effects::repeated() const {
  const std::lock_guard lock(mutex_);
  return count_ - static_cast<long long>(by_key_.size());
}

Effects::Moods Effects::moods() const {
  const std::lock_guard lock(mutex_);
  return moods_;
}

}  // namespace troupe::testing
