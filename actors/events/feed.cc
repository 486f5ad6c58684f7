#include "actors/events/feed.h"

#include <iterator>
#include <mutex>
#include <utility>

#include "actors/cluster/router.h"
#include "actors/events/read_events.h"
#include "actors/node/always_answered.h"

namespace troupe::actors {
namespace {

constexpr std::size_t kPageEvents = 256;
constexpr std::size_t kLiveMax = 256;
constexpr int kMissesMax = 20;  ///< a run that crashes this often in a row has been set aside

/// State shared by the feed, the hub's watcher and reads under way; the feed may go first.
class RunFeedCore : public std::enable_shared_from_this<RunFeedCore> {
 public:
  RunFeedCore(Services& services, FeedRequest request)
      : services_(services), request_(std::move(request)), after_(request_.after) {}

  void watch() {
    const std::weak_ptr<RunFeedCore> weak = weak_from_this();
    watch_ = services_.hub.watch(*request_.run, [weak](const Hub::News& news) {
      if (const auto core = weak.lock()) core->news(news);
    });
    if (services_.router != nullptr) services_.router->feeds().view(*request_.run);
  }
  void close() {
    services_.hub.unwatch(watch_);
    if (services_.router != nullptr) services_.router->feeds().leave(*request_.run);
    const std::lock_guard lock(mutex_);
    waiting_ = {};
    closed_ = true;
  }

  void next(Callback<FeedPage> done) {
    {
      const std::lock_guard lock(mutex_);
      waiting_ = std::move(done);
    }
    step();
  }

 private:
  void news(const Hub::News& news) {
    {
      const std::lock_guard lock(mutex_);
      // What has no number tells nothing of the journal.
      if (news.live.empty() || news.seq > 0 || news.ended) fresh_ = true;
      for (const LiveEvent& event : news.live) {
        if (live_.size() < kLiveMax) live_.push_back(event);
      }
    }
    step();
  }

  /// If somebody waits and no read is under way: reads where there may be something new, else tells
  /// at once what is live alone.
  void step() {
    Callback<FeedPage> done;
    FeedPage page;
    {
      const std::lock_guard lock(mutex_);
      if (!waiting_ || reading_ || closed_) return;
      if (fresh_) {
        fresh_ = false;
        reading_ = true;
      } else {
        if (live_.empty()) return;
        page.events = std::exchange(live_, {});
        done = std::exchange(waiting_, {});
      }
    }
    if (done) return done(std::move(page));
    const auto self = shared_from_this();
    services_.reach(request_.scope.workspace,
                    ToRun{*request_.run, request_.scope,
                          Look{false, always_answered<RunLook>([self](Result<RunLook> seen) {
                                 self->looked(std::move(seen));
                               })}});
  }

  void looked(Result<RunLook> seen) {
    const bool lost = !seen && (seen.error().code == Code::kOutcomeUnknown ||
                                seen.error().code == Code::kStaleEpoch);
    if (lost && ++misses_ < kMissesMax) {
      // The run's actor ended over the question, or another node goes on with it: whoever brings
      // it back does so before it answers again.
      {
        const std::lock_guard lock(mutex_);
        reading_ = false;
        fresh_ = true;
      }
      return step();
    }
    misses_ = 0;
    if (!services_.ownership.speaks_for(seen)) return deliver(Ownership::lost_touch());
    if (!seen) return deliver(std::move(seen).error());
    services_.read([self = shared_from_this(), seen = std::move(*seen)](store::Reader& reader) {
      self->deliver(read_events(reader, seen, self->after_, kPageEvents));
    });
  }

  void deliver(Result<FeedPage> page) {
    Callback<FeedPage> done;
    {
      const std::lock_guard lock(mutex_);
      reading_ = false;
      if (page) {
        if (!page->events.empty()) after_ = page->events.back().seq;
        if (page->events.size() >= kPageEvents) fresh_ = true;  // there may be more
        // Nobody looks behind the event that ends a run.
        const auto at = page->events.end() - (page->ended && !page->events.empty() ? 1 : 0);
        page->events.insert(at, std::make_move_iterator(live_.begin()),
                            std::make_move_iterator(live_.end()));
        live_.clear();
      }
      if (!page || !page->events.empty() || page->ended) {
        done = std::move(waiting_);
        waiting_ = {};
      }
      if (page && !page->events.empty() && !page->ended) fresh_ = true;
    }
    if (done) done(std::move(page));
    else step();
  }

  Services& services_;
  const FeedRequest request_;
  std::uint64_t watch_ = 0;
  std::uint64_t after_;  ///< touched by the one read under way only
  int misses_ = 0;  ///< questions in a row that were not answered; like after_
  std::mutex mutex_;  // guards everything below
  Callback<FeedPage> waiting_;
  std::vector<LiveEvent> live_;
  bool fresh_ = true;
  bool reading_ = false;
  bool closed_ = false;
};

class RunFeed : public Feed {
 public:
  explicit RunFeed(std::shared_ptr<RunFeedCore> core) : core_(std::move(core)) { core_->watch(); }
  ~RunFeed() override { core_->close(); }
  void next(Callback<FeedPage> done) override { core_->next(std::move(done)); }

 private:
  std::shared_ptr<RunFeedCore> core_;
};

/// Buffers events of a scope until they are pulled; over its bound it ends with kOverloaded.
class ScopeFeedCore {
 public:
  explicit ScopeFeedCore(std::size_t events_max) : events_max_(events_max) {}

  void add(const std::vector<LiveEvent>& events) {
    {
      const std::lock_guard lock(mutex_);
      if (buffer_.size() + events.size() > events_max_) lagged_ = true;
      else buffer_.insert(buffer_.end(), events.begin(), events.end());
    }
    deliver();
  }
  void next(Callback<FeedPage> done) {
    {
      const std::lock_guard lock(mutex_);
      waiting_ = std::move(done);
    }
    deliver();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    waiting_ = {};
  }

 private:
  void deliver() {
    Callback<FeedPage> done;
    FeedPage page;
    bool lagged = false;
    {
      const std::lock_guard lock(mutex_);
      if (!waiting_ || (buffer_.empty() && !lagged_)) return;
      done = std::move(waiting_);
      waiting_ = {};
      page.events.swap(buffer_);
      lagged = page.events.empty();
    }
    if (lagged) done(Error{Code::kOverloaded, "the reader is too slow for this feed", {}});
    else done(std::move(page));
  }

  const std::size_t events_max_;
  std::mutex mutex_;
  std::vector<LiveEvent> buffer_;
  Callback<FeedPage> waiting_;
  bool lagged_ = false;
};

class ScopeFeed : public Feed {
 public:
  ScopeFeed(Services& services, const FeedRequest& request)
      : services_(services),
        core_(std::make_shared<ScopeFeedCore>(services.options.feed_buffer_events)) {
    const Hub::Scope scope{request.scope.workspace, request.scope.project, request.workflow};
    const auto add = [core = core_](const std::vector<LiveEvent>& events) { core->add(events); };
    watch_ = services_.hub.watch_scope(scope, add);
    if (services_.router != nullptr) view_ = services_.router->feeds().view(scope, add);
  }
  ~ScopeFeed() override {
    services_.hub.unwatch(watch_);
    if (services_.router != nullptr) services_.router->feeds().leave(view_);
    core_->close();
  }
  void next(Callback<FeedPage> done) override { core_->next(std::move(done)); }

 private:
  Services& services_;
  std::shared_ptr<ScopeFeedCore> core_;
  std::uint64_t watch_ = 0;
  std::uint64_t view_ = 0;  ///< what other nodes tell
};

}  // namespace

std::unique_ptr<Feed> open_feed(Services& services, FeedRequest request) {
  if (!request.run) return std::make_unique<ScopeFeed>(services, request);
  return std::make_unique<RunFeed>(std::make_shared<RunFeedCore>(services, std::move(request)));
}

}  // namespace troupe::actors
