#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "adapters/nats/door.h"
#include "runtime/edge/authority.h"
#include "runtime/edge/scope.h"
#include "runtime/port/engine.h"
#include "runtime/port/system.h"

namespace troupe::nats {

/// The header that says who asks: "Bearer <token>".
inline constexpr const char* kAuthorizationHeader = "Authorization";

/// What somebody wants to have started, as it came in.
struct Arrival {
  Door door;              ///< by which
  std::string workspace;  ///< from the subject
  std::string project;    ///< likewise; `_`: none is named
  std::string body;             ///< {workflow_id, version?, input?, external_id?}
  std::string idempotency_key;  ///< or empty
  std::string authorization;    ///< likewise
};

/// From such a message to a started run: checks it, finds what its names stand for and asks the
/// engine. Used by both ways in. Thread-safe; must outlive its answers.
///
/// The permissions of the broker's users say who may publish to a workspace's subjects. A message
/// that brings a token is judged by it as well, as a request over HTTP is; where tokens are needed,
/// one that brings none is refused.
class Intake {
 public:
  struct Options {
    std::size_t body_bytes_max = std::size_t{1} << 20;
    /// A workflow that is archived on another node is refused after so long at the latest.
    Duration trusted = seconds(5);
    bool needs_token = false;
  };
  /// The authority judges the tokens; without one (null) there is none that counts.
  Intake(Engine& engine, const Hasher& hasher, std::shared_ptr<edge::Authority> authority,
         Options options)
      : engine_(engine),
        hasher_(hasher),
        authority_(std::move(authority)),
        options_(options) {}

  /// Answers once, after the run is durable, on some thread; the error is the one that a problem
  /// document tells.
  void start(Arrival arrival, Callback<RunId> done);

 private:
  struct Wanted {
    Arrival arrival;
    StartRequest request;
    std::optional<store::TenantScope> scope;  ///< where the caller has been let in
  };
  void judge(Arrival arrival, Callback<RunId> done);
  void admit(const edge::Caller& caller, Arrival arrival, const Callback<RunId>& done);
  void take(Arrival arrival, std::optional<store::TenantScope> scope, Callback<RunId> done);
  std::optional<store::TenantScope> known(const Wanted& wanted);
  Result<store::TenantScope> look_up(store::Reader& reader, const Wanted& wanted,
                                     std::uint64_t generation);
  void ask(StartRequest request, const store::TenantScope& scope, Callback<RunId> done);

  Engine& engine_;
  const Hasher& hasher_;
  const std::shared_ptr<edge::Authority> authority_;
  const Options options_;
  std::mutex mutex_;
  edge::KnownScopes known_;
  std::int64_t forget_at_us_ = 0;
};

/// Pure: the request that a body is. kInvalidJson, kPayloadTooLarge, kValidationFailed.
Result<StartRequest> parse_submission(const json::Text& body);

}  // namespace troupe::nats
