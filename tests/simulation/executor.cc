#include "tests/simulation/executor.h"

#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

#include "runtime/json/read.h"

namespace troupe::simulation {
namespace {

constexpr std::int64_t kModulus = 1'000'003;

std::optional<std::string_view> look_up(const std::string& globals, std::string path) {
  for (char& c : path) {
    if (c == '.') c = '/';
  }
  return json::at_pointer(globals, "/" + path);
}

std::int64_t number_at(const std::string& globals, const std::string& path) {
  const auto value = look_up(globals, path);
  if (!value) return 0;
  if (json::kind(*value) != json::Kind::kArray) return json::as_int(*value).value_or(0);
  std::int64_t total = 0;
  json::for_each_element(*value, [&](std::string_view element) {
    const auto v = json::at_pointer(element, "/result/v");
    if (v) total += json::as_int(*v).value_or(0);
    return true;
  });
  return total;
}

/// A script, taken apart.
struct Line {
  std::string what, name;
  std::int64_t argument = 0;
  std::vector<std::string> terms;
  bool effect = false, lossy = false, big = false, prints = false;
};

Line parse(const std::string& source) {
  Line line;
  std::istringstream words(source);
  words >> line.what;
  constexpr std::string_view kWithArgument[] = {"flaky", "hang", "failmod", "ge", "pass"};
  for (const std::string_view what : kWithArgument) {
    if (line.what == what) words >> line.argument;
  }
  for (std::string word; words >> word;) {
    if (word[0] == '@') line.name = word.substr(1);
    else if (word == "!effect") line.effect = true;
    else if (word == "!lossy") line.lossy = true;
    else if (word == "!big") line.big = true;
    else if (word == "!prints") line.prints = true;
    else if (word != "run.id") line.terms.push_back(word);
  }
  return line;
}

std::int64_t total_of(const Line& line, const std::string& globals) {
  std::int64_t total = 0;
  for (const std::string& term : line.terms) {
    const std::size_t star = term.find('*');
    if (star != std::string::npos) {
      total += std::stoll(term) * number_at(globals, term.substr(star + 1));
    } else if (term[0] >= '0' && term[0] <= '9') {
      total += std::stoll(term);
    } else {
      total += number_at(globals, term);
    }
  }
  return total;
}

std::string run_of(const std::string& globals) {
  return json::decode_string(look_up(globals, "run.id").value_or("\"\""));
}

/// Names one (run, step, iteration), whatever the attempt.
std::string key_of(const Line& line, const std::string& globals) {
  return run_of(globals) + "/" + line.name + "/" +
         std::string(look_up(globals, "index").value_or("")) + "/" +
         std::string(look_up(globals, "loop.iteration").value_or(""));
}

}  // namespace

void Executor::submit(ScriptJob job, Done done) {
  if (closed) return;
  const std::uint64_t id = job.job;
  take(id,
       {job.script->source, std::move(job.globals),
        [id, done = std::move(done)](AttemptResult result) { done(id, std::move(result)); }},
       job.timeout);
}

WorkQueue::Ticket Executor::Workers::request_work(WorkRequest request, std::function<void()>,
                                                  WorkQueue::Done done) {
  if (executor_.closed) return 0;
  const std::string args(json::at_pointer(request.body, "/args").value_or("{}"));
  const Ticket ticket = std::uint64_t{1} << 63 | ++executor_.last_task_;
  executor_.take(ticket,
                 {json::decode_string(json::at_pointer(args, "/line").value_or("\"\"")), args,
                  [done = std::move(done)](AttemptResult result) {
                    const bool silent = !result.ok && result.error.code != Code::kLuaError;
                    if (silent) return done(std::move(result.error));
                    if (result.ok) return done(WorkResult{std::string(result.value.view()), ""});
                    done(WorkResult{result.error.message, "lua_error"});
                  },
                  {},
                  {},
                  true},
                 request.timeout);
  return ticket;
}

bool Executor::Workers::cancel(Ticket ticket) {
  const auto found = executor_.jobs_.find(ticket);
  if (found == executor_.jobs_.end()) return false;
  // Sometimes its answer is on its way already.
  if (executor_.random_.below(4) != 0) executor_.jobs_.erase(found);
  else executor_.cancel(ticket);
  return true;
}

void Executor::take(std::uint64_t id, Job job, Duration timeout) {
  constexpr std::int64_t kDelaysMs[] = {0, 0, 0, 0, 0, 0, 3, 20, 50, 400, 1500};
  const Line line = parse(job.source);
  const std::string run = run_of(job.globals);
  if (const auto owner = Uuid::parse(run)) {
    works_on(RunId{*owner}, line.name.front() != 's');  // "s0", "s1", … are at the top
  }
  if (line.effect && !books_.start_is_durable(run, line.name)) {
    books_.complain("I6: the effect of " + line.name + " began before its start was durable");
  }
  const std::int64_t delay = kDelaysMs[random_.below(std::size(kDelaysMs))];
  const TimePoint now = clock_.peek();
  const bool hangs =
      line.what == "hang" && books_.failures[key_of(line, job.globals)] < line.argument;
  job.due = now + (hangs ? timeout : milliseconds(delay));
  job.started = now;
  jobs_[id] = std::move(job);
}

void Executor::cancel(std::uint64_t job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  found->second.cancelled = true;
  found->second.due = clock_.peek();
}

bool Executor::ready() const {
  for (const auto& [id, job] : jobs_) {
    if (job.due <= clock_.peek()) return true;
  }
  return false;
}

TimePoint Executor::next_due() const {
  TimePoint next;
  for (const auto& [id, job] : jobs_) {
    if (!next.set() || job.due < next) next = job.due;
  }
  return next;
}

void Executor::complete_one() {
  std::vector<std::uint64_t> due;
  for (const auto& [id, job] : jobs_) {
    if (job.due <= clock_.peek()) due.push_back(id);
  }
  auto node = jobs_.extract(due[random_.below(due.size())]);
  const Job& job = node.mapped();
  AttemptResult result = run(job);
  result.started = job.started;
  result.finished = clock_.peek();
  job.done(std::move(result));
}

void Executor::note(const std::string& key) {
  ++books_.executions[key];
  if (is_gone()) ++books_.by_gone[key];
}

AttemptResult Executor::run(const Job& job) {
  AttemptResult result;
  const auto fail = [&result](Code code, std::string message) {
    result.error = {code, std::move(message), {}};
    return std::move(result);
  };
  if (job.cancelled) return fail(Code::kRunStopped, "cancelled");
  const std::string& globals = job.globals;
  const Line line = parse(job.source);
  const std::string key = key_of(line, globals);
  // No worker listens: the task goes nowhere, and does no harm.
  if (job.is_task && faults && books_.losses[key] < 3 && random_.below(100) < 10) {
    ++books_.losses[key];
    return fail(Code::kUnavailable, "nobody");
  }
  if (line.lossy && faults && books_.losses[key] < 3 && random_.below(100) < 20) {
    constexpr Code kCodes[] = {Code::kSandboxLost, Code::kTimeout, Code::kOutcomeUnknown};
    ++books_.losses[key];
    books_.lost_at = clock_.peek();
    if (random_.below(2) == 0) note(key);  // lost before its effect, or behind it
    return fail(line.effect ? kCodes[random_.below(3)] : Code::kSandboxLost, "lost");
  }
  note(key);
  if (line.prints) result.logs.push_back({clock_.peek(), "a line of " + line.name});
  if (line.what == "fail") return fail(Code::kLuaError, "planned");
  if (line.what == "flaky" && books_.failures[key] < line.argument) {
    ++books_.failures[key];
    return fail(Code::kLuaError, "flaked");
  }
  if (line.what == "hang" && books_.failures[key] < line.argument) {
    ++books_.failures[key];
    return fail(Code::kTimeout, "hung");
  }
  const std::int64_t index = number_at(globals, "index");
  if (line.what == "failmod" && index % line.argument == 0) {
    return fail(Code::kLuaError, "planned");
  }
  const std::int64_t total = total_of(line, globals) % kModulus;
  result.ok = true;
  if (line.what == "pass") {
    result.value = json::Text::trusted(total >= line.argument ? R"({"pass":true})"
                                                              : R"({"pass":false})");
    return result;
  }
  std::int64_t v = total;
  if (line.what == "parity") v = total % 2;
  if (line.what == "ge") v = total >= line.argument ? 1 : 0;
  std::string text = R"({"v":)" + std::to_string(v);
  if (line.big) text += R"(,"pad":")" + std::string(1500, 'x') + "\"";
  result.value = json::Text::trusted(text + "}");
  return result;
}

}  // namespace troupe::simulation
