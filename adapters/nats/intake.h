#pragma once

#include <mutex>
#include <string>

#include "runtime/edge/scope.h"
#include "runtime/port/engine.h"
#include "runtime/port/system.h"

namespace troupe::nats {

/// What somebody wants to have started, as it came in.
struct Arrival {
  std::string workspace;  ///< from the subject
  std::string project;    ///< likewise; `_`: none is named
  std::string body;             ///< {workflow_id, version?, input?, external_id?}
  std::string idempotency_key;  ///< or empty
};

/// From such a message to a started run: checks it, finds what its names stand for and asks the
/// engine. Used by both ways in. Thread-safe; must outlive its answers.
class Intake {
 public:
  struct Options {
    std::size_t body_bytes_max = std::size_t{1} << 20;
    /// A workflow that is archived on another node is refused after so long at the latest.
    Duration trusted = seconds(5);
  };
  Intake(Engine& engine, const Hasher& hasher, Options options)
      : engine_(engine), hasher_(hasher), options_(options) {}

  /// Answers once, after the run is durable, on some thread; the error is the one that a problem
  /// document tells.
  void start(Arrival arrival, Callback<RunId> done);

 private:
  struct Wanted {
    Arrival arrival;
    StartRequest request;
  };
  std::optional<store::TenantScope> known(const Wanted& wanted);
  Result<store::TenantScope> look_up(store::Reader& reader, const Wanted& wanted,
                                     std::uint64_t generation);
  void ask(StartRequest request, const store::TenantScope& scope, Callback<RunId> done);

  Engine& engine_;
  const Hasher& hasher_;
  const Options options_;
  std::mutex mutex_;
  edge::KnownScopes known_;
  std::int64_t forget_at_us_ = 0;
};

/// Pure: the request that a body is. kInvalidJson, kPayloadTooLarge, kValidationFailed.
Result<StartRequest> parse_submission(const json::Text& body);

}  // namespace troupe::nats
