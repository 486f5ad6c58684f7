#include "tests/system/cluster_history.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>
#include <sstream>

#include "tests/system/cluster_graphs.h"

namespace troupe::testing {
namespace {

std::string plural(long long count, const std::string& what) {
  return std::to_string(count) + " " + what;
}

/// The recorded result of each step of the run itself, against the one in its context, which is
/// what later steps have consumed.
std::string fault_of_results(const std::vector<Json>& events, const Json& context) {
  for (const Json& event : events) {
    if (text_at(event, "/event_type") != "step_completed") continue;
    const std::string step = text_at(event, "/step_id");
    const Json& known = at(context, "/steps/" + step);
    if (known.is_null()) continue;  // of a loop's body
    if (text_at(known, "/status") != "completed") {
      return "step " + step + " was completed and is " + text_at(known, "/status");
    }
    if (at(event, "/data/result") != at(known, "/result") && !at(event, "/data/result").is_null()) {
      return "step " + step + " has another result than was recorded";
    }
  }
  return "";
}

std::string fault_of_events(const std::vector<Json>& events) {
  long long seq = 0;
  int terminal = 0;
  std::map<std::string, int> completed;
  std::map<std::string, int> started;
  for (const Json& event : events) {
    if (int_at(event, "/seq") != ++seq) return "a gap before event " + text_at(event, "/seq");
    if (terminal > 0) return "something follows its terminal event";
    const std::string type = text_at(event, "/event_type");
    if (type == "run_completed" || type == "run_failed" || type == "run_stopped") ++terminal;
    const std::string step = text_at(event, "/step_id");
    if (type == "step_completed" && ++completed[step] > 1) return step + " was completed twice";
    const std::string attempt = step + "@" + text_at(event, "/attempt");
    if (type == "step_started" && ++started[attempt] > 1) return attempt + " was started twice";
  }
  return terminal == 1 ? "" : "it has no terminal event";
}

/// Of the ticking program: each tick comes after what it waits for, and not before its time, by
/// clocks that may have been wrong.
std::string fault_of_ticks(const std::vector<Json>& events, const Campaign& campaign) {
  constexpr long long kTickMs = 800;
  long long before = 0;
  for (const Json& event : events) {
    if (text_at(event, "/event_type") != "step_completed") continue;
    const long long now = ms_of_day(text_at(event, "/at"));
    const std::string step = text_at(event, "/step_id");
    if (step[0] == 'w' && now - before < kTickMs - campaign.clock_error(before, now)) {
      return step + " was over too early";
    }
    before = now;
  }
  return "";
}

const std::string kFrames = "I4 one owner at a time: frames that follow each other";

class Reading {
 public:
  Reading(Campaign& campaign, const std::vector<Accepted>& accepted, History& history)
      : campaign_(campaign), accepted_(accepted), history_(history) {}

  /// Every so manyth run, at doors that change.
  void read(std::size_t first, std::size_t step, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::vector<Api>> apis(campaign_.doors());
    for (std::size_t door = 0; door < campaign_.doors(); ++door) {
      for (std::size_t tenant = 0; tenant < campaign_.tenants().size(); ++tenant) {
        http_client::Options options = campaign_.door(door, tenant);
        options.request_time = seconds(20);
        apis[door].emplace_back(std::move(options));
      }
    }
    for (std::size_t i = first; i < accepted_.size(); i += step) {
      const Accepted& one = accepted_[i];
      std::string fault;
      try {
        fault = fault_of(apis[random() % apis.size()], one);
      } catch (const std::exception& failed) {
        fault = failed.what();
      }
      if (fault.empty()) continue;
      const std::lock_guard lock(mutex_);
      history_.faults.push_back(campaign_.programs()[one.run.program].name + " run " +
                                one.run.id + ": " + fault);
    }
  }

 private:
  std::string fault_of(std::vector<Api>& as, const Accepted& one) {
    const Program& program = campaign_.programs()[one.run.program];
    Api& api = as[one.tenant];
    const Answer found = api.get("/v1/runs/" + one.run.id + "/summary");
    if (found.status != 200) return "its summary is answered " + found.text;
    const Json& row = found.body;
    if (text_at(row, "/status") != "completed") {
      return "it is " + text_at(row, "/status") + " " + text_at(row, "/error");
    }
    if (at(row, "/output") != Json(program.expected(one.run.n))) {
      return "its output is " + text_at(row, "/output") + ", not " +
             std::to_string(program.expected(one.run.n));
    }
    const std::vector<Json> events = api.events(one.run.id);
    if (std::string fault = fault_of_events(events); !fault.empty()) return fault;
    if (program.name == "ticking") {
      if (std::string fault = fault_of_ticks(events, campaign_); !fault.empty()) return fault;
    }
    if (at(events.back(), "/data/output") != at(row, "/output")) {
      return "its row and its journal differ";
    }
    const Json context = api.context(one.run.id);
    if (std::string fault = fault_of_results(events, context); !fault.empty()) return fault;
    if (std::string fault = fault_of_effects(one, program, context); !fault.empty()) return fault;
    for (std::size_t tenant = 0; tenant < as.size(); ++tenant) {
      const int status = tenant == one.tenant
                             ? 404
                             : as[tenant].get("/v1/runs/" + one.run.id + "/events").status;
      if (status != 404) return "another tenant is answered " + std::to_string(status);
    }
    note(one.run.id, program, events);
    return "";
  }

  std::string fault_of_effects(const Accepted& one, const Program& program, const Json& context) {
    if (program.name != "effects") return "";
    for (const std::string step : {Effects::kRepeatable, Effects::kOnce, Effects::kGuarded}) {
      const Json& result = at(context, "/steps/" + step + "/result");
      std::string fault = campaign_.effects().fault_of(one.run.id, step, result);
      if (!fault.empty()) return fault;
      const std::lock_guard lock(mutex_);
      const bool is_in_doubt = at(result, "/deed").is_null();
      if (is_in_doubt) ++(step == Effects::kGuarded ? history_.doubted : history_.vouched);
      if (Effects::is_second_answer(result)) ++history_.second_answers;
      ++history_.checks["I5 what is recorded was done: results of effects"];
    }
    return "";
  }

  void note(const std::string& run, const Program& program, const std::vector<Json>& events) {
    Times times;
    std::size_t repeated = 0;
    const bool repeats = program.name == "retry" || program.name == "effects";
    long long results = 0;
    const auto others = static_cast<long long>(campaign_.tenants().size()) - 1;
    for (const Json& event : events) {
      times.push_back(ms_of_day(text_at(event, "/at")));
      const bool begins = text_at(event, "/event_type") == "step_started";
      if (begins && !repeats && int_at(event, "/attempt") > 1) ++repeated;
      if (text_at(event, "/event_type") == "step_completed") ++results;
    }
    const std::lock_guard lock(mutex_);
    history_.repeated_attempts += repeated;
    Checks& checks = history_.checks;
    ++checks["I1 what was accepted ends right: runs"];
    checks["I4 one result per step, the one that was used: results"] += results;
    checks["I7, I10 nothing behind the end, no gap: events"] +=
        static_cast<long long>(events.size());
    if (program.name == "ticking") checks["I9 no timer is early: waits"] += results / 2;
    ++checks["I11 the row is what the journal says: runs"];
    checks["I12 no tenant sees another's: questions"] += others;
    // Where clocks were wrong times are not in the order of the events.
    std::sort(times.begin(), times.end());
    // Others wait for somebody.
    const bool goes_on = !program.human && program.name != "gate" && program.name != "effects";
    if (goes_on) history_.events[run] = std::move(times);
  }

  Campaign& campaign_;
  const std::vector<Accepted>& accepted_;
  History& history_;
  std::mutex mutex_;
};

/// The head of a frame, from its bytes in hexadecimal.
struct Head {
  unsigned long long number = 0, first_record = 0, records = 0, first_seq = 0, events = 0;
  unsigned long long before = 0;  ///< the address of the one before it
};

Head head_of(const std::string& hex) {
  std::size_t place = 2;  // behind the version
  const auto varint = [&] {
    unsigned long long value = 0;
    for (int shift = 0;; shift += 7, place += 2) {
      const unsigned long long byte = std::stoull(hex.substr(place, 2), nullptr, 16);
      value |= (byte & 0x7F) << shift;
      if ((byte & 0x80) != 0) continue;
      place += 2;
      return value;
    }
  };
  Head head;
  head.number = varint();
  head.first_record = varint();
  head.records = varint();
  head.first_seq = varint();
  head.events = varint();
  head.before = varint();
  return head;
}

struct Placed {
  unsigned long long pos = 0;
  Head head;
};

std::string fault_of_chain(const Placed& one, const Placed& next) {
  if (next.head.number != one.head.number + 1) return "";  // what lies between is in history
  if (next.head.first_record != one.head.first_record + one.head.records) return "records";
  if (next.head.first_seq != one.head.first_seq + one.head.events) return "events";
  if (next.head.before != one.pos) return "addresses";
  return "";
}

}  // namespace

History check_history(Campaign& campaign, const std::vector<Accepted>& accepted,
                      std::uint64_t seed) {
  History history;
  history.runs_accepted = accepted.size();
  Reading reading(campaign, accepted, history);
  constexpr std::size_t kReaders = 2;
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] { reading.read(i, kReaders, seed + i); });
  }
  for (std::thread& reader : readers) reader.join();
  return history;
}

std::vector<std::string> faults_of_journals(Database& database, Checks* checks) {
  std::vector<std::string> faults;
  std::istringstream tables(database.query("SELECT n FROM journal_tables ORDER BY n"));
  std::map<std::string, std::map<unsigned long long, Placed>> chains;
  for (std::string table; tables >> table;) {
    std::istringstream rows;
    try {
      rows.str(database.query("SELECT pos || ' ' || entity || ' ' || "
                              "encode(substring(bytes FROM 1 FOR 61), 'hex') FROM journal_" +
                              table));
    } catch (const std::runtime_error&) {
      continue;  // retired meanwhile
    }
    unsigned long long pos = 0;
    for (std::string entity, hex; rows >> pos >> entity >> hex;) {
      const Placed placed{pos, head_of(hex)};
      const auto [at, is_new] = chains[entity].try_emplace(placed.head.number, placed);
      if (checks != nullptr) ++(*checks)[kFrames];
      if (!is_new) {
        faults.push_back("run " + entity + " has two frames " +
                         std::to_string(placed.head.number));
      }
    }
  }
  for (const auto& [entity, chain] : chains) {
    for (auto next = chain.begin(); next != chain.end() && std::next(next) != chain.end(); ++next) {
      const std::string fault = fault_of_chain(next->second, std::next(next)->second);
      if (fault.empty()) continue;
      faults.push_back("run " + entity + ": the " + fault + " of frame " +
                       std::to_string(next->first + 1) + " do not follow");
    }
  }
  return faults;
}

std::vector<std::string> faults_of_tables(Database& database, const Campaign& campaign,
                                          const std::vector<Accepted>& accepted,
                                          History& history) {
  std::vector<std::string> faults;
  const int in_doubt = history.starts_in_doubt;
  long long most = in_doubt;
  long long least = 0;
  for (const Accepted& one : accepted) {
    // The program "child" runs a chain, whose run is one of its own.
    const long long runs = campaign.programs()[one.run.program].name == "child" ? 2 : 1;
    least += runs;
    most += runs;
  }
  most += in_doubt;  // each of those may have a child as well
  const long long runs = database.number("SELECT count(*) FROM runs");
  history.runs_begun = runs;
  history.runs_ended = database.number("SELECT count(*) FROM runs WHERE status>=4");
  history.checks["I2 no run without a start: runs in the store"] = runs;
  if (runs < least) faults.push_back(plural(least - runs, "runs are missing"));
  if (runs > most) faults.push_back(plural(runs - most, "runs were started by nobody"));
  const std::vector<std::pair<std::string, std::string>> leftovers = {
      {"runs are open", "runs WHERE status<4"},
      {"snapshots are left of ended runs", "snapshots"},
      {"tasks are pending of ended runs", "tasks WHERE pending=1"},
      {"waits are left of ended runs", "waiters"}};
  for (const auto& [what, rows] : leftovers) {
    const long long count = database.number("SELECT count(*) FROM " + rows);
    if (count > 0) faults.push_back(plural(count, what));
  }
  return faults;
}

std::vector<std::string> faults_of_effects(Database& database, const Effects& effects,
                                           History& history) {
  std::istringstream rows(database.query("SELECT id FROM runs"));
  const std::set<std::string> known{std::istream_iterator<std::string>(rows), {}};
  history.effects_done = effects.done();
  history.effects_repeated = effects.repeated();
  history.moods = effects.moods();
  history.checks["I5, I6 done once, with one set of inputs, for a run that is: effects"] =
      effects.done();
  return effects.faults(known, history.second_answers);
}

std::vector<std::string> faults_of_calm(Database& database, int timeout_ms, Checks* checks) {
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"slots have no owner that lives",
       "slots WHERE owner NOT IN (SELECT number FROM nodes WHERE state<2)"},
      {"slots have tails", "slots WHERE tails<>'{}'"},
      {"nodes that are gone have journals", "nodes WHERE state=2"},
      {"journals belong to no node",
       "journal_tables WHERE node NOT IN (SELECT number FROM nodes)"}};
  std::vector<std::string> faults;
  if (checks != nullptr) (*checks)["I8 nothing without an owner: tables looked at"] = 8;
  eventually(timeout_ms, [&] {
    faults.clear();
    for (const auto& [what, rows] : wanted) {
      const long long count = database.number("SELECT count(*) FROM " + rows);
      if (count > 0) faults.push_back(plural(count, what));
    }
    return faults.empty();
  });
  return faults;
}

}  // namespace troupe::testing
