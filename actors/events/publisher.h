#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "actors/messages.h"
#include "runtime/port/event_sink.h"
#include "runtime/port/metrics.h"

namespace troupe::actors {

struct Services;

/// Publishes the events of every run of this node, in the order in which they were committed, each
/// at least once while the node lives. It keeps addresses of frames only, and reads them back at
/// its own pace on a reader of its own, so that neither a commit nor another reader waits for it;
/// while nobody can be told it tries again now and then. What it has not published when the process
/// ends, or what is over its bound, is published by nobody: whoever misses a number reads it over
/// the API. Thread-safe; owned by the node.
class Publisher {
 public:
  Publisher(Services& services, EventSink& sink, ReaderActor reader);

  /// By the committer, after each commit.
  void committed(const std::vector<store::Frame>& frames);
  /// Blocks until nothing is left or the time has passed.
  void wait_empty(Duration patience);
  const ReaderActor& reader() const { return reader_; }

 private:
  struct Address {
    RunId run;
    store::Pos pos = 0;
  };
  /// What is looked up once per run and page.
  using Rows = std::map<RunId, store::RunRow>;

  void wake();
  void drain(store::Reader& reader);
  std::vector<Address> page();
  Status publish_page(store::Reader& reader, const std::vector<Address>& page);
  void given_up(RunId run, const Error& error);
  Status publish_frame(store::Reader& reader, const Address& address, Rows& rows);

  Services& services_;
  EventSink& sink_;
  const ReaderActor reader_;
  Counter& published_;
  Counter& lost_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable emptied_;
  std::deque<Address> waiting_;
  bool awake_ = false;  ///< a drain is under way or on its way
};

}  // namespace troupe::actors
