// W8-takeover: a node with many open runs, half of them runnable, ends at once, and another one
// takes over when its lease has run out; time until the first interrupted run has ended there, and
// until all have. The node that ends holds its steps for ever, so that none of its runs ends there;
// on the one that takes over they take no time.

#include <stdexcept>

#include "bench/member.h"
#include "tests/support/nats_server.h"

namespace troupe::bench {
namespace {

constexpr Duration kForEver = seconds(86'400);
constexpr double kPatience_s = 120;

const char* kWaiting =
    R"({"steps":[{"id":"ok","name":"ok","type":"human_task","task_type":"approve",)"
    R"("task_payload":{}}]})";

void submit(Member& member, const StartRequest& request, std::uint64_t count) {
  for (std::uint64_t sent = 0; sent < count; sent += 1000) {
    const std::vector<BatchItem> items(std::min<std::uint64_t>(1000, count - sent));
    const auto accepted = await<std::vector<RunId>>([&](Callback<std::vector<RunId>> done) {
      member.engine().start_batch(request, items, std::move(done));
    });
    if (!accepted) throw std::runtime_error(accepted.error().message);
  }
}

std::uint64_t paused(Member& member) {
  using Counts = std::vector<std::uint64_t>;
  const auto counts = await<Counts>([&](Callback<Counts> done) {
    member.engine().read([done](store::Reader& reader) { done(reader.open_runs()); });
  });
  return counts ? (*counts)[static_cast<int>(store::RunStatus::kPaused)] : 0;
}

}  // namespace

Figures run_takeover(const Settings& settings) {
  if (settings.store != "postgres") throw std::runtime_error("W8-takeover takes --store postgres");
  const std::uint64_t open = settings.n > 0 ? settings.n : 100'000;
  const testing::NatsServer broker;
  const Usage used = usage();
  auto first = std::make_unique<Member>(settings, broker.url(), 1, kForEver);
  const StartRequest waiting = first->publish(kWaiting);
  const StartRequest runnable = first->publish(chain_graph(3));
  submit(*first, waiting, open / 2);
  if (!holds_within(kPatience_s, [&] { return paused(*first) >= open / 2; }))
    throw std::runtime_error("runs have not come to wait");
  submit(*first, runnable, open / 2);
  // Joining, it is given half of the slots with what lies in them; the rest is what is taken over.
  Member second(settings, broker.url(), 2, Duration{});
  const double share = 0.4 * cluster::kSlotCount;
  if (!holds_within(kPatience_s, [&] { return second.metric("slots_owned") >= share; }))
    throw std::runtime_error("the slots have not been spread");
  Figures figures;
  figures.n = open;
  const std::uint64_t handed_over = second.ended();
  first.reset();
  const double begun = monotonic_s();
  holds_within(kPatience_s, [&] { return second.metric("slots_owned") >= cluster::kSlotCount; });
  figures.more.emplace_back("slots_owned_s", monotonic_s() - begun);
  const std::uint64_t at_takeover = second.ended();
  holds_within(kPatience_s, [&] { return second.ended() > at_takeover; });
  figures.more.emplace_back("first_progress_s", monotonic_s() - begun);
  if (!holds_within(kPatience_s, [&] { return second.ended() >= open / 2; }))
    throw std::runtime_error("interrupted runs have not ended");
  figures.seconds = monotonic_s() - begun;
  figures.more.emplace_back("all_ended_s", figures.seconds);
  figures.more.emplace_back("ended_before_the_kill", static_cast<double>(handed_over));
  figures.runs_per_s = static_cast<double>(open / 2 - handed_over) / figures.seconds;
  figures.cpu_s = usage().cpu_s - used.cpu_s;
  figures.rss_peak_mb = usage().rss_peak_mb;
  figures.commits = static_cast<std::uint64_t>(second.metric("commit_duration_seconds_count"));
  second.shutdown();
  return figures;
}

}  // namespace troupe::bench
