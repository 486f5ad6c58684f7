// Followers of runs and of the whole project.
#include "tests/simulation/client.h"

#include "runtime/json/read.h"

namespace troupe::simulation {

void Client::follow(RunId run) {
  followers_.push_back(std::make_unique<Follower>());
  followers_.back()->run = run;
  open(*followers_.back());
}

void Client::open(Follower& follower) {
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  FeedRequest request;
  request.scope = world_.scope();
  request.run = follower.run;
  request.after = follower.after;
  follower.life = node->life;
  follower.feed = node->engine().open_feed(std::move(request));
  pull(follower);
}

void Client::pull(Follower& follower) {
  if (follower.feed == nullptr || follower.ended) return;
  follower.feed->next([this, &follower, life = follower.life](Result<FeedPage> page) {
    if (!world_.lives(life) || life != follower.life) return;
    if (!page && !passing(page.error().code)) {
      return world_.complain("a feed ended: " + page.error().message);
    }
    if (page) take(follower, *page);
    const bool elsewhere = !page || (world_.cluster && world_.chance(5));
    world_.later(world_.up_to(milliseconds(20)), [this, &follower, life, elsewhere] {
      if (!world_.lives(life) || life != follower.life) return;
      if (elsewhere && !follower.ended) open(follower);
      else pull(follower);
    });
  });
}

void Client::take(Follower& follower, const FeedPage& page) {
  const JournalWatch::Run* durable = world_.watch.find(follower.run);
  for (const LiveEvent& event : page.events) {
    if (event.seq == 0) continue;
    world_.note("event " + event.json);
    if (event.seq != follower.after + 1) {
      world_.complain("I10: a feed of " + follower.run.to_string() + " went from " +
                      std::to_string(follower.after) + " to " + std::to_string(event.seq));
    }
    if (event.seq > durable->seq) world_.complain("I6: a feed shows what is not durable");
    const auto [at, fresh] = follower.seen.try_emplace(event.seq, event.json);
    if (!fresh && at->second != event.json) {
      world_.complain("I10: event " + std::to_string(event.seq) + " of " +
                      follower.run.to_string() + " has changed: " + at->second + " / " +
                      event.json);
    }
    follower.after = event.seq;
  }
  if (!page.ended) return;
  follower.ended = true;
  if (!durable->ended || follower.after != durable->seq) {
    world_.complain("I10: a feed ended before its run");
  }
}

void Client::open_scope() {
  SimNode* const node = world_.any_node();
  if (node == nullptr) return;
  FeedRequest request;
  request.scope = world_.scope();
  scope_life_ = node->life;
  scope_feed_ = node->engine().open_feed(std::move(request));
  pull_scope();
}

void Client::pull_scope() {
  if (scope_feed_ == nullptr) return;
  scope_feed_->next([this, life = scope_life_](Result<FeedPage> page) {
    if (!world_.lives(life) || life != scope_life_ || !page) return;
    for (const LiveEvent& event : page->events) {
      if (event.seq == 0) continue;
      const auto id = json::member(event.json, "run_id");
      const std::string run = json::decode_string(id.value_or("\"\""));
      const auto uuid = Uuid::parse(run);
      const JournalWatch::Run* durable = uuid ? world_.watch.find(RunId{*uuid}) : nullptr;
      if (durable == nullptr || event.seq > durable->seq) {
        world_.complain("I6: a scope's feed shows what is not durable: " + event.json);
      }
      scope_seen_[{run, event.seq}] = event.json;
    }
    world_.later({0}, [this, life] {
      if (world_.lives(life) && life == scope_life_) pull_scope();
    });
  });
}

}  // namespace troupe::simulation
