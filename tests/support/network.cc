#include "tests/support/network.h"

#include <sched.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace troupe::testing {
namespace {

constexpr int kWaitMs = 10'000;
const std::string kNet = "10.77.0.";

void run(std::vector<std::string> command, const std::string& input = "") {
  std::string line;
  for (const std::string& word : command) line += word + " ";
  if (::access(command[0].c_str(), X_OK) != 0) {
    throw std::runtime_error("There is no " + command[0] +
                             ": deploy/install-packages.sh installs it.");
  }
  const Outcome outcome = run_program({std::move(command), input, {}, {}}, kWaitMs);
  if (outcome.exit != 0) throw std::runtime_error(line + "failed: " + outcome.err);
}

void ip(const std::string& arguments) {
  std::vector<std::string> command = {"/sbin/ip"};
  for (std::size_t start = 0; start < arguments.size();) {
    const std::size_t end = std::min(arguments.find(' ', start), arguments.size());
    command.push_back(arguments.substr(start, end - start));
    start = end + 1;
  }
  run(std::move(command));
}

}  // namespace

Machine::Machine(std::string address, std::unique_ptr<Process> holder)
    : address_(std::move(address)), holder_(std::move(holder)) {}

std::vector<std::string> Machine::prefix() const {
  return {"/usr/bin/nsenter", "--net=/proc/" + std::to_string(holder_->pid()) + "/ns/net", "--"};
}

void Machine::run(std::vector<std::string> command, const std::string& input) {
  std::vector<std::string> whole = prefix();
  whole.insert(whole.end(), command.begin(), command.end());
  testing::run(std::move(whole), input);
}

void Machine::filter(const std::string& rules) {
  run({"/usr/sbin/nft", "-f", "-"},
      "flush ruleset\ntable inet faults {\n"
      " chain out { type filter hook output priority 0; }\n"
      " chain in { type filter hook input priority 0; }\n}\n" + rules);
}

void Machine::cut(const Machine& peer) {
  filter("add rule inet faults out ip daddr " + peer.address_ + " drop\n" +
         "add rule inet faults in ip saddr " + peer.address_ + " drop\n");
}

void Machine::isolate() {
  filter("add rule inet faults out oifname eth0 drop\nadd rule inet faults in iifname eth0 drop\n");
}

void Machine::cut_port(int port) {
  filter("add rule inet faults out tcp sport " + std::to_string(port) + " drop\n" +
         "add rule inet faults in tcp dport " + std::to_string(port) + " drop\n");
}

void Machine::cut_outgoing(const Machine& peer) {
  filter("add rule inet faults out ip daddr " + peer.address_ + " drop\n");
}

void Machine::cut_incoming(const Machine& peer) {
  filter("add rule inet faults in ip saddr " + peer.address_ + " drop\n");
}

void Machine::lose(const Machine& peer, int percent) {
  const std::string some = " numgen random mod 100 < " + std::to_string(percent) + " drop\n";
  filter("add rule inet faults out ip daddr " + peer.address_ + some +
         "add rule inet faults in ip saddr " + peer.address_ + some);
}

void Machine::reset_incoming(const Machine& peer) {
  filter("add rule inet faults in ip protocol tcp ip saddr " + peer.address_ +
         " reject with tcp reset\n");
}

void Machine::slow_down(int kilobits_per_second) {
  run({"/sbin/tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate",
       std::to_string(kilobits_per_second) + "kbit", "burst", "32k", "latency", "400ms"});
  is_slow_ = true;
}

void Machine::heal() {
  run({"/usr/sbin/nft", "flush", "ruleset"});
  if (is_slow_) run({"/sbin/tc", "qdisc", "del", "dev", "eth0", "root"});
  is_slow_ = false;
}

Network::Network() {
  if (::unshare(CLONE_NEWNET) != 0) {
    throw std::runtime_error(std::string("A network of its own cannot be made: ") +
                             std::strerror(errno) + ". These tests must run as root.");
  }
  ip("link set lo up");
  ip("link add machines type bridge");
  ip("addr add " + kNet + "1/24 dev machines");
  ip("link set machines up");
}

std::unique_ptr<Machine> Network::add() {
  const std::string number = std::to_string(++machines_);
  const std::string address = kNet + std::to_string(machines_ + 1);
  auto holder = std::make_unique<Process>(Command{
      {"/usr/bin/unshare", "--net", "/bin/sh", "-c", "echo here && exec tail -f /dev/null"}});
  holder->wait_for_line("here", kWaitMs);
  const std::string wire = "wire" + number;
  ip("link add " + wire + " type veth peer name eth0 netns " + std::to_string(holder->pid()));
  ip("link set " + wire + " master machines up");
  std::unique_ptr<Machine> machine(new Machine(address, std::move(holder)));
  machine->run({"/sbin/ip", "link", "set", "lo", "up"});
  machine->run({"/sbin/ip", "addr", "add", address + "/24", "dev", "eth0"});
  machine->run({"/sbin/ip", "link", "set", "eth0", "up"});
  return machine;
}

}  // namespace troupe::testing
