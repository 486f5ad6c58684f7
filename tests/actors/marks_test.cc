#include "actors/committer/marks.h"

#include <gtest/gtest.h>

namespace troupe::actors {
namespace {

const RunId kRun{Uuid{1, 1}};
const RunId kOther{Uuid{2, 2}};

Submission with_frame(RunId run, store::Pos pos) {
  Submission submission;
  submission.pos = pos;
  submission.batch.frames.push_back({pos, run, 0, "frame"});
  return submission;
}

TEST(Marks, AnEntityHoldsTheMarkAtItsOldestFrameBehindItsSnapshot) {
  Marks marks;
  marks.note(with_frame(kRun, 10));
  marks.note(with_frame(kRun, 20));
  marks.note(with_frame(kOther, 15));
  EXPECT_EQ(marks.oldest(cluster::all_slots(), 100), 10u);
  Submission snapshot;
  snapshot.batch.snapshots.push_back({kRun, {}, 20, {}, true, "state"});
  marks.note(snapshot);
  EXPECT_EQ(marks.oldest(cluster::all_slots(), 100), 15u);
}

TEST(Marks, WhatEndsOrSleepsHoldsNothing) {
  Marks marks;
  marks.note(with_frame(kRun, 10));
  Submission last = with_frame(kRun, 30);
  last.closes = true;
  marks.note(last);
  EXPECT_EQ(marks.oldest(cluster::all_slots(), 100), 100u);
  EXPECT_EQ(marks.size(), 0u);
}

TEST(Marks, AFrameAfterASnapshotCountsFromThere) {
  Marks marks;
  Submission both = with_frame(kRun, 10);
  both.batch.snapshots.push_back({kRun, {}, 10, {}, true, "state"});
  marks.note(both);
  EXPECT_EQ(marks.size(), 0u);
  marks.note(with_frame(kRun, 40));
  EXPECT_EQ(marks.oldest(cluster::all_slots(), 100), 40u);
}

}  // namespace
}  // namespace troupe::actors
