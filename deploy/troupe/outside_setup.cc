#include "deploy/troupe/outside_setup.h"

#include <utility>

#include "adapters/egress/client.h"
#include "adapters/oidc/provider.h"
#include "deploy/troupe/shared_ports.h"

namespace troupe::cli {

namespace {

Result<std::unique_ptr<Egress>> open_way(const config::Egress& options, std::string_view key,
                                         const std::string& networks) {
  auto allowed = egress::parse_networks(networks);
  if (!allowed) {
    return Error{Code::kConfigInvalid, std::string(key) + ": " + allowed.error().message, {}};
  }
  auto client = egress::Client::start(
      {.allowed = *std::move(allowed),
       .ca_file = options.ca_file,
       .hosts = {.requests_max = static_cast<std::size_t>(options.requests_per_host),
                 .requests_per_s = static_cast<double>(options.requests_per_second_per_host)}});
  if (!client) {
    return Error{Code::kConfigInvalid, "egress.ca_file: " + client.error().message, {}};
  }
  return std::unique_ptr<Egress>(*std::move(client));
}

}  // namespace

Result<std::unique_ptr<Egress>> open_egress(const config::Egress& options) {
  return open_way(options, "egress.allow", options.allow);
}

Result<std::unique_ptr<Egress>> open_egress_for_steps(const config::Egress& options) {
  return open_way(options, "egress.allow_steps", options.allow_steps);
}

Result<std::shared_ptr<IdentityProvider>> open_identity_provider(const config::Oidc& options,
                                                                 Egress& egress,
                                                                 const Clock& clock) {
  if (options.issuer.empty()) return std::shared_ptr<IdentityProvider>();
  oidc::Options own{.issuer = options.issuer,
                    .client = {.id = options.client_id, .secret = {}, .scopes = options.scopes}};
  if (!options.client_secret_file.empty()) {
    auto secret = read_secret(options.client_secret_file);
    if (!secret) return secret.error();
    own.client.secret = *std::move(secret);
  }
  return std::shared_ptr<IdentityProvider>(
      std::make_shared<oidc::Provider>(std::move(own), egress, clock));
}

Result<std::unique_ptr<Mailer>> open_mailer(const config::Mail& options,
                                            const mail::Services& services) {
  if (options.url.empty()) return std::unique_ptr<Mailer>();
  mail::Options own{.url = options.url,
                    .from = options.from,
                    .username = options.username,
                    .password = {},
                    .ca_file = options.ca_file,
                    .allow_plain = options.allow_plain};
  if (!options.password_file.empty()) {
    auto password = read_secret(options.password_file);
    if (!password) return password.error();
    own.password = *std::move(password);
  }
  auto mailer = mail::SmtpMailer::start(std::move(own), services);
  if (!mailer) return Error{Code::kConfigInvalid, "mail: " + mailer.error().message, {}};
  return std::unique_ptr<Mailer>(*std::move(mailer));
}

}  // namespace troupe::cli
