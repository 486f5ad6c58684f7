#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/directory/connections.h"
#include "runtime/directory/models.h"
#include "adapters/services/model_talk.h"
#include "runtime/port/step_service.h"
#include "runtime/port/store.h"

namespace troupe::services {

/// What the operator offers to every workspace, from his own files.
struct OperatorModels {
  directory::ModelCatalogue catalogue;
  std::map<std::string, std::shared_ptr<const SecretText>> keys;  ///< by name of provider key
  std::shared_ptr<const llm::ScriptedModel> script;               ///< or null
};

/// A connection with what it shows.
struct OpenConnection {
  directory::Connection connection;
  std::shared_ptr<const SecretText> value;
};

/// Finds what steps may show to services outside, and opens it: whatever stands in the store at the
/// moment of asking, so that a value that has been changed is used by the next call. Thread-safe.
class Credentials {
 public:
  /// Runs what may wait for a program outside; false: too much waits already.
  using Post = std::function<bool(std::function<void()>)>;
  /// What it needs outlives it; `keys` may be null: then nothing can be opened.
  struct Ports {
    Post post;
    const Sealer& sealer;
    KeyRing* keys = nullptr;
  };

  Credentials(Ports ports, OperatorModels operators);

  /// By what it reads, from now on. Nothing: everything is refused as kUnavailable.
  void read_by(StepService::Read read);
  /// The models to ask, in turn. kModelNotConfigured, kCredentialMissing.
  void models(WorkspaceId workspace, const directory::ModelWanted& wanted,
              Callback<std::vector<ModelRoute>> done);
  /// kCredentialMissing.
  void connection(WorkspaceId workspace, ProjectId project, const std::string& id_or_name,
                  Callback<OpenConnection> done);

 private:
  using OpenKeys = std::shared_ptr<const DataKeys>;
  /// A secret as it lies in the store, with the keys that it may lie under.
  struct Sealed {
    directory::Secret secret;
    std::vector<directory::WrappedDataKey> keys;
  };
  Result<Sealed> sealed_at(store::Documents& documents, WorkspaceId workspace, ProjectId project,
                           const std::string& path) const;
  /// Opens all of them and goes on, on this thread if their keys are open, else on another one.
  void open(WorkspaceId workspace, std::vector<Sealed> sealed,
            Callback<std::vector<std::shared_ptr<const SecretText>>> done);
  OpenKeys known(WorkspaceId workspace, const std::vector<directory::WrappedDataKey>& keys);
  Result<OpenKeys> unwrap(WorkspaceId workspace,
                          const std::vector<directory::WrappedDataKey>& keys);

  template <class T>
  void read(const Callback<T>& done, std::function<void(store::Reader&)> work);

  const Ports ports_;
  const OperatorModels operators_;
  std::mutex mutex_;
  StepService::Read read_;
  /// By workspace: what was unwrapped, and the keys that came of it.
  std::map<WorkspaceId, std::pair<std::vector<std::string>, OpenKeys>> open_;
};

}  // namespace troupe::services
