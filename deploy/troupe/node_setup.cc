#include "deploy/troupe/node_setup.h"

#include <utility>

#include "actors/node/node.h"
#include "adapters/black_box/mapped_black_box.h"
#include "adapters/http/certificate.h"
#include "adapters/http/server.h"
#include "adapters/http/worker.h"
#include "adapters/lua_sandbox/pool.h"
#include "adapters/lua_sandbox/syntax.h"
#include "adapters/lua_sandbox/zygote.h"
#include "adapters/metrics/registry.h"
#include "adapters/nats/enqueue.h"
#include "adapters/nats/events.h"
#include "adapters/nats/node_bus.h"
#include "adapters/nats/submission.h"
#include "adapters/nats/work_queue.h"
#include "adapters/re2/pattern_compiler.h"
#include "adapters/system/clock.h"
#include "adapters/system/data_dir.h"
#include "adapters/system/entropy.h"
#include "adapters/system/hasher.h"
#include "adapters/system/log.h"
#include "adapters/vault/sealer.h"
#include "deploy/troupe/await.h"
#include "deploy/troupe/listen.h"
#include "deploy/troupe/models_setup.h"
#include "deploy/troupe/outside_setup.h"
#include "deploy/troupe/owner_access.h"
#include "deploy/troupe/scrape.h"
#include "deploy/troupe/shared_ports.h"
#include "deploy/troupe/vault_setup.h"
#include "deploy/troupe/version.h"
#include "adapters/services/services.h"

namespace troupe::cli {
namespace {

constexpr std::size_t kOpeningMax = 1'024;  ///< secrets that wait to be opened

actors::Options engine_options(const config::Options& options) {
  actors::Options out;
  out.strict = options.engine.durability == "strict";
  out.keeps_house = true;
  out.workers = static_cast<int>(options.engine.workers);
  out.readers = static_cast<int>(options.engine.readers);
  out.attempts_in_flight_max = static_cast<std::size_t>(options.engine.attempts_in_flight_max);
  out.active_runs_per_workspace =
      static_cast<std::size_t>(options.engine.active_runs_per_workspace);
  out.queued_runs_per_workspace =
      static_cast<std::size_t>(options.engine.queued_runs_per_workspace);
  out.crashes_max = static_cast<int>(options.engine.crashes_max);
  out.graph = graph_limits(options);
  out.run.result_bytes_max = static_cast<std::size_t>(options.limits.result_bytes_max);
  out.run.loop_result_bytes_max = static_cast<std::size_t>(options.limits.loop_result_bytes_max);
  out.run.loop_spread_items = static_cast<std::uint64_t>(options.engine.loop_spread_items);
  out.run.run_depth_max = static_cast<int>(options.limits.run_depth_max);
  out.run.drain_timeout = seconds(options.limits.drain_timeout_s);
  out.node_name = node_name_of(options);
  const std::string& advertised = options.cluster.advertise_url;
  out.node_address = advertised.empty() ? "http://" + options.server.listen : advertised;
  out.lease = milliseconds(options.cluster.lease_ms);
  out.hand_over_patience = seconds(options.cluster.drain_timeout_s);
  return out;
}

lua_sandbox::Options sandbox_options(const config::Sandbox& sandbox) {
  lua_sandbox::Options out;
  out.children = static_cast<std::size_t>(sandbox.processes);
  out.children_max = static_cast<std::size_t>(sandbox.processes_max);
  out.address_space_bytes_max = static_cast<std::uint64_t>(sandbox.memory_mb) << 20;
  return out;
}

http::Options server_options(const config::Options& options, const ListenAddress& address) {
  const config::Server& server = options.server;
  http::Options out;
  out.sign_up_is_open = options.access.sign_up == "open";
  out.product_code = options.access.product_code;
  out.public_url = server.public_url;
  out.mail_pages = options.mail.pages.empty() ? server.public_url : options.mail.pages;
  out.needs_verification = options.access.verification == "required";
  out.session_life = seconds(options.access.session_hours * 3600);
  out.limits.requests_per_second = static_cast<double>(options.access.requests_per_second);
  out.limits.sign_ins_per_minute = static_cast<double>(options.access.sign_ins_per_minute);
  out.address = address.host;
  out.port = address.port;
  out.behind_proxy = server.behind_proxy;
  out.io_threads = static_cast<int>(server.io_threads);
  out.version = kVersion;
  out.limits.connections_max = static_cast<std::size_t>(server.connections_max);
  out.limits.body_bytes_max = static_cast<std::size_t>(server.body_bytes_max);
  out.limits.large_body_bytes_max = 16 * out.limits.body_bytes_max;
  for (std::size_t start = 0; start < server.host_names.size();) {
    const std::size_t end = std::min(server.host_names.find(',', start), server.host_names.size());
    if (end > start) out.host_names.push_back(server.host_names.substr(start, end - start));
    start = end + 1;
  }
  return out;
}

LogLevel log_level(const config::Log& log, bool quiet) {
  if (quiet || log.level == "error") return LogLevel::kError;
  if (log.level == "debug") return LogLevel::kDebug;
  return log.level == "warning" ? LogLevel::kWarning : LogLevel::kInfo;
}

/// Members stand in the order in which they need each other; they end in the opposite one.
class OneNode final : public LocalNode {
 public:
  OneNode(const config::Options& options, bool quiet)
      : log_(
            log_level(options.log, quiet),
            options.log.format == "json" ? system::LogFormat::kJsonLines : system::LogFormat::kText,
            clock_),
        metrics_(kVersion) {}

  ~OneNode() override { opener_.stop(); }

  Status start(const config::Options& options);
  Engine& engine() override { return node_->engine(); }
  const Clock& clock() const override { return clock_; }
  Entropy& entropy() override { return entropy_; }
  store::TenantScope scope() const override { return scope_; }
  Result<std::string> serve(const config::Options& options) override;
  std::string token_path() const override { return data_dir_->token_path(); }
  void shutdown() override;
  void leave_now() override {
    if (node_) node_->leave_now(seconds(1));
  }

 private:
  Status find_scope();

  system::SystemClock clock_;
  system::SystemEntropy entropy_;
  system::Blake2bHasher hasher_;
  system::StderrLogger log_;
  metrics::Registry metrics_;
  lua_sandbox::Syntax syntax_;
  re2::Re2PatternCompiler patterns_;
  std::unique_ptr<system::DataDir> data_dir_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<nats::Connection> broker_;
  std::unique_ptr<nats::NodeBus> bus_;
  std::unique_ptr<nats::NatsWorkQueue> work_;
  std::unique_ptr<nats::Events> events_;
  std::unique_ptr<lua_sandbox::Pool> scripts_;
  std::unique_ptr<black_box::MappedBlackBox> black_box_;
  std::unique_ptr<KeyRing> keys_;
  vault::XChaChaSealer sealer_;
  http::Worker opener_{kOpeningMax};  ///< of secrets that steps need; stops before the node goes
  std::unique_ptr<services::Credentials> credentials_;
  std::unique_ptr<services::Services> outside_;
  std::unique_ptr<Egress> egress_for_steps_;  ///< what it is asked for is answered before they go
  std::unique_ptr<actors::Node> node_;
  std::unique_ptr<nats::Intake> intake_;
  std::unique_ptr<nats::Submission> submission_;
  std::unique_ptr<nats::Enqueue> enqueue_;
  std::unique_ptr<PasswordHasher> passwords_;
  std::unique_ptr<http::Certificate> certificate_;
  std::unique_ptr<OwnerAccess> access_;
  std::unique_ptr<Scrape> scrape_;
  std::unique_ptr<Mailer> mailer_;
  std::shared_ptr<IdentityProvider> identities_;
  std::unique_ptr<Egress> egress_;  ///< what it is asked for is answered before the provider goes
  std::unique_ptr<http::Server> server_;
  store::TenantScope scope_;
};

Status OneNode::start(const config::Options& options) {
  // First of all: the process that forks the sandboxes must not inherit threads, files or secrets.
  Result<lua_sandbox::Zygote> zygote = lua_sandbox::Zygote::start();
  if (!zygote) return std::move(zygote).error();
  auto data_dir = system::DataDir::hold(options.node.data_dir);
  if (!data_dir) return std::move(data_dir).error();
  data_dir_ = std::move(*data_dir);
  auto keys = open_key_ring(options, *data_dir_, log_);
  if (!keys) return std::move(keys).error();
  keys_ = std::move(*keys);
  auto store = open_store(options, *data_dir_, hasher_, log_);
  if (!store) return std::move(store).error();
  store_ = std::move(*store);
  auto broker = open_broker(options, node_name_of(options), {log_, metrics_, entropy_});
  if (!broker) return std::move(broker).error();
  broker_ = std::move(*broker);
  if (broker_ != nullptr) {
    bus_ = std::make_unique<nats::NodeBus>(*broker_);
    work_ = std::make_unique<nats::NatsWorkQueue>(*broker_);
    if (options.nats.events == "all") events_ = std::make_unique<nats::Events>(*broker_);
  }
  scripts_ = std::make_unique<lua_sandbox::Pool>(std::move(*zygote), clock_,
                                                 sandbox_options(options.sandbox));
  auto black_box = black_box::MappedBlackBox::open(data_dir_->file("black_box"));
  if (!black_box) return std::move(black_box).error();
  black_box_ = std::move(*black_box);
  auto egress = open_egress_for_steps(options.egress);
  if (!egress) return std::move(egress).error();
  egress_for_steps_ = std::move(*egress);
  auto models = read_operator_models(options.models);
  if (!models) return std::move(models).error();
  credentials_ = std::make_unique<services::Credentials>(
      services::Credentials::Ports{
          [this](std::function<void()> work) { return opener_.post(std::move(work)); }, sealer_,
          keys_.get()},
      *std::move(models));
  outside_ = std::make_unique<services::Services>(
      services::Services::Ports{*egress_for_steps_, *credentials_, clock_, patterns_, metrics_});
  actors::Ports ports{*store_, *scripts_, syntax_, patterns_, clock_, entropy_,
                      hasher_, log_, metrics_, black_box_.get()};
  ports.bus = bus_.get();
  ports.work = work_.get();
  ports.events = events_.get();
  ports.outside = outside_.get();
  auto node = actors::Node::start(engine_options(options), ports);
  if (!node) return std::move(node).error();
  node_ = std::move(*node);
  return find_scope();
}

Status OneNode::find_scope() {
  auto scope = await_read<store::TenantScope>(
      node_->engine(), [](store::Reader& reader) -> Result<store::TenantScope> {
        const auto workspaces = reader.workspaces();
        if (!workspaces) return workspaces.error();
        for (const store::Workspace& workspace : *workspaces) {
          if (workspace.slug != "default") continue;
          const auto projects = reader.projects(workspace.id);
          if (!projects) return projects.error();
          for (const store::Project& project : *projects) {
            if (project.slug == "default") return store::TenantScope{workspace.id, project.id};
          }
        }
        return Error{Code::kNotFound, "the store has no workspace and project named default", {}};
      });
  if (!scope) return std::move(scope).error();
  scope_ = *scope;
  return ok();
}

Result<std::string> OneNode::serve(const config::Options& options) {
  const Result<ListenAddress> address = parse_listen(options.server.listen);
  if (!address) return address.error();
  if (!options.server.tls_certificate_file.empty()) {
    auto certificate = http::Certificate::open(
        {options.server.tls_certificate_file, options.server.tls_key_file}, log_);
    if (!certificate) return std::move(certificate).error();
    certificate_ = std::move(*certificate);
  }
  auto passwords = open_password_hasher(options.access);
  if (!passwords) return std::move(passwords).error();
  passwords_ = std::move(*passwords);
  auto egress = open_egress(options.egress);
  if (!egress) return std::move(egress).error();
  egress_ = std::move(*egress);
  auto identities = open_identity_provider(options.oidc, *egress_, clock_);
  if (!identities) return std::move(identities).error();
  identities_ = std::move(*identities);
  auto mailer = open_mailer(options.mail, {clock_, entropy_, log_, metrics_});
  if (!mailer) return std::move(mailer).error();
  mailer_ = std::move(*mailer);
  Result<std::string> token = data_dir_->owner_token(entropy_);
  if (!token) return std::move(token).error();
  access_ = std::make_unique<OwnerAccess>(std::move(*token));
  scrape_ = std::make_unique<Scrape>(metrics_, metrics_, scripts_->metrics(), node_->engine(),
                                     data_dir_->path());
  server_ = std::make_unique<http::Server>(
      server_options(options, *address),
      http::Services{node_->engine(), *access_, hasher_, clock_, entropy_, metrics_, *scrape_,
                     *passwords_, sealer_, keys_.get(), certificate_.get(), &log_,
                     identities_.get(), mailer_.get(), outside_.get()});
  const Result<std::uint16_t> port = server_->start();
  if (!port) return port.error();
  if (broker_ != nullptr) {
    intake_ = std::make_unique<nats::Intake>(
        node_->engine(), hasher_, server_->authority(),
        nats::Intake::Options{.needs_token = options.nats.submissions == "token"});
    submission_ = std::make_unique<nats::Submission>(*broker_, *intake_,
                                                     nats::Submission::Options{});
    enqueue_ = std::make_unique<nats::Enqueue>(*broker_, *intake_, nats::Enqueue::Options{});
  }
  const bool six = address->host.find(':') != std::string::npos;
  const std::string scheme = certificate_ == nullptr ? "http://" : "https://";
  return scheme + (six ? "[" + address->host + "]" : address->host) + ":" +
         std::to_string(*port);
}

void OneNode::shutdown() {
  if (node_) node_->hurry();
  const Duration began = clock_.since_boot();
  const auto took_ms = [&] { return (clock_.since_boot().us - began.us) / 1000; };
  if (submission_) submission_->close();
  if (enqueue_) enqueue_->close();
  const std::int64_t submissions_ms = took_ms();
  if (server_) {
    server_->drain();
    const std::vector<std::string> cut_off = server_->stop();
    if (!cut_off.empty()) {
      log_.warning("requests were cut off", {{"count", cut_off.size()}, {"one", cut_off.front()}});
    }
    log_.info("no client is served any more",
              {{"submissions_ms", submissions_ms}, {"requests_ms", took_ms() - submissions_ms}});
  }
  if (node_) node_->shutdown();
}

}  // namespace

graph::Limits graph_limits(const config::Options& options) {
  graph::Limits limits;
  limits.graph_bytes_max = static_cast<std::size_t>(options.limits.graph_bytes_max);
  limits.steps_max = static_cast<std::size_t>(options.limits.steps_max);
  limits.script_bytes_max = static_cast<std::size_t>(options.limits.script_bytes_max);
  limits.lua_timeout_s_max = static_cast<int>(options.limits.lua_timeout_s_max);
  return limits;
}

Result<std::unique_ptr<LocalNode>> start_node(const config::Options& options, bool quiet) {
  auto node = std::make_unique<OneNode>(options, quiet);
  if (Status started = node->start(options); !started) return std::move(started).error();
  return std::unique_ptr<LocalNode>(std::move(node));
}

const graph::Tools& graph_tools() {
  static const lua_sandbox::Syntax syntax;
  static const re2::Re2PatternCompiler patterns;
  static const graph::Tools tools{syntax, patterns};
  return tools;
}

}  // namespace troupe::cli
