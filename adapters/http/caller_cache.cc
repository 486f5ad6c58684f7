#include "adapters/http/caller_cache.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "runtime/directory/caller.h"

namespace troupe::http {
namespace {

using std::chrono::steady_clock;

constexpr auto kAskAgainAfter = std::chrono::milliseconds(500);
constexpr auto kBelievedFor = std::chrono::milliseconds(900);

}  // namespace

/// The token itself is not kept: what is in memory for long need not open anything.
std::string CallerCache::key_of(const edge::Question& question) const {
  const Digest digest = hasher_.hash(question.token);
  std::string key(reinterpret_cast<const char*>(digest.data()), digest.size());
  key.append(question.tenant).append("\n").append(question.project);
  return key;
}

bool CallerCache::is_over(const edge::Caller& caller) const {
  return caller.expires.set() && caller.expires <= clock_.now();
}

CallerCache::Known CallerCache::find(const edge::Question& question) {
  const std::string key = key_of(question);
  const auto now = steady_clock::now();
  bool is_old = false;
  Known found;
  {
    const std::shared_lock lock(mutex_);
    const auto at = known_.find(key);
    if (at == known_.end()) return nullptr;
    is_old = now - checked_ > kAskAgainAfter;
    const bool is_believed = at->second.is_operator || now - checked_ <= kBelievedFor;
    if (is_believed && !is_over(*at->second.caller)) found = at->second.caller;
  }
  if (is_old && found != nullptr) ask_generation();
  return found;
}

void CallerCache::ask_generation() {
  {
    const std::unique_lock lock(mutex_);
    if (std::exchange(is_asking_, true)) return;
  }
  // Nobody waits for this answer, so the server may have ended when it comes.
  engine_.read([self = shared_from_this()](store::Reader& reader) {
    const auto asked = steady_clock::now();
    const Result<std::uint64_t> generation = reader.access_generation();
    if (generation) self->note(*generation, asked);
    const std::unique_lock lock(self->mutex_);
    self->is_asking_ = false;
  });
}

void CallerCache::note(std::uint64_t generation, SteadyTime asked) {
  const std::unique_lock lock(mutex_);
  // Answers of two readers may come in the wrong order; the count only grows.
  if (generation < generation_) return;
  if (generation > generation_) {
    known_.clear();
    generation_ = generation;
  }
  checked_ = std::max(checked_, asked);
}

Result<CallerCache::Known> CallerCache::read(store::Reader& reader,
                                             const edge::Question& question) {
  const auto asked = steady_clock::now();
  std::uint64_t forgotten = 0;
  {
    const std::shared_lock lock(mutex_);
    forgotten = forgotten_;
  }
  // Before the rest: a change in between only makes what is kept newer than its number.
  const Result<std::uint64_t> generation = reader.access_generation();
  if (!generation) return generation.error();
  note(*generation, asked);
  store::Documents& documents = reader.documents(store::DocumentScope::all());
  edge::Caller caller;
  if (auto own = owner_.authenticate(question.token); own.ok()) {
    caller.principal = *std::move(own);
  } else {
    auto found = directory::credential_of(documents, hasher_, question.token, clock_.now());
    if (!found) return found.error();
    caller.principal = std::move(found->principal);
    caller.expires = found->expires;
  }
  const bool is_nobody = std::holds_alternative<tenancy::Nobody>(caller.principal);
  const bool is_operator = std::holds_alternative<tenancy::Operator>(caller.principal);
  if (!is_nobody) {
    auto place = directory::place_of(documents, hasher_, caller.principal, question.tenant,
                                     question.project);
    if (!place) return place.error();
    caller.standing = place->standing;
    caller.scope = place->scope;
  }
  auto known = std::make_shared<const edge::Caller>(std::move(caller));
  const std::unique_lock lock(mutex_);
  // That something is not there is not worth remembering: another node may make it.
  const bool is_lasting = !std::holds_alternative<tenancy::Absent>(known->standing.workspace) &&
                          !std::holds_alternative<tenancy::Absent>(known->standing.project);
  if (!is_nobody && is_lasting && forgotten == forgotten_ && *generation == generation_) {
    if (known_.size() >= kEntriesMax) known_.clear();
    known_.insert_or_assign(key_of(question), Entry{known, is_operator});
  }
  return known;
}

void CallerCache::look_up(edge::Question question, Callback<Known> done) {
  engine_.read([this, question = std::move(question), done = std::move(done)](
                   store::Reader& reader) { done(read(reader, question)); });
}

Result<tenancy::Grant> CallerCache::authorise(const edge::Caller& caller,
                                            tenancy::Permission permission) const {
  return tenancy::authorise(caller.principal, caller.standing, permission, clock_.now());
}

void CallerCache::forget() {
  const std::unique_lock lock(mutex_);
  ++forgotten_;
  known_.clear();
}

}  // namespace troupe::http
