#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/oidc/id_token.h"
#include "runtime/oidc/key_set.h"
#include "runtime/oidc/metadata.h"
#include "runtime/oidc/request.h"
#include "runtime/port/egress.h"
#include "runtime/port/identity_provider.h"
#include "runtime/port/system.h"

namespace troupe::oidc {

/// What the operator says of the provider.
struct Options {
  std::string issuer;  ///< exactly as the provider writes it
  ClientIdentity client;
  Duration metadata_life = seconds(3600);
  Duration keys_asked_again = seconds(60);  ///< no sooner, whatever comes
};

/// One OpenID provider, asked by code with PKCE. Its ports outlive it, and their callbacks.
class Provider final : public IdentityProvider, public std::enable_shared_from_this<Provider> {
 public:
  Provider(Options options, Egress& egress, const Clock& clock)
      : options_(std::move(options)), egress_(egress), clock_(clock) {}

  void begin(ProviderAttempt attempt, Callback<std::string> done) override;
  void finish(ProviderAttempt attempt, std::string code, std::string issuer,
              Callback<ProvenIdentity> done) override;

 private:
  using Keys = std::shared_ptr<const std::vector<PublicKey>>;
  /// One sign-in on its way through the steps of `finish`.
  struct Finish;

  void with_metadata(Callback<Metadata> done);
  /// Fetched anew if `known` is what is kept and is old enough.
  void with_keys(const Metadata& metadata, const Keys& known, Callback<Keys> done);
  void verify(const std::shared_ptr<Finish>& finish, const Keys& known);
  void ask_userinfo(const std::shared_ptr<Finish>& finish, ProvenIdentity identity);

  const Options options_;
  Egress& egress_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<Metadata> metadata_;
  TimePoint metadata_at_;
  Keys keys_;
  TimePoint keys_at_;
};

}  // namespace troupe::oidc
