// What a client knows of its calls and lives through with the node.
#include "tests/simulation/client.h"

namespace troupe::simulation {

void Client::overdue(std::uint64_t id) {
  auto node = calls_.extract(id);
  if (node.empty()) return;
  world_.complain("call " + std::to_string(id) + " was never answered: " + node.mapped().what);
}

bool Client::transient(Code code) const {
  return code == Code::kStorageFull || code == Code::kUnavailable || code == Code::kOverloaded ||
         passing(code);
}

/// Where several nodes share the work it may be on its way from one to the next.
bool Client::passing(Code code) const {
  return world_.cluster && (code == Code::kUnavailable || code == Code::kStaleEpoch);
}

void Client::node_started() {
  for (const auto& follower : followers_) {
    if (follower->ended || follower->feed != nullptr) continue;
    if (world_.chance(30)) follower->after = world_.random.below(follower->after + 1);
    open(*follower);
  }
  if (scope_feed_ == nullptr && world_.chance(50)) open_scope();
}

void Client::node_crashing(int life) {
  for (const auto& follower : followers_) {
    if (follower->life == life) follower->feed.reset();
  }
  if (scope_life_ == life) scope_feed_.reset();
}

void Client::node_crashed(int life) {
  std::vector<Call> lost;
  for (auto next = calls_.begin(); next != calls_.end();) {
    const auto call = next++;
    if (call->second.life == life) lost.push_back(calls_.extract(call).mapped());
  }
  for (const Call& call : lost) call.lost();
  // Who followed there follows elsewhere.
  if (world_.any_node() != nullptr) node_started();
}

bool Client::satisfied() const {
  if (to_send_ > 0 || !calls_.empty()) return false;
  for (const auto& [id, run] : world_.watch.runs()) {
    if (!run.ended || (run.parent.set() && !run.acknowledged)) return false;
  }
  for (const auto& follower : followers_) {
    if (!follower->ended) return false;
  }
  return true;
}

/// What the store says of an open run, for who reads a failure.
std::string Client::at_rest(RunId id) const {
  const auto reader = world_.disk.open_reader();
  const auto row = reader->run_unscoped(id);
  const auto snapshot = reader->snapshot(id);
  std::string text = "(";
  if (row && *row) {
    text += std::string(store::name((*row)->status)) + " ";
    text += std::string(store::name((*row)->pause_reason));
  }
  if (snapshot && *snapshot) {
    text += (*snapshot)->runnable ? " runnable" : " asleep";
    if ((*snapshot)->wake_at.set()) text += " until " + to_rfc3339((*snapshot)->wake_at);
  }
  return text + ")";
}

std::string Client::unfinished() const {
  std::string text = std::to_string(to_send_) + " starts to send;";
  for (const auto& [id, call] : calls_)
    text += " call " + std::to_string(id) + " " + call.what + ";";
  for (const auto& [id, run] : world_.watch.runs()) {
    if (!run.ended) text += " run " + id.to_string() + " is open " + at_rest(id) + ";";
    else if (run.parent.set() && !run.acknowledged)
      text += " run " + id.to_string() + " is unacknowledged;";
  }
  for (const auto& follower : followers_) {
    if (follower->ended) continue;
    text += " a feed of " + follower->run.to_string() + " is open at life " +
            std::to_string(follower->life) + ", which has seen " + std::to_string(follower->after) +
            ";";
  }
  return text;
}

}  // namespace troupe::simulation
