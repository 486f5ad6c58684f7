#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace troupe::testing {

/// A machine on a Network: a network namespace with a wire of its own to all others.
class Machine {
 public:
  /// What a command begins with to run there.
  std::vector<std::string> prefix() const;
  const std::string& address() const { return address_; }

  /// Nothing passes between this one and the other, in both directions or in one.
  void cut(const Machine& peer);
  /// The same, of everybody.
  void isolate();
  void cut_outgoing(const Machine& peer);
  void cut_incoming(const Machine& peer);
  /// Nothing of the connection that begins at this port of the machine passes.
  void cut_port(int port);
  /// Of the packets in either direction so many of a hundred are lost.
  void lose(const Machine& peer, int percent);
  /// What the peer sends is answered with a reset, as by a machine that has forgotten the
  /// connection: its word is lost, and so is the connection.
  void reset_incoming(const Machine& peer);
  /// No more than that leaves here.
  void slow_down(int kilobits_per_second);
  void heal();

 private:
  friend class Network;
  Machine(std::string address, std::unique_ptr<Process> holder);
  void filter(const std::string& rules);
  void run(std::vector<std::string> command, const std::string& input = "");

  std::string address_;
  std::unique_ptr<Process> holder_;  ///< keeps the namespace
  bool is_slow_ = false;
};

/// A network of the test's own, with no way out of it: the thread that makes it moves into a fresh
/// namespace (as do threads and processes that it starts later), in which a bridge connects the
/// machines. Nothing outside is touched, and nothing is left when the test ends, however it ends:
/// namespaces and what is in them go with their last process. Needs root; throws and says so where
/// it is not to be had.
class Network {
 public:
  Network();
  std::unique_ptr<Machine> add();

 private:
  int machines_ = 0;
};

}  // namespace troupe::testing
