#include <algorithm>
#include <utility>

#include "runtime/directory/models.h"

namespace troupe::directory {
namespace {

using Keys = std::vector<const ProviderKey*>;

/// By the beginnings that each of the three gives its models.
std::string_view provider_of(std::string_view model) {
  constexpr std::pair<std::string_view, std::string_view> kBeginnings[] = {
      {"gpt-", "openai"},      {"chatgpt-", "openai"},   {"o1", "openai"},
      {"o3", "openai"},        {"o4", "openai"},         {"claude-", "anthropic"},
      {"gemini-", "google"},   {"gemma-", "google"}};
  for (const auto& [beginning, provider] : kBeginnings) {
    if (model.starts_with(beginning)) return provider;
  }
  return {};
}

bool is_usable(const ProviderKey& key, std::string_view environment) {
  return key.is_enabled && (key.environment.empty() || key.environment == environment);
}

const OfferedModel* offered(const ProviderKey& key, std::string_view model) {
  const auto found = std::find_if(key.models.begin(), key.models.end(),
                                  [&](const OfferedModel& one) { return one.name == model; });
  return found == key.models.end() ? nullptr : &*found;
}

ModelChosen chosen(const ProviderKey& key, std::string_view model) {
  const OfferedModel* const listed = offered(key, model);
  return {key, std::string(model), listed == nullptr ? llm::Price{} : listed->price};
}

/// Whether the key may be asked for the model: one that lists models has no others.
bool serves(const ProviderKey& key, std::string_view model) {
  return key.models.empty() || offered(key, model) != nullptr;
}

/// Of a server that may have anybody's models.
bool is_of_no_vendor(const ProviderKey& key) {
  return key.provider == "openai_compatible" || key.provider == "scripted";
}

class Chooser {
 public:
  Chooser(const ModelCatalogue& own, const ModelCatalogue& operators, const ModelWanted& wanted)
      : wanted_(wanted) {
    for (const ModelCatalogue* catalogue : {&own, &operators}) {
      Keys usable;
      for (const ProviderKey& key : catalogue->keys) {
        if (is_usable(key, wanted.environment)) usable.push_back(&key);
      }
      places_.push_back(std::move(usable));
      for (const ModelRef& ref : catalogue->refs) refs_.push_back(&ref);
    }
  }

  Result<std::vector<ModelChosen>> all() const {
    std::vector<ModelChosen> chain;
    if (wanted_.ref.empty()) {
      auto one = of({wanted_.model, wanted_.credential});
      if (!one) return one.error();
      chain.push_back(*std::move(one));
      return chain;
    }
    const auto ref = std::find_if(refs_.begin(), refs_.end(),
                                  [&](const ModelRef* one) { return one->name == wanted_.ref; });
    if (ref == refs_.end()) {
      return Error{Code::kModelNotConfigured,
                   "The catalogue has no model \"" + wanted_.ref + "\".", {}};
    }
    // A model that nobody serves here is passed over as one that does not answer.
    Result<ModelChosen> last = unserved(wanted_.ref);
    for (const ModelChoice& choice : (*ref)->chain) {
      last = of(choice.key.empty() ? ModelChoice{choice.model, wanted_.credential} : choice);
      if (last) chain.push_back(*last);
    }
    if (chain.empty()) return last.error();
    return chain;
  }

 private:
  static Error unserved(const std::string& model) {
    return {Code::kModelNotConfigured,
            "No provider key serves the model \"" + model + "\": add one, or name another model.",
            {}};
  }

  const ProviderKey* named(std::string_view name) const {
    for (const Keys& keys : places_) {
      for (const ProviderKey* key : keys) {
        if (key->name == name || (key->id.set() && key->id.to_string() == name)) return key;
      }
    }
    return nullptr;
  }

  Result<ModelChosen> of(const ModelChoice& choice) const {
    if (!choice.key.empty()) {
      const ProviderKey* const key = named(choice.key);
      if (key == nullptr) {
        return Error{Code::kCredentialMissing,
                     "There is no provider key \"" + choice.key + "\" that may be used here.", {}};
      }
      return chosen(*key, choice.model);
    }
    const std::size_t slash = choice.model.find('/');
    for (const Keys& keys : places_) {
      if (auto found = among(keys, choice.model, slash)) return *std::move(found);
    }
    return unserved(choice.model);
  }

  std::optional<ModelChosen> among(const Keys& keys, const std::string& model,
                                   std::size_t slash) const {
    for (const ProviderKey* key : keys) {
      if (offered(*key, model) != nullptr) return chosen(*key, model);
    }
    if (slash != std::string::npos) {
      for (const ProviderKey* key : keys) {
        const std::string inner = model.substr(slash + 1);
        const bool is_meant = key->name == model.substr(0, slash);
        if (is_meant && serves(*key, inner)) return chosen(*key, inner);
      }
    }
    const std::string_view provider = provider_of(model);
    for (const ProviderKey* key : keys) {
      if (!provider.empty() && key->provider == provider && key->models.empty()) {
        return chosen(*key, model);
      }
    }
    const bool takes_any = keys.size() == 1 && keys.front()->models.empty() &&
                           (provider.empty() || is_of_no_vendor(*keys.front()));
    if (takes_any) return chosen(*keys.front(), model);
    return std::nullopt;
  }

  const ModelWanted& wanted_;
  std::vector<Keys> places_;  ///< usable ones, of the workspace and of the operator
  std::vector<const ModelRef*> refs_;
};

}  // namespace

Result<std::vector<ModelChosen>> choose_models(const ModelCatalogue& own,
                                               const ModelCatalogue& operators,
                                               const ModelWanted& wanted) {
  return Chooser(own, operators, wanted).all();
}

}  // namespace troupe::directory
