#include "runtime/edge/outside_body.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace troupe::edge {
namespace {

using directory::ConnectionAuth;

constexpr std::size_t kNameMax = 100;
constexpr std::size_t kModelsMax = 200;
constexpr std::size_t kUrlMax = 500;
/// Dearer than this is a mistake of units.
constexpr double kPriceMax = 1e6;

struct Vendor {
  std::string_view name;
  llm::Dialect dialect;
};
constexpr Vendor kVendors[] = {{"openai", llm::Dialect::kOpenAiResponses},
                               {"anthropic", llm::Dialect::kAnthropic},
                               {"google", llm::Dialect::kGemini},
                               {"openai_compatible", llm::Dialect::kOpenAiChat},
                               {"scripted", llm::Dialect::kOpenAiChat}};

bool is_http_url(std::string_view url) {
  const bool has_scheme = url.starts_with("https://") || url.starts_with("http://");
  return has_scheme && url.find_first_of(" ?#@\\\"<>") == std::string_view::npos &&
         url.size() > std::string_view("https://").size();
}

double read_price(BodyReader& in, std::string_view object, std::string_view name) {
  const auto value = json::member(object, name);
  if (!value) return 0;
  const auto number = json::as_double(*value);
  if (number && *number >= 0 && *number <= kPriceMax) return *number;
  in.wrong("models", "has a price that is no number of US dollars per million tokens.");
  return 0;
}

std::vector<directory::OfferedModel> read_models(BodyReader& in, std::string_view list) {
  std::vector<directory::OfferedModel> models;
  json::for_each_element(list, [&](std::string_view raw) {
    directory::OfferedModel model;
    const bool is_text = json::kind(raw) == json::Kind::kString;
    model.name = json::decode_string(is_text ? raw : json::member(raw, "name").value_or("null"));
    if (model.name.empty() || model.name.size() > 2 * kNameMax) {
      in.wrong("models", "must be names of models, or objects with a name and a price.");
      return false;
    }
    const std::string_view price = json::member(raw, "price").value_or("null");
    model.price = {read_price(in, price, "input"), read_price(in, price, "cache_read"),
                   read_price(in, price, "cache_write"), read_price(in, price, "output")};
    models.push_back(std::move(model));
    return true;
  });
  if (models.size() > kModelsMax) in.wrong("models", "has more than 200 models.");
  return models;
}

void read_api(BodyReader& in, directory::ProviderKey& key) {
  const auto api = in.text("api", kNameMax);
  if (!api) return;
  const auto dialect = llm::parse_dialect(*api);
  if (dialect) key.dialect = *dialect;
  else in.wrong("api", "must be openai_chat, openai_responses, anthropic or gemini.");
}

void read_environment(BodyReader& in, std::string& environment) {
  if (const auto slug = in.text("environment", kNameMax)) environment = *slug;
}

std::vector<std::string> read_hosts(BodyReader& in, const std::vector<std::string>& texts) {
  std::vector<std::string> hosts;
  for (const std::string& text : texts) {
    auto host = directory::check_host_pattern(text);
    if (host) {
      hosts.push_back(*std::move(host));
      continue;
    }
    in.wrong("hosts", host.error().message);
    break;
  }
  if (texts.empty() || texts.size() > directory::kConnectionHostsMax) {
    in.wrong("hosts", "must be 1 to 20 names of hosts.");
  }
  return hosts;
}

bool is_header_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameMax &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_';
         });
}

}  // namespace

bool is_resource_name(std::string_view name) {
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= kNameMax &&
         std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
         std::all_of(name.begin(), name.end(), fits);
}

std::string read_resource_name(BodyReader& in, std::string_view key) {
  std::string name = in.required_text(key, 4 * kNameMax);
  if (!name.empty() && !is_resource_name(name)) {
    in.wrong(key, "must be 1 to 100 of letters, digits, - _ and ., the first a letter or digit.");
  }
  return name;
}

directory::ProviderKey read_provider_key(BodyReader& in, directory::ProviderKey before) {
  directory::ProviderKey key = std::move(before);
  const bool is_new = key.name.empty();
  if (is_new || in.raw("name")) key.name = read_resource_name(in, "name");
  if (is_new) {
    key.provider = in.required_text("provider", kNameMax);
    const auto* const vendor =
        std::find_if(std::begin(kVendors), std::end(kVendors),
                     [&](const Vendor& one) { return one.name == key.provider; });
    if (vendor != std::end(kVendors)) key.dialect = vendor->dialect;
    else if (!key.provider.empty()) {
      in.wrong("provider",
               "must be openai, anthropic, google, openai_compatible or scripted.");
    }
  }
  read_api(in, key);
  if (const auto url = in.text("base_url", kUrlMax)) {
    key.base_url = *url;
    while (key.base_url.ends_with('/')) key.base_url.pop_back();
    if (!is_http_url(key.base_url)) in.wrong("base_url", "must be an http or https address.");
  } else if (is_new && key.provider == "openai_compatible") {
    in.missing("base_url");
  } else if (is_new) {
    key.base_url = llm::default_base_url(key.dialect);
  }
  if (const auto models = in.array("models")) key.models = read_models(in, *models);
  read_environment(in, key.environment);
  key.is_enabled = in.boolean("enabled").value_or(key.is_enabled);
  return key;
}

std::vector<directory::ModelChoice> read_model_chain(BodyReader& in) {
  const auto list = in.array("chain");
  if (!list) {
    in.missing("chain");
    return {};
  }
  auto chain = directory::read_chain(*list);
  const bool has_models = std::all_of(chain.begin(), chain.end(), [](const auto& choice) {
    return !choice.model.empty() && choice.model.size() <= 2 * kNameMax;
  });
  if (chain.empty() || chain.size() > directory::kChainMax || !has_models) {
    in.wrong("chain", "must be 1 to 10 of {model, key?}.");
  }
  return chain;
}

directory::Connection read_connection(BodyReader& in, directory::Connection before) {
  directory::Connection connection = std::move(before);
  const bool is_new = connection.name.empty();
  if (is_new || in.raw("name")) connection.name = read_resource_name(in, "name");
  if (is_new || in.raw("auth")) {
    const std::string word = in.required_text("auth", kNameMax);
    const auto auth = directory::parse_connection_auth(word);
    if (auth) connection.auth = *auth;
    else if (!word.empty()) in.wrong("auth", "must be bearer, header, query or basic.");
  }
  if (const auto name = in.text("auth_name", kNameMax)) connection.auth_name = *name;
  const bool needs_name = connection.auth != ConnectionAuth::kBearer;
  if (needs_name && connection.auth_name.empty()) in.missing("auth_name");
  if (connection.auth == ConnectionAuth::kHeader && !connection.auth_name.empty() &&
      !is_header_name(connection.auth_name)) {
    in.wrong("auth_name", "must be the name of a header field.");
  }
  const auto hosts = in.texts("hosts");
  if (hosts) connection.hosts = read_hosts(in, *hosts);
  else if (is_new) in.missing("hosts");
  read_environment(in, connection.environment);
  connection.is_enabled = in.boolean("enabled").value_or(connection.is_enabled);
  return connection;
}

}  // namespace troupe::edge
