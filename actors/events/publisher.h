#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/messages.h"
#include "runtime/port/event_sink.h"
#include "runtime/port/metrics.h"

namespace troupe::actors {

struct Services;

/// Publishes the events of every run whose frames are in this node's journal, each at least once,
/// whatever dies: a mark in the store says up to which address all have been published, and the
/// next life of the journal's file, or another node after this one's end, goes on from there. It
/// keeps addresses of frames only, and reads them back at its own pace on a reader of its own, so
/// that neither a commit nor another reader waits for it. While nobody can be told it tries again
/// now and then, and lets the journal grow up to a bound; what is over that is told to be a gap.
/// Thread-safe; owned by the node.
class Publisher {
 public:
  Publisher(Services& services, EventSink& sink, ReaderActor reader);

  /// Before anything is committed in this life, whose addresses begin at `from`: takes up what an
  /// earlier one has left.
  Status begin(store::Writer& writer, store::Pos from);
  /// By the committer, after each commit.
  void committed(const std::vector<store::Frame>& frames);
  /// By the committer, which has this many journal tables: they are no more than may be kept.
  void bound(store::Writer& writer, const std::vector<store::Pos>& tables);
  /// A node may have gone: what it has left is published by one of those that live.
  void look_for_gone();
  /// Blocks until nothing is left, and noted in the store, or the time has passed.
  void wait_empty(Duration patience);
  const ReaderActor& reader() const { return reader_; }

 private:
  struct Address {
    RunId run;
    store::Pos pos = 0;
  };
  /// Frames of one journal that are not in `waiting_`: those from `from` up to `last`.
  struct Stretch {
    store::NodeNumber node = 0;  ///< gone; 0: this one
    store::Pos from = 0, last = 0;
    TimePoint since;
  };
  /// What is looked up once per run and page.
  using Rows = std::map<RunId, store::RunRow>;

  void wake();
  void drain(store::Reader& reader);
  bool drain_stretch(store::Reader& reader);
  bool drain_page(store::Reader& reader);
  Status publish_all(store::Reader& reader, const std::vector<store::Frame>& frames);
  Status publish_frame(store::Reader& reader, const store::Frame& frame, Rows& rows);
  Status send(const RunEvent& event);
  void given_up(RunId run, const Error& error);
  void end_stretch(const Stretch& stretch, const Error* why);
  void save_later();
  void save(store::Writer& writer);
  Stretch* own_stretch();
  store::Pos mark();
  bool is_empty() const { return waiting_.empty() && stretches_.empty(); }

  Services& services_;
  EventSink& sink_;
  const ReaderActor reader_;
  Counter& published_;
  Counter& lost_;
  Counter& gaps_;
  int rows_missed_ = 0;  ///< tries in a row that found a run without its row; the reader's
  std::mutex mutex_;     // guards what follows
  std::condition_variable emptied_;
  std::deque<Address> waiting_;    ///< in the order of their commits
  std::deque<Stretch> stretches_;  ///< this node's own first
  std::uint64_t shift_ = 0;        ///< grows when `waiting_` or `stretches_` lose what nobody told
  store::Pos last_ = 0;            ///< the greatest address that has been committed
  bool awake_ = false;             ///< a drain is under way or on its way
  bool saves_ = false;             ///< a save is on its way
  bool looks_ = false;             ///< a look for gone nodes is on its way
};

/// At a start without anybody to publish for: what an earlier life meant to publish is let go, and
/// told to be a gap.
Status stop_publishing(Services& services, store::Writer& writer, store::Reader& reader);
/// The same of the journals that gone nodes have left.
void let_go_of_gone(Services& services);

}  // namespace troupe::actors
