#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "runtime/port/bus.h"

namespace troupe::simulation {

struct World;

/// What carries messages between simulated nodes: late, out of order, doubled or not at all; cut
/// between two of them, one way or both; or stopped as a whole. A request is answered once all the
/// same: by the other node, by nobody in time, or at once where nobody can have heard it. Owned by
/// the world; one thread. Nodes are named by their lives here.
class SimBus {
 public:
  explicit SimBus(World& world) : world_(world) {}

  /// For one life of a node.
  std::unique_ptr<Bus> connect(int life);

  bool faults = false;
  std::uint64_t lost = 4, doubled = 4;  ///< messages of a hundred, if there are faults
  void stop(TimePoint until) { stopped_until_ = until; }
  void cut(int from, int to, TimePoint until) { cuts_[{from, to}] = until; }
  void heal();  ///< no cut is left, and the bus runs

 private:
  class Station;
  struct Pending {
    int asker = 0;
    Bus::Answer answer;
  };
  struct Letter {
    int from = 0;
    store::NodeNumber to = 0;
    std::string body;
    std::uint64_t request = 0;  ///< 0: no answer is wanted
    bool alone = true;          ///< no copy of it is on its way
  };

  void request(int from, store::NodeNumber to, std::string body, Duration patience,
               Bus::Answer answer);
  void send(Letter letter);
  void arrive(const Letter& letter);
  void answer(int from, int to, std::uint64_t request, const std::string& body);
  void finish(std::uint64_t request, const Result<std::string>& result);
  void forget(int life);
  Station* station_of(store::NodeNumber number) const;
  bool is_stopped() const;
  bool is_cut(int from, int to) const;
  int copies();
  Duration delay();

  World& world_;
  std::map<int, Station*> stations_;
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t next_ = 1;
  std::map<std::pair<int, int>, TimePoint> cuts_;
  TimePoint stopped_until_;
};

}  // namespace troupe::simulation
