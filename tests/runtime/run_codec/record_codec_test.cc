#include <gtest/gtest.h>

#include <map>

#include "runtime/run/record.h"
#include "tests/runtime/run_codec/members.h"
#include "tests/runtime/run_codec/sample.h"

namespace troupe::run {
namespace {

constexpr std::size_t kTypes = std::variant_size_v<Record>;

std::string encoded(const Record& record) {
  std::string bytes;
  encode(record, bytes);
  return bytes;
}

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char c : bytes) text += {kDigits[c >> 4], kDigits[c & 15]};
  return text;
}

record::StepFinished ordinary() {
  record::StepFinished record;
  record.attempt = attempt(3, 100);
  record.result = value(R"({"price":19.99,"name":"Widgit"})");
  return record;
}

record::RunCreated created() {
  record::RunCreated r;
  r.workspace = WorkspaceId(Uuid{1, 2});
  r.workflow = WorkflowId(Uuid{5, 6});
  r.version = 7;
  r.trigger_type = "api";
  r.at = at_ms(0);
  r.input = value("{}");
  r.overlays = {{1, value("1")}};
  r.out_of_scope = {2};
  r.carried = {{3, value("4"), {}, SkipReason::kRejected, true}};
  r.parent = {RunId(Uuid{7, 8}), StepPath(1).inner(2, 3)};
  r.bucket = 9;
  return r;
}

/// One of each type, in the order of their type bytes.
std::vector<Record> samples() {
  record::StepWaiting waiting{attempt(1, 0), WaitKind::kEvent, at_ms(60'000), {}, "paid", "k", {}};
  record::AttemptFailed failed{attempt(1, 0), {Code::kLuaError, "no"}, at_ms(500), {}};
  failed.logs.lines = {{at_ms(2), "hi"}};
  failed.logs.first = 1;
  failed.logs.count = 1;
  record::LoopStarted loop{attempt(2, 0), 3, {}, {}};
  loop.items.ref = ref(0xAB, 4000);
  const Failure kaput{Code::kTimeout, "late"};
  return {created(),
          record::RunStarted{at_ms(1)},
          record::StepStarted{attempt(1, 0)},
          waiting,
          failed,
          ordinary(),
          record::StepsSkipped{{StepPath(4), StepPath(40)}, SkipReason::kBlocked, at_ms(9), false},
          loop,
          record::ItemFinished{StepPath(2), 300, false, value("5"), {}},
          record::ChunkSealed{StepPath(2), 1, ref(0xCD, 2000)},
          record::IterationFinished{StepPath(2), 4, value("6"), at_ms(9)},
          record::RunPaused{store::PauseReason::kHuman, at_ms(9)},
          record::RunResumed{true, at_ms(9)},
          record::RunDraining{at_ms(9), at_ms(60'009)},
          record::EventStored{1, "paid", "k", value("7"), at_ms(9)},
          record::ChildAcknowledged{at_ms(9)},
          record::RunFinished{store::RunStatus::kFailed, {}, kaput, "a", false, at_ms(9)},
          record::GroupFinished{
              StepPath(2), 3, ref(0xEF, 3000), 64, 1, RunId(Uuid{9, 10}), 5, 2},
          record::ParentHeard{7}};
}

TEST(RunRecordCodec, BytesOfEveryTypeAreStable) {
  const std::vector<std::string> golden = {
      "0101bbde0180b0c0c495b5b006000000000000000100000000000000020000000000000005000000"
      "00000000060e03617069047b7d09010102310102010d030234040000000000000007000000000000"
      "0008050203",
      "020101d0bfc0c495b5b006",
      "0301070480b0c0c495b5b006d00f904e",
      "04019f180480b0c0c495b5b006d00f904e03809c9c390470616964016b",
      "05019f040480b0c0c495b5b006d00f904e096c75615f6572726f72026e6fc0843d01010101a01f02"
      "6869",
      "06011f0cc0caccc495b5b006d00f904e3e7b227072696365223a31392e39392c226e616d65223a22"
      "576964676974227d",
      "070107d0bcc1c495b5b006030210a001",
      "08011f0880b0c0c495b5b006d00f904e03c13eabababababababababababababababab",
      "09010508ac020235",
      "0a01030801d00fcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
      "0b010708040236d0bcc1c495b5b006",
      "0c0103d0bcc1c495b5b00603",
      "0d0103d0bcc1c495b5b006",
      "0e0103d0bcc1c495b5b006809c9c39",
      "0f011fd0bcc1c495b5b006010470616964016b0237",
      "100101d0bcc1c495b5b006",
      "11011bd0bcc1c495b5b006050774696d656f7574046c6174650161",
      "12017f0803b817efefefefefefefefefefefefefefefef40010000000000000009000000000000000a0502",
      "13010107",
  };
  const std::vector<Record> all = samples();
  ASSERT_EQ(all.size(), kTypes);
  for (std::size_t i = 0; i < kTypes; ++i) {
    EXPECT_EQ(all[i].index(), i);
    EXPECT_EQ(hex(encoded(all[i])), i < golden.size() ? golden[i] : "") << i;
  }
}

TEST(RunRecordCodec, EveryFieldSurvivesTheRoundTrip) {
  Filler filler(20261122);
  for (int round = 0; round < 500; ++round) {
    for (std::size_t type = 0; type < kTypes; ++type) {
      Record record = filler.record(type);
      if (auto* r = std::get_if<record::RunCreated>(&record)) {
        if (!r->parent.set()) r->parent.path = {};  // a path means nothing without its run
      }
      const std::string bytes = encoded(record) + "rest";
      std::string_view at = bytes;
      const Result<Record> back = decode(&at);
      ASSERT_TRUE(back.ok()) << type << " " << hex(bytes);
      ASSERT_TRUE(same(record, *back)) << type << " " << hex(bytes);
      ASSERT_EQ(at, "rest") << type;
    }
  }
}

TEST(RunRecordCodec, AnOrdinaryStepFinishedIsSmall) {
  ASSERT_EQ(ordinary().result.text.size(), 31u);
  EXPECT_LE(encoded(ordinary()).size(), 60u);
}

TEST(RunRecordCodec, AnyCutIsCorrupt) {
  Filler filler(3);
  for (int round = 0; round < 20; ++round) {
    for (std::size_t type = 0; type < kTypes; ++type) {
      const std::string bytes = encoded(filler.record(type));
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        // A copy of its own size, so that the sanitizer sees a read behind its end.
        const std::string cut(bytes, 0, size);
        const std::vector<char> exact(cut.begin(), cut.end());
        std::string_view at(exact.data(), exact.size());
        const Result<Record> record = decode(&at);
        ASSERT_FALSE(record.ok()) << type << " " << size;
        ASSERT_EQ(record.error().code, Code::kCorrupt) << type << " " << size;
        ASSERT_EQ(at.size(), size);
      }
    }
  }
}

TEST(RunRecordCodec, RandomDamageNeverReadsOutside) {
  Filler filler(4);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = encoded(filler.record(filler.below(kTypes)));
    for (std::uint64_t i = 0; i <= filler.below(4); ++i) {
      bytes[filler.below(bytes.size())] = static_cast<char>(filler.below(256));
    }
    const std::vector<char> exact(bytes.begin(), bytes.end());
    std::string_view at(exact.data(), exact.size());
    if (!decode(&at).ok()) ++refused;
  }
  EXPECT_GT(refused, 1000);
}

TEST(RunRecordCodec, WhatANewerVersionWroteIsUnavailable) {
  const std::string good = encoded(ordinary());
  for (const std::size_t byte : {0u, 1u}) {
    std::string bytes = good;
    bytes[byte] = 100;
    std::string_view at = bytes;
    EXPECT_EQ(decode(&at).error().code, Code::kUnavailable);
  }
  std::string bytes = encoded(samples()[4]);
  const std::size_t code = bytes.find("lua_error");
  ASSERT_NE(code, std::string::npos);
  bytes[code] = 'x';
  std::string_view at = bytes;
  EXPECT_EQ(decode(&at).error().code, Code::kUnavailable);
}

TEST(RunRecordCodec, AFieldThatTheVersionDoesNotHaveIsCorrupt) {
  std::string bytes = encoded(record::RunStarted{at_ms(1)});
  bytes[2] = 3;
  std::string_view at = bytes;
  EXPECT_EQ(decode(&at).error().code, Code::kCorrupt);
}

TEST(RunRecordCodec, AFrameHoldsExactlyItsRecords) {
  std::string bytes;
  for (const Record& record : samples()) encode(record, bytes);
  const Result<std::vector<Record>> all = decode_all(bytes, kTypes);
  ASSERT_TRUE(all.ok());
  for (std::size_t i = 0; i < kTypes; ++i) EXPECT_TRUE(same((*all)[i], samples()[i])) << i;
  EXPECT_EQ(decode_all(bytes + "x", kTypes).error().code, Code::kCorrupt);
  EXPECT_EQ(decode_all(bytes, kTypes + 1).error().code, Code::kCorrupt);
}

TEST(RunRecordCodec, AValueWithAStoredBodyGoesByReference) {
  record::StepFinished r = ordinary();
  r.result.text = json::Text::trusted("\"" + std::string(2000, 'x') + "\"");
  r.result.ref = ref(1, 2002);
  const std::string bytes = encoded(r);
  EXPECT_LT(bytes.size(), 60u);
  std::string_view at = bytes;
  const Result<Record> back = decode(&at);
  ASSERT_TRUE(back.ok());
  const Value& result = std::get<record::StepFinished>(*back).result;
  EXPECT_FALSE(result.resident());
  EXPECT_EQ(result.ref, r.result.ref);
}

}  // namespace
}  // namespace troupe::run
