#include "deploy/troupe/shared_ports.h"

#include <unistd.h>

#include <array>

#include "adapters/postgres/postgres_store.h"
#include "adapters/sqlite/sqlite_store.h"
#include "deploy/troupe/mailbox.h"
#include "deploy/troupe/moved_file.h"
#include "deploy/troupe/output.h"

namespace troupe::cli {

Result<std::string> read_secret(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text;
  return text->substr(0, text->find_first_of("\r\n"));
}

Result<postgres::Options> postgres_options(const config::Options& options) {
  postgres::Options server;
  server.schema = options.postgres.schema;
  server.conninfo = options.postgres.url;
  if (!options.postgres.url_file.empty()) {
    auto url = read_secret(options.postgres.url_file);
    if (!url) return std::move(url).error();
    server.conninfo = std::move(*url);
  }
  return server;
}

Result<std::unique_ptr<store::Store>> open_store(const config::Options& options,
                                                 const system::DataDir& data_dir,
                                                 const Hasher& hasher, Logger& log) {
  if (options.store.kind != "postgres") {
    if (Status here = require_not_moved(data_dir.path()); !here) return here.error();
    sqlite::Options file;
    file.path = data_dir.file("troupe.db");
    file.log = &log;
    auto store = sqlite::SqliteStore::open(file, hasher);
    if (!store) return std::move(store).error();
    return std::unique_ptr<store::Store>(std::move(*store));
  }
  auto server = postgres_options(options);
  if (!server) return std::move(server).error();
  server->start_is_over = signal_is_held;
  auto store = postgres::PostgresStore::open(*server, hasher);
  if (!store) return std::move(store).error();
  return std::unique_ptr<store::Store>(std::move(*store));
}

nats::Options nats_options(const config::Options& options) {
  nats::Options link;
  link.urls.clear();
  const std::string& urls = options.nats.url;
  for (std::size_t start = 0; start < urls.size();) {
    const std::size_t end = std::min(urls.find(',', start), urls.size());
    if (end > start) link.urls.push_back(urls.substr(start, end - start));
    start = end + 1;
  }
  link.login.credentials_file = options.nats.creds_file;
  link.login.nkey_seed_file = options.nats.nkey_file;
  link.tls.authority_file = options.nats.tls_ca_file;
  link.tls.certificate_file = options.nats.tls_cert_file;
  link.tls.key_file = options.nats.tls_key_file;
  return link;
}

Result<std::unique_ptr<nats::Connection>> open_broker(const config::Options& options,
                                                      const std::string& node_name,
                                                      const nats::Services& services) {
  if (options.nats.url.empty()) return std::unique_ptr<nats::Connection>();
  nats::Options link = nats_options(options);
  link.name = "troupe " + node_name;
  return nats::Connection::open(link, services);
}

std::string node_name_of(const config::Options& options) {
  if (!options.cluster.node_name.empty()) return options.cluster.node_name;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') return "node";
  return host.data();
}

}  // namespace troupe::cli
