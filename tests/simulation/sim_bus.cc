#include "tests/simulation/sim_bus.h"

#include "tests/simulation/world.h"

namespace troupe::simulation {

class SimBus::Station final : public Bus {
 public:
  Station(SimBus& net, int life) : net_(net), life_(life) { net_.stations_[life] = this; }
  ~Station() override {
    close();
    net_.stations_.erase(life_);
  }

  Status listen(store::NodeNumber self, Handler handler) override {
    number_ = self;
    handler_ = std::move(handler);
    return ok();
  }
  void close() override {
    number_ = 0;
    handler_ = {};
    net_.forget(life_);
  }
  void request(store::NodeNumber to, std::string body, Duration patience,
               Answer answer) override {
    net_.request(life_, to, std::move(body), patience, std::move(answer));
  }
  void tell(store::NodeNumber to, std::string body) override {
    net_.send({life_, to, std::move(body), 0, true});
  }
  void tell_all(std::string body) override {
    for (const auto& [life, station] : net_.stations_) {
      if (life != life_ && station->number_ != 0) tell(station->number_, body);
    }
  }
  bool connected() const override { return !net_.is_stopped(); }

 private:
  friend class SimBus;
  SimBus& net_;
  const int life_;
  store::NodeNumber number_ = 0;  ///< 0: does not listen
  Handler handler_;
};

std::unique_ptr<Bus> SimBus::connect(int life) { return std::make_unique<Station>(*this, life); }

void SimBus::heal() {
  cuts_.clear();
  stopped_until_ = {};
}

bool SimBus::is_stopped() const { return world_.clock.peek() < stopped_until_; }

bool SimBus::is_cut(int from, int to) const {
  const auto found = cuts_.find({from, to});
  return is_stopped() || (found != cuts_.end() && world_.clock.peek() < found->second);
}

SimBus::Station* SimBus::station_of(store::NodeNumber number) const {
  for (const auto& [life, station] : stations_) {
    if (station->number_ == number && number != 0) return station;
  }
  return nullptr;
}

int SimBus::copies() {
  if (!faults) return 1;
  const std::uint64_t fate = world_.random.below(100);
  if (fate < lost) return 0;
  return fate < lost + doubled ? 2 : 1;
}

Duration SimBus::delay() {
  const std::uint64_t kind = world_.random.below(faults ? 20 : 10);
  if (kind < 6) return world_.up_to(milliseconds(1));
  if (kind < 19) return world_.up_to(milliseconds(30));
  return world_.up_to(milliseconds(4000));
}

void SimBus::request(int from, store::NodeNumber to, std::string body, Duration patience,
                     Bus::Answer answer) {
  const std::uint64_t id = next_++;
  pending_[id] = {from, std::move(answer)};
  world_.later(patience, [this, id] {
    finish(id, Error{Code::kTimeout, "the other node has not answered in time", {}});
  });
  if (is_stopped()) {
    world_.later(delay(), [this, id] {
      finish(id, Error{Code::kUnavailable, "the bus is stopped", {}});
    });
    return;
  }
  send({from, to, std::move(body), id, true});
}

void SimBus::send(Letter letter) {
  const int count = copies();
  letter.alone = count == 1;
  for (int copy = 0; copy < count; ++copy) {
    // Another one comes as late as over a new link, when much may have happened since.
    const Duration late = copy == 0 ? delay() : world_.up_to(milliseconds(4000));
    world_.later(late, [this, letter] { arrive(letter); });
  }
}

void SimBus::arrive(const Letter& letter) {
  Station* const station = station_of(letter.to);
  if (station == nullptr) {
    // Nobody has heard it, and nobody will.
    if (letter.request != 0 && letter.alone && world_.chance(50)) {
      finish(letter.request, Error{Code::kUnavailable, "nobody listens there", {}});
    }
    return;
  }
  if (is_cut(letter.from, station->life_)) return;
  if (const Duration wait = world_.frozen_for(station->life_); wait.us > 0) {
    return world_.later(wait, [this, letter] { arrive(letter); });
  }
  Bus::Reply reply;
  if (letter.request != 0) {
    reply = {std::to_string(letter.request),
             [this, by = station->life_, to = letter.from, request = letter.request,
              replied = std::make_shared<bool>(false)](const std::string& body) {
               if (!world_.lives(by)) return;
               if (*replied) return world_.complain("a message was replied to twice");
               *replied = true;
               answer(by, to, request, body);
             }};
  }
  station->handler_(letter.body, std::move(reply));
}

void SimBus::answer(int from, int to, std::uint64_t request, const std::string& body) {
  const int count = copies();
  for (int copy = 0; copy < count; ++copy) {
    world_.later(delay(), [this, from, to, request, body] {
      if (!is_cut(from, to)) finish(request, body);
    });
  }
}

void SimBus::finish(std::uint64_t request, const Result<std::string>& result) {
  const auto found = pending_.find(request);
  if (found == pending_.end()) return;
  if (const Duration wait = world_.frozen_for(found->second.asker); wait.us > 0) {
    return world_.later(wait, [this, request, result] { finish(request, result); });
  }
  const auto node = pending_.extract(found);
  node.mapped().answer(result);
}

void SimBus::forget(int life) {
  for (auto next = pending_.begin(); next != pending_.end();) {
    if (next->second.asker != life) {
      ++next;
      continue;
    }
    const auto node = pending_.extract(next++);
    node.mapped().answer(Error{Code::kUnavailable, "the bus is closed", {}});
  }
}

}  // namespace troupe::simulation
