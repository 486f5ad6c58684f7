#include "adapters/nats/login.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "adapters/nats/message.h"
#include "adapters/nats/nkey.h"

namespace troupe::nats {
namespace {

Error invalid(std::string message) { return {Code::kConfigInvalid, std::move(message), {}}; }

Status readable(const std::string& file, std::string_view what) {
  if (file.empty() || ::access(file.c_str(), R_OK) == 0) return ok();
  return invalid("nats: " + std::string(what) + " " + file + " cannot be read.");
}

bool is_tls_url(std::string_view url) { return url.substr(0, 6) == "tls://"; }

/// The text of a URL may hold a password, so messages name its place in the list.
Status check_urls(const std::vector<std::string>& urls) {
  if (urls.empty()) return invalid("nats: no URL is given.");
  for (std::size_t i = 0; i < urls.size(); ++i) {
    std::string_view rest = urls[i];
    const std::size_t colon = rest.find("://");
    if (colon != std::string_view::npos) {
      const std::string_view scheme = rest.substr(0, colon);
      if (scheme != "nats" && scheme != "tls") rest = {};
      else rest.remove_prefix(colon + 3);
    }
    if (rest.empty() || rest.find_first_of(" \t\r\n,") != std::string_view::npos) {
      return invalid("nats: URL number " + std::to_string(i + 1) +
                     " is not of the form nats://host:port or tls://host:port.");
    }
  }
  return ok();
}

Status check_login(const Login& login) {
  const int ways = int{!login.credentials_file.empty()} + int{!login.nkey_seed_file.empty()} +
                   int{!login.user.empty()} + int{!login.token.empty()};
  if (ways > 1) return invalid("nats: more than one way to log in is configured.");
  if (const Status status = readable(login.credentials_file, "the credentials file"); !status.ok())
    return status;
  return readable(login.nkey_seed_file, "the nkey's seed file");
}

Status check_tls(const Tls& tls) {
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    return invalid("nats: a client certificate needs both the certificate and its key.");
  }
  for (const auto& [file, what] : {std::pair(&tls.authority_file, "the authorities' file"),
                                   std::pair(&tls.certificate_file, "the certificate"),
                                   std::pair(&tls.key_file, "the certificate's key")}) {
    if (const Status status = readable(*file, what); !status.ok()) return status;
  }
  return ok();
}

natsStatus set_servers(natsOptions* made, const Options& options) {
  std::vector<const char*> urls;
  for (const std::string& url : options.urls) urls.push_back(url.c_str());
  return natsOptions_SetServers(made, urls.data(), static_cast<int>(urls.size()));
}

natsStatus set_login(natsOptions* made, const Login& login, const std::string& nkey) {
  if (!login.credentials_file.empty()) {
    return natsOptions_SetUserCredentialsFromFiles(made, login.credentials_file.c_str(), nullptr);
  }
  if (!nkey.empty()) {
    return natsOptions_SetNKeyFromSeed(made, nkey.c_str(), login.nkey_seed_file.c_str());
  }
  if (!login.user.empty()) {
    return natsOptions_SetUserInfo(made, login.user.c_str(), login.password.c_str());
  }
  return login.token.empty() ? NATS_OK : natsOptions_SetToken(made, login.token.c_str());
}

natsStatus set_tls(natsOptions* made, const Options& options) {
  const Tls& tls = options.tls;
  bool wanted = tls.required || !tls.authority_file.empty() || !tls.certificate_file.empty();
  for (const std::string& url : options.urls) wanted = wanted || is_tls_url(url);
  if (!wanted) return NATS_OK;
  natsStatus status = natsOptions_SetSecure(made, true);
  if (status == NATS_OK && !tls.authority_file.empty()) {
    status = natsOptions_LoadCATrustedCertificates(made, tls.authority_file.c_str());
  }
  if (status == NATS_OK && !tls.certificate_file.empty()) {
    status = natsOptions_LoadCertificatesChain(made, tls.certificate_file.c_str(),
                                               tls.key_file.c_str());
  }
  return status;
}

natsStatus set_behaviour(natsOptions* made, const Options& options) {
  const natsStatus all[] = {
      natsOptions_SetName(made, options.name.c_str()),
      natsOptions_SetTimeout(made, options.connect_timeout.us / 1000),
      natsOptions_SetMaxReconnect(made, -1),
      natsOptions_SetWriteDeadline(made, options.write_timeout.us / 1000),
      natsOptions_SetPingInterval(made, options.ping_interval.us / 1000),
      natsOptions_SetMaxPingsOut(made, 2),
      natsOptions_SetMaxPendingMsgs(made, options.pending_messages_max),
      natsOptions_SetSendAsap(made, options.send_at_once),
      // What is said while there is no server is refused here, so little ever waits.
      natsOptions_SetReconnectBufSize(made, 1 << 20),
  };
  for (const natsStatus status : all) {
    if (status != NATS_OK) return status;
  }
  return NATS_OK;
}

}  // namespace

Result<LibraryOptions> library_options(const Options& options) {
  for (const Status& status :
       {check_urls(options.urls), check_login(options.login), check_tls(options.tls)}) {
    if (!status.ok()) return status.error();
  }
  std::string nkey;
  if (!options.login.nkey_seed_file.empty()) {
    auto shown = public_nkey_of_file(options.login.nkey_seed_file);
    if (!shown) return std::move(shown).error();
    nkey = *std::move(shown);
  }
  natsOptions* raw = nullptr;
  natsStatus status = natsOptions_Create(&raw);
  LibraryOptions made(raw);
  if (status == NATS_OK) status = set_servers(raw, options);
  if (status == NATS_OK) status = set_behaviour(raw, options);
  if (status != NATS_OK) return invalid(error_of(status, "options").message);
  status = set_login(raw, options.login, nkey);
  if (status != NATS_OK) return invalid(error_of(status, "login").message);
  status = set_tls(raw, options);
  if (status != NATS_OK) {
    return invalid(error_of(status, "certificates of the connection").message);
  }
  return made;
}

}  // namespace troupe::nats
