#include "adapters/vault/master_key.h"

#include <sodium.h>
#include <unistd.h>

#include <utility>
#include <variant>

#include "adapters/vault/aead.h"
#include "adapters/vault/envelope.h"
#include "adapters/vault/hook.h"
#include "adapters/vault/master_key_file.h"
#include "adapters/vault/master_key_variable.h"

namespace troupe::vault {
namespace {

constexpr std::size_t kHookIdBytesMax = 48;
constexpr Duration kHookDeadlineMax = seconds(600);

/// Says nothing about the key but whether it is the same: a hash of a label under the key.
std::string fingerprint(const SecretText& key) {
  constexpr std::string_view kLabel = "troupe master key";
  constexpr std::size_t kShownBytes = 8;
  start_sodium();
  unsigned char hash[crypto_generichash_BYTES_MIN];
  crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(kLabel.data()),
                     kLabel.size(), reinterpret_cast<const unsigned char*>(key.reveal().data()),
                     key.size());
  char text[2 * kShownBytes + 1];
  return sodium_bin2hex(text, sizeof text, hash, kShownBytes);
}

/// A key that lies here.
class LocalMasterKey final : public MasterKey {
 public:
  explicit LocalMasterKey(SecretText bytes)
      : MasterKey("key:" + fingerprint(bytes)), bytes_(std::move(bytes)) {}

  Result<WrappingKey> begin_wrapping() const override { return WrappingKey{bytes_.copy(), {}}; }
  Result<SecretText> bytes_for(std::string_view ticket) const override {
    if (!ticket.empty()) {
      return {Code::kCorrupt, "The wrapped data key carries what only a program understands."};
    }
    return bytes_.copy();
  }

 private:
  const SecretText bytes_;
};

/// A key that a program holds. The program wraps a new random key each time, and that one the data
/// key: so a wrapped data key is bound to its workspace whatever the program does, and a program
/// that does not answer with what it was given is found out.
class HookMasterKey final : public MasterKey {
 public:
  HookMasterKey(const KeyHook& options, Logger& log)
      : MasterKey("hook:" + options.id), hook_(options, log) {}

  Result<WrappingKey> begin_wrapping() const override {
    SecretText bytes = random_key();
    const Result<SecretText> ticket = hook_.call("wrap", bytes.reveal(), kTicketBytesMax);
    if (!ticket) return ticket.error();
    return WrappingKey{std::move(bytes), std::string(ticket->reveal())};
  }
  Result<SecretText> bytes_for(std::string_view ticket) const override {
    if (ticket.empty()) {
      return {Code::kCorrupt, "The wrapped data key lacks what its program needs to unwrap it."};
    }
    Result<SecretText> bytes = hook_.call("unwrap", ticket, kKeyBytes);
    if (bytes && bytes->size() != kKeyBytes) {
      return {Code::kUnavailable, "The program of master key " + id() + " answered " +
                                      std::to_string(bytes->size()) + " bytes for a key of " +
                                      std::to_string(kKeyBytes) + "."};
    }
    return bytes;
  }

 private:
  const Hook hook_;
};

using Opened = Result<std::unique_ptr<MasterKey>>;

Opened local(Result<SecretText> bytes) {
  if (!bytes) return bytes.error();
  return std::unique_ptr<MasterKey>(std::make_unique<LocalMasterKey>(std::move(*bytes)));
}

Opened open(const KeyHook& hook, Logger& log) {
  const auto invalid = [&](const std::string& what) {
    return Error{Code::kConfigInvalid, "The program of master key \"" + hook.id + "\" " + what, {}};
  };
  if (hook.id.size() > kHookIdBytesMax || hook.id.find(':') != std::string::npos ||
      !is_master_id(hook.id)) {
    return invalid("needs an id of 1 to 48 characters of a-z, 0-9, \".\", \"_\" and \"-\".");
  }
  if (hook.argv.empty() || !hook.argv[0].starts_with('/')) {
    return invalid("needs an absolute path.");
  }
  if (access(hook.argv[0].c_str(), X_OK) != 0) {
    return invalid("cannot be run: " + hook.argv[0] + ".");
  }
  if (hook.deadline <= Duration{} || hook.deadline > kHookDeadlineMax) {
    return invalid("needs a deadline of up to ten minutes.");
  }
  return std::unique_ptr<MasterKey>(std::make_unique<HookMasterKey>(hook, log));
}

}  // namespace

Opened open_master_key(const MasterKeySource& source, Logger& log) {
  if (const auto* file = std::get_if<KeyFile>(&source)) {
    return local(read_master_key_file(file->path));
  }
  if (const auto* variable = std::get_if<KeyVariable>(&source)) {
    return local(take_master_key_variable(variable->name));
  }
  return open(std::get<KeyHook>(source), log);
}

}  // namespace troupe::vault
