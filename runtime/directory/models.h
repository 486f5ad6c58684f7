#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/directory/context.h"
#include "runtime/directory/secrets.h"
#include "runtime/json/write.h"
#include "runtime/llm/dialect.h"
#include "runtime/llm/price.h"

namespace troupe::directory {

// Which models a workspace can ask: keys of providers, and names that stand for chains of models.

inline constexpr std::size_t kProviderKeysMax = 100;  ///< of one workspace
inline constexpr std::size_t kModelRefsMax = 200;
inline constexpr std::size_t kChainMax = 10;

/// The environment of runs that name none.
inline constexpr std::string_view kDefaultEnvironment = "production";

struct OfferedModel {
  std::string name;  ///< as the provider calls it
  llm::Price price;
};

/// A key of a provider, and what it opens.
struct ProviderKey {
  Uuid id;
  WorkspaceId workspace;  ///< unset: the operator's, for all
  std::string name;       ///< the document's key
  std::string provider;   ///< "openai", "anthropic", "google", "openai_compatible" or "scripted"
  llm::Dialect dialect = llm::Dialect::kOpenAiChat;
  std::string base_url;   ///< without a slash at its end
  std::vector<OfferedModel> models;  ///< empty: whatever the provider has
  std::string environment;           ///< slug; empty: every one
  bool is_enabled = true;
  std::string secret;                ///< path of the key in the vault; empty: it needs none
  TimePoint created, updated;
  std::uint64_t etag = 0;
};

/// One model of a chain.
struct ModelChoice {
  std::string model;
  std::string key;  ///< name of a provider key; empty: whichever serves the model
};

/// A name that graphs use, and what it stands for: the first that answers.
struct ModelRef {
  Uuid id;
  WorkspaceId workspace;
  std::string name;  ///< the document's key
  std::vector<ModelChoice> chain;
  TimePoint created, updated;
  std::uint64_t etag = 0;
};

store::Document encode(const ProviderKey& key);
Result<ProviderKey> decode_provider_key(const store::Document& document);
store::Document encode(const ModelRef& ref);
Result<ModelRef> decode_model_ref(const store::Document& document);

/// The members of both that are shown and stored alike, into an object that has been begun.
void write_models(json::Writer& out, const std::vector<OfferedModel>& models);
void write_chain(json::Writer& out, const std::vector<ModelChoice>& chain);
std::vector<OfferedModel> read_models(std::string_view list);
std::vector<ModelChoice> read_chain(std::string_view list);

/// What there is to choose from: a workspace's own and the operator's.
struct ModelCatalogue {
  std::vector<ProviderKey> keys;
  std::vector<ModelRef> refs;
};
Result<ModelCatalogue> catalogue_of(store::Documents& documents, WorkspaceId workspace);

/// What a step asks for.
struct ModelWanted {
  std::string model;       ///< "gpt-…" or "<name of a key>/gpt-…"
  std::string ref;         ///< or a name of the catalogue, which wins
  std::string credential;  ///< id or name of a provider key; empty: whichever serves the model
  std::string environment{kDefaultEnvironment};
};
struct ModelChosen {
  ProviderKey key;
  std::string model;
  llm::Price price;
};
/// The models to ask, in turn, of the workspace's catalogue before the operator's. A bare name is
/// served by the key that lists it, else by a key of the provider whose name it bears, else by the
/// only key there is. kModelNotConfigured: none serves it; kCredentialMissing: the key that is
/// named is not there, or not here, or switched off.
Result<std::vector<ModelChosen>> choose_models(const ModelCatalogue& own,
                                               const ModelCatalogue& operators,
                                               const ModelWanted& wanted);

/// Stores a new key, or another state of one. Locks: the workspace. kConflict: another has its
/// name.
Result<store::Change> put_provider_key(store::Documents& documents, const Context& context,
                                       const ProviderKey& key);
/// Takes its secret along. kNotFound. Locks: the workspace.
Result<store::Change> delete_provider_key(store::Documents& documents, const Context& context,
                                          WorkspaceId workspace, const Uuid& id);
Result<ProviderKey> find_provider_key(store::Documents& documents, WorkspaceId workspace,
                                      const Uuid& id);

/// Likewise. Its chain may name keys that are not there yet.
Result<store::Change> put_model_ref(store::Documents& documents, const Context& context,
                                    const ModelRef& wanted, ModelRef* stored);
Result<store::Change> delete_model_ref(store::Documents& documents, const Context& context,
                                       WorkspaceId workspace, const std::string& name);

}  // namespace troupe::directory
