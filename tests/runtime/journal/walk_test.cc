#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "runtime/base/random.h"
#include "runtime/journal/frame.h"

namespace troupe::journal {
namespace {

const RunId kEntity{Uuid{1, 2}};

/// One entity's frames: those before `start`, but for the stretch that is kept, answer only as
/// history. Counts its reads.
class CountingReader final : public store::Reader {
 public:
  std::map<store::Pos, store::Frame> frames;
  store::Pos start = 0;
  store::Pos kept_from = 0, kept_before = 0;
  int reads = 0;

  bool is_in_journal(store::Pos pos) const {
    return pos >= start || (pos >= kept_from && pos < kept_before);
  }

  Result<std::optional<store::Frame>> frame(store::Pos pos) override {
    ++reads;
    const auto found = frames.find(pos);
    if (!is_in_journal(pos) || found == frames.end()) return std::optional<store::Frame>();
    return std::optional(found->second);
  }
  Result<std::vector<store::Frame>> history(RunId entity,
                                            store::Pos after,
                                            std::size_t bytes_max) override {
    ++reads;
    std::vector<store::Frame> page;
    std::size_t bytes = 0;
    for (auto at = frames.upper_bound(after); at != frames.end(); ++at) {
      if (!page.empty() && bytes + at->second.bytes.size() > bytes_max) break;
      if (is_in_journal(at->first) || at->second.entity != entity) continue;
      bytes += at->second.bytes.size();
      page.push_back(at->second);
    }
    return page;
  }
  Result<bool> in_journal(store::Pos pos) override { return is_in_journal(pos); }

  // The walks call nothing else.
  template <class T>
  static Result<T> none() {
    ADD_FAILURE() << "the walk read something that is no frame";
    return {Code::kInternal, "not of this test"};
  }
  Result<std::vector<store::Workspace>> workspaces() override {
    return none<std::vector<store::Workspace>>();
  }
  Result<std::vector<store::Project>> projects(WorkspaceId) override {
    return none<std::vector<store::Project>>();
  }
  Result<std::optional<store::Workflow>> workflow(const store::TenantScope&, WorkflowId) override {
    return none<std::optional<store::Workflow>>();
  }
  Result<store::Rows<store::Workflow>> workflows(const store::TenantScope&,
                                                 const store::Page&,
                                                 bool) override {
    return none<store::Rows<store::Workflow>>();
  }
  Result<std::optional<store::Version>> version(WorkflowId, std::int32_t) override {
    return none<std::optional<store::Version>>();
  }
  Result<store::Rows<store::Version>> versions(const store::TenantScope&,
                                               WorkflowId,
                                               const store::Page&) override {
    return none<store::Rows<store::Version>>();
  }
  Result<std::optional<store::RunRow>> run(const store::TenantScope&, RunId) override {
    return none<std::optional<store::RunRow>>();
  }
  Result<std::optional<store::RunRow>> run_unscoped(RunId) override {
    return none<std::optional<store::RunRow>>();
  }
  Result<store::Rows<store::RunRow>> runs(const store::TenantScope&,
                                          const store::RunFilter&,
                                          const store::Page&) override {
    return none<store::Rows<store::RunRow>>();
  }
  Result<std::vector<std::uint64_t>> open_runs() override {
    return none<std::vector<std::uint64_t>>();
  }
  Result<std::vector<std::uint64_t>> open_runs_of(const store::TenantScope&,
                                                  const std::optional<WorkflowId>&) override {
    return none<std::vector<std::uint64_t>>();
  }
  Result<std::vector<store::Tally>> tallies(const store::TenantScope&,
                                            const store::TallyQuery&) override {
    return none<std::vector<store::Tally>>();
  }
  Result<std::optional<store::Snapshot>> snapshot(RunId) override {
    return none<std::optional<store::Snapshot>>();
  }
  Result<std::optional<std::string>> payload(std::uint32_t, ProjectId, const Digest&) override {
    return none<std::optional<std::string>>();
  }
  Result<std::optional<store::TaskRow>> task(const store::TenantScope&, TaskId) override {
    return none<std::optional<store::TaskRow>>();
  }
  Result<store::Rows<store::TaskRow>> tasks_pending(const store::TenantScope&,
                                                    RunId,
                                                    const store::Page&) override {
    return none<store::Rows<store::TaskRow>>();
  }
  Result<std::vector<store::WaiterRow>> waiters(const store::TenantScope&,
                                                std::string_view,
                                                std::string_view) override {
    return none<std::vector<store::WaiterRow>>();
  }
  store::Documents& documents(const store::DocumentScope&) override { std::abort(); }
  Result<std::uint64_t> access_generation() override { return none<std::uint64_t>(); }
  Result<std::vector<store::AuditRow>> audit(const store::AuditQuery&) override {
    return none<std::vector<store::AuditRow>>();
  }
  Result<store::AuditHead> audit_head(WorkspaceId) override {
    return none<store::AuditHead>();
  }
  Status scan_tail(const cluster::SlotSet&, const std::function<bool(store::Frame)>&) override {
    return none<Unit>();
  }
  Status scan_tail_of(RunId, store::Pos, const std::function<bool(store::Frame)>&) override {
    return none<Unit>();
  }
  Result<std::vector<store::Frame>> journal_of(store::NodeNumber, store::Pos,
                                               std::size_t) override {
    return none<std::vector<store::Frame>>();
  }
  Status runnable_snapshots(const cluster::SlotSet&,
                            const std::function<bool(store::Snapshot)>&) override {
    return none<Unit>();
  }
  Result<std::vector<store::Snapshot>> due(const cluster::SlotSet&, TimePoint, TimePoint,
                                           std::size_t) override {
    return none<std::vector<store::Snapshot>>();
  }
};

/// An entity of `count` frames at growing, uneven addresses; events_of says how many events each
/// has. Its owner changed before the frame `second_owner`.
struct Entity {
  CountingReader reader;
  Chain chain;
  std::vector<store::Pos> pos = {0};           // by frame number
  std::vector<std::uint64_t> first_seq = {0};  // by frame number
  std::vector<std::uint32_t> events = {0};
  std::uint64_t seq = 0;

  template <class EventsOf>
  Entity(std::uint64_t count, const EventsOf& events_of, std::uint64_t second_owner = 0) {
    Random random(count);
    store::Pos at = 1ull << store::kEpochShift;
    for (std::uint64_t number = 1; number <= count; ++number) {
      at += 1 + random.below(5);
      if (number == second_owner) at += 1ull << store::kEpochShift;
      Header header;
      header.number = number;
      header.first_record = number;
      header.record_count = 1;
      header.first_seq = seq + 1;
      header.event_count = events_of(number);
      header.back = chain.back();
      reader.frames[at] = {at, kEntity, 0, encode_frame(header, std::to_string(number))};
      chain.append(at);
      seq += header.event_count;
      pos.push_back(at);
      first_seq.push_back(header.first_seq);
      events.push_back(header.event_count);
    }
  }
  /// Numbers of the frames that a page must begin with.
  std::vector<std::uint64_t> expected_after(std::uint64_t after) const {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t n = 1; n < pos.size(); ++n) {
      if (events[n] > 0 && first_seq[n] + events[n] - 1 > after) numbers.push_back(n);
    }
    return numbers;
  }
};

std::vector<std::uint64_t> numbers(const Result<std::vector<store::Frame>>& frames) {
  std::vector<std::uint64_t> found;
  if (!frames.ok()) {
    ADD_FAILURE() << frames.error().message;
    return found;
  }
  for (const store::Frame& frame : *frames) {
    const Result<FrameView> view = decode_frame(frame.bytes);
    EXPECT_TRUE(view.ok());
    found.push_back(view->header.number);
  }
  return found;
}

/// Pages through the whole feed and checks that each page continues the one before.
void expect_whole_feed(Entity& entity, std::size_t frames_max) {
  const std::vector<std::uint64_t> all = entity.expected_after(0);
  std::vector<std::uint64_t> seen;
  std::uint64_t after = 0;
  while (after < entity.seq) {
    const auto page =
        numbers(frames_after_seq(entity.reader, kEntity, entity.chain.head(), after, frames_max));
    ASSERT_FALSE(page.empty()) << after;
    ASSERT_LE(page.size(), frames_max);
    seen.insert(seen.end(), page.begin(), page.end());
    after = entity.first_seq[page.back()] + entity.events[page.back()] - 1;
  }
  EXPECT_EQ(seen, all);
  EXPECT_TRUE(
      numbers(frames_after_seq(entity.reader, kEntity, entity.chain.head(), after, 10)).empty());
}

TEST(JournalWalk, AnyPageOfALongEntityNeedsFewReads) {
  Entity entity(100'000, [](std::uint64_t) { return 3u; });
  for (const std::uint64_t number :
       {1ull, 63ull, 64ull, 4096ull, 50'001ull, 99'990ull, 100'000ull}) {
    entity.reader.reads = 0;
    const std::uint64_t after = entity.first_seq[number];  // the second event of the frame is next
    const auto page =
        numbers(frames_after_seq(entity.reader, kEntity, entity.chain.head(), after, 10));
    ASSERT_FALSE(page.empty());
    EXPECT_EQ(page.front(), number);
    EXPECT_EQ(page.size(), std::min<std::uint64_t>(10, 100'000 - number + 1));
    EXPECT_TRUE(std::is_sorted(page.begin(), page.end()));
    EXPECT_LE(entity.reader.reads, 400) << number;
  }
}

TEST(JournalWalk, PagesJoinWithoutGapAcrossFramesWithoutEvents) {
  Entity sparse(9'000, [](std::uint64_t n) { return n % 7 == 0 ? 2u : 0u; });
  expect_whole_feed(sparse, 50);
  Entity mixed(700,
               [](std::uint64_t n) { return static_cast<std::uint32_t>(n * 2654435761u % 4); });
  expect_whole_feed(mixed, 1);
}

TEST(JournalWalk, EveryAfterFindsTheFrameThatHoldsTheNextEvent) {
  Entity entity(300,
                [](std::uint64_t n) { return static_cast<std::uint32_t>(n * 2654435761u % 4); });
  for (std::uint64_t after = 0; after <= entity.seq; ++after) {
    const auto page =
        numbers(frames_after_seq(entity.reader, kEntity, entity.chain.head(), after, 5));
    const auto expected = entity.expected_after(after);
    ASSERT_EQ(page.empty(), expected.empty()) << after;
    if (page.empty()) continue;
    ASSERT_EQ(page.front(), expected.front()) << after;
  }
}

TEST(JournalWalk, FramesThatLeftTheJournalAreReadFromHistory) {
  for (const std::uint64_t border : {2ull, 64ull, 777ull, 1500ull}) {
    Entity entity(1'500, [](std::uint64_t n) { return n % 3 == 0 ? 0u : 1u; });
    entity.reader.start = entity.pos[border] + (border == 1500 ? 1 : 0);
    expect_whole_feed(entity, 40);
  }
}

TEST(JournalWalk, FoldVisitsEveryFrameOnceInOrder) {
  for (const std::uint64_t count : {1ull, 63ull, 64ull, 65ull, 128ull, 1'000ull, 5'000ull}) {
    Entity entity(count, [](std::uint64_t) { return 1u; });
    for (const std::uint64_t border : {std::uint64_t{0}, count / 2, count}) {
      for (const std::uint64_t after : {std::uint64_t{0}, count / 3, count - 1, count}) {
        entity.reader.start = border == 0 ? 0 : entity.pos[border] + 1;
        std::uint64_t next = after + 1;
        const Status status =
            for_each_frame(entity.reader, kEntity, entity.chain.head(), entity.pos[after],
                           [&](const store::Frame& frame, const FrameView& view) {
                             EXPECT_EQ(view.header.number, next);
                             EXPECT_EQ(frame.pos, entity.pos[next]);
                             ++next;
                             return ok();
                           });
        ASSERT_TRUE(status.ok()) << status.error().message;
        ASSERT_EQ(next, count + 1) << count << " " << border << " " << after;
      }
    }
  }
}

TEST(JournalWalk, OlderFramesMayLeaveTheJournalAfterNewerOnes) {
  // Of 1,000 frames the second owner wrote those from 400 on, and retired them up to `border`.
  for (const std::uint64_t border : {401ull, 448ull, 777ull, 1'000ull}) {
    for (const std::uint64_t kept : {1ull, 64ull, 300ull, 399ull}) {
      Entity entity(1'000, [](std::uint64_t n) { return n % 3 == 0 ? 0u : 1u; }, 400);
      entity.reader.start = entity.pos[border];
      entity.reader.kept_from = entity.pos[kept];
      entity.reader.kept_before = entity.pos[400];
      expect_whole_feed(entity, 40);
      for (const std::uint64_t after : {0ull, 350ull, 420ull}) {
        std::uint64_t next = after + 1;
        const Status status =
            for_each_frame(entity.reader, kEntity, entity.chain.head(), entity.pos[after],
                           [&](const store::Frame& frame, const FrameView&) {
                             EXPECT_EQ(frame.pos, entity.pos[next]);
                             ++next;
                             return ok();
                           });
        ASSERT_TRUE(status.ok()) << status.error().message;
        ASSERT_EQ(next, 1'001u) << border << " " << kept << " " << after;
      }
    }
  }
}

TEST(JournalWalk, FoldReadsAboutOncePerFrame) {
  Entity entity(10'000, [](std::uint64_t) { return 1u; });
  const Status status = for_each_frame(entity.reader, kEntity, entity.chain.head(), 0,
                                       [](const store::Frame&, const FrameView&) { return ok(); });
  ASSERT_TRUE(status.ok());
  EXPECT_LE(entity.reader.reads, 10'400);
}

TEST(JournalWalk, MissingOrDamagedFrameIsCorrupt) {
  Entity entity(200, [](std::uint64_t) { return 1u; });
  entity.reader.frames.erase(entity.pos[100]);
  EXPECT_EQ(frames_after_seq(entity.reader, kEntity, entity.chain.head(), 98, 10).error().code,
            Code::kCorrupt);
  entity.reader.frames[entity.pos[190]].bytes[3] ^= 1;
  const Status status = for_each_frame(entity.reader, kEntity, entity.chain.head(), entity.pos[150],
                                       [](const store::Frame&, const FrameView&) { return ok(); });
  EXPECT_EQ(status.error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace troupe::journal
