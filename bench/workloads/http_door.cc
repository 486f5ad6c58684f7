#include "bench/workloads/http_door.h"

#include <array>
#include <cstdio>
#include <future>
#include <stdexcept>
#include <thread>

#include "adapters/vault/password_hasher.h"
#include "runtime/directory/records.h"
#include "runtime/tenancy/token_text.h"

namespace troupe::bench {
namespace {

constexpr int kClients = 64;

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

/// One client's share: every `kClients`-th of the requests.
void pace_some(const http_client::Options& options, const std::string& path, int first,
               std::uint64_t count, double rate, double begun, std::vector<double>* took_ms) {
  http_client::Client client(options);
  for (auto i = static_cast<std::uint64_t>(first); i < count; i += kClients) {
    const double due = begun + static_cast<double>(i) / rate;
    const double early = due - monotonic_s();
    if (early > 0) std::this_thread::sleep_for(std::chrono::duration<double>(early));
    const auto answer = client.post(path, HttpDoor::kStartBody);
    if (!answer || answer->status != 200) return;  // its time is missing, which is seen
    took_ms->push_back((monotonic_s() - due) * 1e3);
  }
}

}  // namespace

/// There is no operator here: the one who asks is a user with a token.
class HttpDoor::NoOperator final : public tenancy::Access {
 public:
  Result<tenancy::Principal> authenticate(std::string_view) const override {
    return Error{Code::kUnauthorized, "no operator", {}};
  }
};
class HttpDoor::NoText final : public MetricsText {
 public:
  std::string exposition() override { return {}; }
};

HttpDoor::HttpDoor(Rig& rig)
    : rig_(rig), access_(std::make_unique<NoOperator>()), text_(std::make_unique<NoText>()) {
  auto passwords = vault::Argon2PasswordHasher::make({});
  if (!passwords) throw std::runtime_error(passwords.error().message);
  passwords_ = *std::move(passwords);
  http::Options options;
  options.address = "127.0.0.1";
  options.port = 0;
  server_ = std::make_unique<http::Server>(
      options, http::Services{rig.engine(), *access_, rig.hasher(), rig.clock(), rig.entropy(),
                              rig.metrics(), *text_, *passwords_, sealer_});
  const auto port = server_->start();
  if (!port) throw std::runtime_error(port.error().message);
  port_ = *port;
  token_ = contributor_token(rig);
}

HttpDoor::~HttpDoor() {
  server_->drain();
  server_->stop();
}

http_client::Options HttpDoor::client() const {
  http_client::Options options;
  options.port = port_;
  options.headers = {{"Authorization", "Bearer " + token_},
                     {"X-Tenant-Id", rig_.scope().workspace.to_string()},
                     {"X-Project-Id", rig_.scope().project->to_string()}};
  return options;
}

std::string HttpDoor::start_path(WorkflowId workflow) {
  return "/v1/workflows/" + workflow.to_string() + "/command";
}

std::vector<double> HttpDoor::pace(WorkflowId workflow, double rate, double seconds) const {
  const auto count = static_cast<std::uint64_t>(rate * seconds);
  const double begun = monotonic_s() + 0.1;
  std::vector<std::vector<double>> times(kClients);
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        pace_some(client(), start_path(workflow), i, count, rate, begun,
                  &times[static_cast<std::size_t>(i)]);
      });
    }
  }
  std::vector<double> all;
  for (const auto& some : times) all.insert(all.end(), some.begin(), some.end());
  if (all.size() != count) throw std::runtime_error("a start was refused");
  return all;
}

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

}  // namespace troupe::bench
