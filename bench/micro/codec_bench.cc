// Cost of the record codec, of frames and of expansion into events, on one thread without a store.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "runtime/journal/frame.h"
#include "runtime/run/record.h"
#include "runtime/run/view.h"

namespace troupe {
namespace {

/// Keeps the optimizer from dropping work whose result nobody reads.
std::size_t sink = 0;

template <class Work>
void measure(const char* name, int rounds, const Work& work) {
  using Clock = std::chrono::steady_clock;
  double best_ns = 1e18;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const Clock::time_point start = Clock::now();
    for (int i = 0; i < rounds; ++i) work();
    const double ns = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    best_ns = std::min(best_ns, ns / rounds);
  }
  std::printf("%-34s %9.1f ns\n", name, best_ns);
}

run::record::StepFinished ordinary_step() {
  run::record::StepFinished record;
  record.attempt.path = run::StepPath(3);
  record.attempt.scheduled = {1'795'316'400'000'000};
  record.attempt.started = {1'795'316'400'000'150};
  record.attempt.finished = {1'795'316'400'000'900};
  record.result.text = json::Text::trusted(R"({"price":19.99,"name":"Widget"})");
  return record;
}

std::shared_ptr<const graph::Graph> four_steps() {
  auto graph = std::make_shared<graph::Graph>();
  for (std::uint32_t i = 0; i < 4; ++i) {
    graph::Step& step = graph->steps.emplace_back();
    step.id = "step-" + std::to_string(i);
    step.index = i;
  }
  return graph;
}

void bench_records(const run::Record& record) {
  std::string bytes;
  run::encode(record, bytes);
  std::printf("%-34s %9zu bytes\n", "StepFinished, 31-byte result", bytes.size());
  std::string buffer;
  measure("encode StepFinished", 1'000'000, [&] {
    if (buffer.size() > 60'000) buffer.clear();
    run::encode(record, buffer);
    sink += buffer.size();
  });
  measure("decode StepFinished", 1'000'000, [&] {
    std::string_view at = bytes;
    sink += run::decode(&at).ok() ? 1 : 0;
  });
}

void bench_frames(const run::Record& record) {
  std::string records;
  for (int i = 0; i < 4; ++i) run::encode(record, records);
  journal::Header header;
  header.number = 4;
  header.first_record = 5;
  header.record_count = 4;
  header.first_seq = 10;
  header.event_count = 12;
  header.back.one = (1ull << 40) | 77'000;
  const std::string frame = journal::encode_frame(header, records);
  std::printf("%-34s %9zu bytes\n", "frame of four StepFinished", frame.size());
  measure("encode frame", 1'000'000,
          [&] { sink += journal::encode_frame(header, records).size(); });
  measure("decode frame", 1'000'000, [&] { sink += journal::decode_frame(frame).ok() ? 1 : 0; });
  const std::string block(4096, 'x');
  measure("CRC32C of 4 KiB", 200'000, [&] { sink += journal::crc32c(block); });
  measure("CRC32C of 4 KiB by table", 20'000, [&] { sink += journal::crc32c_by_table(block); });
}

void bench_views(const run::Record& record) {
  const std::shared_ptr<const graph::Graph> graph = four_steps();
  const run::PayloadSource none = [](const run::PayloadRef&) -> Result<json::Text> {
    return {Code::kNotFound, "no body"};
  };
  const RunId id{Uuid{1, 2}};
  std::vector<LiveEvent> events;
  measure("expand StepFinished (3 events)", 200'000, [&] {
    events.clear();
    std::uint64_t seq = 1;
    sink += run::expand(*graph, id, record, &seq, none, events).ok() ? events.size() : 0;
  });
  run::State state;
  state.id = id;
  state.graph = graph;
  state.created = {1'795'316'400'000'000};
  state.root.steps.resize(4);
  std::string snapshot = run::encode_snapshot(state);
  std::printf("%-34s %9zu bytes\n", "snapshot, four pending steps", snapshot.size());
  measure("encode snapshot", 200'000, [&] { sink += run::encode_snapshot(state).size(); });
  measure("decode snapshot", 200'000, [&] { sink += run::decode_snapshot(snapshot).ok() ? 1 : 0; });
}

}  // namespace
}  // namespace troupe

int main() {
  const troupe::run::Record record = troupe::ordinary_step();
  troupe::bench_records(record);
  troupe::bench_frames(record);
  troupe::bench_views(record);
  return troupe::sink == 0 ? 1 : 0;
}
