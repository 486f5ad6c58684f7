#include "adapters/services/credentials.h"

#include <utility>

namespace troupe::services {
namespace {

using directory::ModelChosen;
using directory::WrappedDataKey;
using Values = std::vector<std::shared_ptr<const SecretText>>;

/// More workspaces than this and their keys are unwrapped anew.
constexpr std::size_t kOpenMax = 1'024;

std::vector<std::string> texts_of(const std::vector<WrappedDataKey>& keys) {
  std::vector<std::string> texts;
  for (const WrappedDataKey& key : keys) texts.push_back(key.wrapped);
  return texts;
}

Error lost(std::string_view what) {
  return {Code::kCredentialMissing,
          "The value of " + std::string(what) + " is not in the vault any more: store it again.",
          {}};
}

}  // namespace

Credentials::Credentials(Ports ports, OperatorModels operators)
    : ports_(std::move(ports)), operators_(std::move(operators)) {}

Result<Credentials::Sealed> Credentials::sealed_at(store::Documents& documents,
                                                   WorkspaceId workspace, ProjectId project,
                                                   const std::string& path) const {
  auto slot = directory::secret_slot(documents, workspace, project, path);
  if (!slot) return slot.error();
  if (slot->before.version == 0) return lost(path);
  auto keys = directory::data_keys_of(documents, workspace);
  if (!keys) return keys.error();
  return Sealed{std::move(slot->before), *std::move(keys)};
}

void Credentials::read_by(StepService::Read read) {
  const std::lock_guard lock(mutex_);
  read_ = std::move(read);
}

template <class T>
void Credentials::read(const Callback<T>& done, std::function<void(store::Reader&)> work) {
  StepService::Read read;
  {
    const std::lock_guard lock(mutex_);
    read = read_;
  }
  if (read) return read(std::move(work));
  done(Error{Code::kUnavailable, "This node is about to end.", {}});
}

void Credentials::models(WorkspaceId workspace, const directory::ModelWanted& wanted,
                         Callback<std::vector<ModelRoute>> done) {
  read<std::vector<ModelRoute>>(done, [this, workspace, wanted, done](store::Reader& reader) {
    auto& documents = reader.documents(store::DocumentScope::of(workspace));
    const auto own = directory::catalogue_of(documents, workspace);
    if (!own) return done(own.error());
    auto chosen = directory::choose_models(*own, operators_.catalogue, wanted);
    if (!chosen) return done(std::move(chosen).error());
    std::vector<Sealed> sealed;
    std::vector<ModelRoute> routes;
    std::vector<std::size_t> waiting;  // routes whose keys are to be opened, in the same order
    for (const ModelChosen& one : *chosen) {
      ModelRoute route{one.key.provider, one.model, one.price, one.key.dialect,
                       one.key.base_url, nullptr, nullptr};
      if (one.key.provider == "scripted") route.script = operators_.script;
      const auto own_key = operators_.keys.find(one.key.name);
      if (!one.key.workspace.set() && own_key != operators_.keys.end()) {
        route.key = own_key->second;
      } else if (!one.key.secret.empty()) {
        auto found = sealed_at(documents, workspace, {}, one.key.secret);
        if (!found) return done(found.error());
        waiting.push_back(routes.size());
        sealed.push_back(*std::move(found));
      }
      routes.push_back(std::move(route));
    }
    open(workspace, std::move(sealed),
         [routes = std::move(routes), waiting = std::move(waiting), done](
             Result<Values> values) mutable {
           if (!values) return done(values.error());
           for (std::size_t i = 0; i < waiting.size(); ++i) {
             routes[waiting[i]].key = (*values)[i];
           }
           done(std::move(routes));
         });
  });
}

void Credentials::connection(WorkspaceId workspace, ProjectId project,
                             const std::string& id_or_name, Callback<OpenConnection> done) {
  read<OpenConnection>(done, [this, workspace, project, id_or_name,
                              done](store::Reader& reader) {
    auto& documents = reader.documents(store::DocumentScope::of(workspace));
    auto found = directory::usable_connection(documents, workspace, project, id_or_name,
                                              directory::kDefaultEnvironment);
    if (!found) return done(found.error());
    auto sealed = sealed_at(documents, workspace, found->project, found->secret);
    if (!sealed) return done(sealed.error());
    std::vector<Sealed> all;
    all.push_back(*std::move(sealed));
    open(workspace, std::move(all), [found = *found, done](Result<Values> values) {
      if (!values) return done(values.error());
      done(OpenConnection{found, values->front()});
    });
  });
}

void Credentials::open(WorkspaceId workspace, std::vector<Sealed> sealed, Callback<Values> done) {
  if (sealed.empty()) return done(Values{});
  const auto with = [this](const std::vector<Sealed>& all,
                           const DataKeys& keys) -> Result<Values> {
    Values values;
    for (const Sealed& one : all) {
      const std::string field = directory::sealed_field(one.secret);
      auto value = ports_.sealer.open(keys, {field, one.secret.version}, one.secret.sealed);
      if (!value) return value.error();
      values.push_back(std::make_shared<const SecretText>(*std::move(value)));
    }
    return values;
  };
  if (const OpenKeys keys = known(workspace, sealed.front().keys)) {
    return done(with(sealed, *keys));
  }
  const bool posted = ports_.post([this, workspace, with, sealed = std::move(sealed), done] {
    auto keys = unwrap(workspace, sealed.front().keys);
    if (keys) done(with(sealed, **keys));
    else done(std::move(keys).error());
  });
  if (!posted) done(Error{Code::kOverloaded, "Too many secrets are being opened.", {}});
}

Credentials::OpenKeys Credentials::known(WorkspaceId workspace,
                                         const std::vector<WrappedDataKey>& keys) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(workspace);
  const bool is_same = found != open_.end() && found->second.first == texts_of(keys);
  return is_same ? found->second.second : nullptr;
}

Result<Credentials::OpenKeys> Credentials::unwrap(WorkspaceId workspace,
                                                  const std::vector<WrappedDataKey>& keys) {
  if (ports_.keys == nullptr) {
    return Error{Code::kUnavailable, "This node has no master key (vault.master_key_file).", {}};
  }
  auto open = directory::open_data_keys(keys, workspace, *ports_.keys);
  if (!open) return open.error();
  auto shared = std::make_shared<const DataKeys>(*std::move(open));
  const std::lock_guard lock(mutex_);
  if (open_.size() >= kOpenMax) open_.clear();
  open_[workspace] = {texts_of(keys), shared};
  return OpenKeys(std::move(shared));
}

}  // namespace troupe::services
