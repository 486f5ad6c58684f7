#include "deploy/troupe/models_setup.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "deploy/troupe/shared_ports.h"
#include "runtime/edge/outside_body.h"

namespace troupe::cli {
namespace {

constexpr std::string_view kScripted = "scripted";

Error wrong(std::string_view key, std::string message) {
  return {Code::kConfigInvalid, std::string(key) + ": " + std::move(message), {}};
}

Result<std::string> read_file(std::string_view key, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return wrong(key, "\"" + path + "\" cannot be read");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The key's value: out of a file, or the environment. Neither: it needs none.
Result<std::shared_ptr<const SecretText>> value_of(edge::BodyReader& in) {
  const auto path = in.text("key_file", 4096);
  const auto variable = in.text("key_variable", 200);
  std::string text;
  if (path) {
    auto read = read_secret(*path);
    if (!read) return read.error();
    text = *std::move(read);
  } else if (variable) {
    const char* const value = std::getenv(variable->c_str());
    if (value != nullptr) text = value;
  }
  if (text.empty()) return std::shared_ptr<const SecretText>();
  return std::make_shared<const SecretText>(SecretText::take(text));
}

/// A key whose variable is not set is left out: the file may name more than there is here.
Status add_key(std::string_view raw, std::size_t number, services::OperatorModels& models) {
  std::vector<Issue> issues;
  edge::BodyReader in(raw, "/provider_keys/" + std::to_string(number), issues);
  directory::ProviderKey key = edge::read_provider_key(in, {});
  auto value = value_of(in);
  if (!value) return value.error();
  if (!issues.empty()) {
    return wrong("models.file", issues.front().pointer + ": " + issues.front().message);
  }
  const bool is_absent = in.raw("key_variable") && *value == nullptr;
  if (is_absent) return ok();
  if (*value != nullptr) models.keys[key.name] = *std::move(value);
  models.catalogue.keys.push_back(std::move(key));
  return ok();
}

Status read_catalogue(const std::string& path, services::OperatorModels& models) {
  auto text = read_file("models.file", path);
  if (!text) return text.error();
  const auto document = json::Text::parse(*std::move(text));
  if (!document) return wrong("models.file", document.error().message);
  Status status = ok();
  std::size_t number = 0;
  json::for_each_element(json::member(document->view(), "provider_keys").value_or("[]"),
                         [&](std::string_view raw) {
                           status = add_key(raw, number++, models);
                           return status.ok();
                         });
  number = 0;
  json::for_each_element(
      json::member(document->view(), "models").value_or("[]"), [&](std::string_view raw) {
        std::vector<Issue> issues;
        edge::BodyReader in(raw, "/models/" + std::to_string(number++), issues);
        directory::ModelRef ref;
        ref.name = edge::read_resource_name(in, "name");
        ref.chain = edge::read_model_chain(in);
        models.catalogue.refs.push_back(std::move(ref));
        if (!issues.empty()) {
          status = wrong("models.file", issues.front().pointer + ": " + issues.front().message);
        }
        return status.ok();
      });
  return status;
}

}  // namespace

Result<services::OperatorModels> read_operator_models(const config::Models& options) {
  services::OperatorModels models;
  if (!options.script.empty()) {
    auto text = read_file("models.script", options.script);
    if (!text) return text.error();
    auto script = llm::ScriptedModel::read(*text);
    if (!script) return wrong("models.script", script.error().message);
    models.script = *std::move(script);
    directory::ProviderKey key;
    key.name = key.provider = kScripted;
    models.catalogue.keys.push_back(std::move(key));
  }
  if (options.file.empty()) return models;
  if (Status read = read_catalogue(options.file, models); !read) return read.error();
  return models;
}

}  // namespace troupe::cli
