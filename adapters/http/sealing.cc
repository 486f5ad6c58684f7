// Values for the vault: keys are opened and values sealed on the server's worker, for a key's
// program outside may take its time.
#include "adapters/http/sealing.h"

#include <utility>

namespace troupe::http {
namespace {

using directory::Secret;
using directory::WrappedDataKey;

constexpr int kAttemptsMax = 3;

/// What the store knows before a value is sealed.
struct Ground {
  std::vector<WrappedDataKey> keys;
  directory::SecretSlot slot;
};
Result<Ground> ground_of(store::Documents& documents, const Secret& wanted) {
  auto keys = directory::data_keys_of(documents, wanted.workspace);
  if (!keys) return keys.error();
  auto slot = directory::secret_slot(documents, wanted.workspace, wanted.project, wanted.path);
  if (!slot) return slot.error();
  return Ground{*std::move(keys), *std::move(slot)};
}

/// A sealed value, with the data key that had to be made for it.
struct Sealed {
  Secret secret;
  std::optional<WrappedDataKey> new_key;
};
Result<Sealed> seal(const Sealer& sealer, KeyRing& keys, const Ground& ground, Secret secret,
                    const SecretText& value, Entropy& entropy, TimePoint now) {
  Sealed sealed;
  auto open = directory::open_data_keys(ground.keys, secret.workspace, keys);
  if (!open) return open.error();
  if (open->newest() == nullptr) {
    auto made = keys.make(secret.workspace, open->next_version());
    if (!made) return made.error();
    sealed.new_key = WrappedDataKey{secret.workspace, made->key.version, made->wrapped, now};
    if (Status added = open->add(std::move(made->key)); !added) return added.error();
  }
  secret = directory::next_secret(ground.slot, std::move(secret), entropy, now);
  secret.key_version = open->newest()->version;
  const std::string field = directory::sealed_field(secret);
  auto bytes = sealer.seal(*open, {field, secret.version}, value);
  if (!bytes) return bytes.error();
  secret.sealed = *std::move(bytes);
  sealed.secret = std::move(secret);
  return sealed;
}

void append(store::Change& change, store::Change more) {
  for (auto& document : more.put) change.put.push_back(std::move(document));
  for (auto& line : more.audit) change.audit.push_back(std::move(line));
}

/// One try after another to store a value.
class Storing : public std::enable_shared_from_this<Storing> {
 public:
  Storing(CallPtr call, Secret wanted, SecretValue value, WithSecret also,
          std::function<void(const Secret&)> use)
      : call_(std::move(call)),
        wanted_(std::move(wanted)),
        value_(std::move(value)),
        also_(std::move(also)),
        use_(std::move(use)) {}

  void start() {
    KeyRing* const keys = keys_of(call_);
    if (keys == nullptr) return;
    read_documents<Ground>(
        call_, store::DocumentScope::of(wanted_.workspace),
        [wanted = wanted_](store::Documents& documents) { return ground_of(documents, wanted); },
        [self = shared_from_this(), keys](const Ground& ground) { self->seal_on(ground, *keys); });
  }

 private:
  void seal_on(const Ground& ground, KeyRing& keys) {
    on_worker<Sealed>(
        call_,
        [self = shared_from_this(), ground, &keys] {
          const Services& services = self->call_->core.services;
          return seal(services.sealer, keys, ground, self->wanted_, *self->value_,
                      services.entropy, services.clock.now());
        },
        [self = shared_from_this()](const Sealed& sealed) { self->store(sealed); });
  }

  struct Stored {
    Secret secret;
    bool was_changed_meanwhile = false;
  };

  Result<store::Change> change(store::Documents& documents, const directory::Context& context,
                               const Sealed& sealed, Stored* made) const {
    auto change = directory::put_secret(documents, context, sealed.secret, &made->secret);
    made->was_changed_meanwhile = !change && change.error().code == Code::kConflict;
    if (change && sealed.new_key) {
      auto key = directory::add_data_key(documents, context, sealed.secret.workspace,
                                         *sealed.new_key, false);
      made->was_changed_meanwhile = !key && key.error().code == Code::kConflict;
      if (key) change->put.push_back(std::move(key->put.front()));
      else change = key.error();
    }
    if (made->was_changed_meanwhile) return store::Change{};
    if (!change || !also_) return change;
    auto more = also_(documents, context, made->secret);
    if (!more) return more;
    change->audit.clear();  // one deed, one line: that of what the secret belongs to
    append(*change, *std::move(more));
    return change;
  }

  void store(const Sealed& sealed) {
    change_store<Stored>(
        call_, {Uuid(wanted_.workspace)},
        [self = shared_from_this(), sealed](auto& documents, const auto& context, auto* made) {
          return self->change(documents, context, sealed, made);
        },
        [self = shared_from_this()](const Stored& stored) {
          if (!stored.was_changed_meanwhile) return self->use_(stored.secret);
          if (++self->attempts_ < kAttemptsMax) return self->start();
          self->call_->fail(Code::kConflict, "The secret is being changed by others.");
        });
  }

  const CallPtr call_;
  const Secret wanted_;
  const SecretValue value_;
  const WithSecret also_;
  const std::function<void(const Secret&)> use_;
  int attempts_ = 0;
};

}  // namespace

KeyRing* keys_of(const CallPtr& call) {
  KeyRing* const keys = call->core.services.keys;
  if (keys == nullptr) {
    call->fail(Code::kUnavailable, "This node has no master key (vault.master_key_file).");
  }
  return keys;
}

SecretValue read_secret_value(edge::BodyReader& in, std::string_view key) {
  auto text = in.text(key, directory::kSecretValueMax);
  if (!text) return nullptr;
  if (text->empty()) in.wrong(key, "must not be empty.");
  return std::make_shared<const SecretText>(SecretText::take(*text));
}

void store_secret(const CallPtr& call, Secret wanted, SecretValue value, WithSecret also,
                  std::function<void(const Secret&)> use) {
  std::make_shared<Storing>(call, std::move(wanted), std::move(value), std::move(also),
                            std::move(use))
      ->start();
}

}  // namespace troupe::http
