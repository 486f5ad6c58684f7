// W7: `start` over HTTP keep-alive by a member with an access token, driven by wrk from a second
// process over 64 connections. Every answer is durable, and every accepted run (of one step) is
// executed meanwhile. So runs_per_s, which counts ended runs, is also what W3 reaches when jobs are
// submitted singly.

#include <array>
#include <cstdio>
#include <fstream>
#include <future>

#include "adapters/http/server.h"
#include "adapters/vault/password_hasher.h"
#include "adapters/vault/sealer.h"
#include "bench/rig.h"
#include "runtime/directory/records.h"
#include "runtime/tenancy/token_text.h"

namespace troupe::bench {
namespace {

/// There is no operator here: the one who asks is a user with a token.
class NoOperator final : public tenancy::Access {
 public:
  Result<tenancy::Principal> authenticate(std::string_view) const override {
    return Error{Code::kUnauthorized, "no operator", {}};
  }
};

/// Makes a user who is a member of the rig's workspace, with a token that may start runs, and gives
/// its text; empty if the store did not take it.
std::string contributor_token(Rig& rig) {
  using namespace directory;
  const Context context{rig.hasher(), rig.entropy(), rig.clock().now(), {}, "bench", "bench"};
  const UserId user{context.new_id()};
  const std::string text = tenancy::make_token(tenancy::TokenKind::kAccess, context.entropy);
  const tenancy::Member member{user, "bench@example.org", tenancy::WorkspaceRole::kMember,
                               tenancy::MemberState::kActive, context.now};
  AccessToken token{.id = TokenId(context.new_id()),
                    .user = user,
                    .key = secret_key(context.hasher, text),
                    .name = "bench",
                    .shown = std::string(tenancy::shown_part(text)),
                    .limits = {},
                    .created = context.now};
  token.limits.scopes.add(tenancy::Scope::kWorkflowRun);
  store::Change change;
  change.put = {encode(User{user, member.email, "Bench", "", context.now}), encode(token),
                encode(context.hasher, rig.scope().workspace, member)};
  std::promise<bool> done;
  rig.engine().write([&](store::Writer& writer) {
    const auto decide = [&](store::Documents&) -> Result<store::Change> { return change; };
    done.set_value(writer.change({Uuid(user)}, context.now, decide).ok());
  });
  return done.get_future().get() ? text : std::string();
}

class NoText final : public MetricsText {
 public:
  std::string exposition() override { return {}; }
};

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer;
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), got);
  }
  pclose(pipe);
  return text;
}

/// The number behind `label` in wrk's report, times given in ms. A label takes in the blanks around
/// it: "50%" alone is also the end of "67.50%".
double figure(const std::string& report, const std::string& label) {
  const auto at = report.find(label);
  if (at == std::string::npos) return 0;
  char* unit = nullptr;
  const double value = std::strtod(report.c_str() + at + label.size(), &unit);
  if (unit[0] == 'u') return value / 1e3;
  if (unit[0] == 's') return value * 1e3;
  return value;
}

}  // namespace

Figures run_ingest(Rig& rig, const Settings& settings) {
  const WorkflowId workflow = rig.publish(chain_graph(1));
  NoOperator access;
  NoText text;
  const auto passwords = vault::Argon2PasswordHasher::make({});
  if (!passwords) return {};
  const vault::XChaChaSealer sealer;
  http::Options options;
  options.address = "127.0.0.1";
  options.port = 0;
  http::Server server(options, http::Services{rig.engine(), access, rig.hasher(), rig.clock(),
                                              rig.entropy(), rig.metrics(), text, **passwords,
                                              sealer});
  Figures figures;
  const auto port = server.start();
  if (!port) return figures;
  const std::string script = settings.dir + "/start.lua";
  std::ofstream(script) << "wrk.method='POST'\nwrk.headers['Authorization']='Bearer "
                        << contributor_token(rig)
                        << "'\nwrk.headers['X-Tenant-Id']='"
                        << rig.scope().workspace.to_string()
                        << "'\nwrk.headers['X-Project-Id']='"
                        << rig.scope().project->to_string()
                        << "'\nwrk.headers['Content-Type']='application/json'\n"
                           "wrk.body='{\"command\":\"start\",\"params\":{\"x\":1}}'\n";
  const std::uint64_t before = rig.ended();
  const double begun = monotonic_s();
  const std::string report = output_of(
      "wrk -t1 -c64 -d" + std::to_string(static_cast<int>(settings.seconds)) + " --latency -s " +
      script + " http://127.0.0.1:" + std::to_string(*port) + "/v1/workflows/" +
      workflow.to_string() + "/command");
  const double took = monotonic_s() - begun;
  figures.more.emplace_back("requests_per_s", figure(report, "Requests/sec:"));
  figures.more.emplace_back("refused", figure(report, "Non-2xx or 3xx responses:"));
  figures.p50_ms = figure(report, " 50% ");
  figures.p99_ms = figure(report, " 99% ");
  figures.n = rig.ended() - before;
  figures.seconds = took;
  figures.runs_per_s = static_cast<double>(figures.n) / took;
  server.drain();
  server.stop();
  return figures;
}

}  // namespace troupe::bench
