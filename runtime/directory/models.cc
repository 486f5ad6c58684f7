#include "runtime/directory/models.h"

#include <utility>

#include "runtime/directory/codec.h"
#include "runtime/directory/named.h"
#include "runtime/json/read.h"

namespace troupe::directory {
namespace {

using store::Change;
using store::Document;
using store::DocumentKind;
using tenancy::Permission;

double price_at(std::string_view price, std::string_view name) {
  const auto value = json::member(price, name);
  return value ? json::as_double(*value).value_or(0) : 0;
}

std::string text_at(std::string_view object, std::string_view name) {
  return json::decode_string(json::member(object, name).value_or("null"));
}

Error no_key() { return {Code::kNotFound, "There is no such provider key.", {}}; }

}  // namespace

void write_models(json::Writer& out, const std::vector<OfferedModel>& models) {
  out.begin_array();
  for (const OfferedModel& model : models) {
    out.begin_object().member("name", model.name);
    if (model.price.set()) {
      out.key("price").begin_object().member("input", model.price.input);
      out.member("cache_read", model.price.cache_read);
      out.member("cache_write", model.price.cache_write);
      out.member("output", model.price.output).end_object();
    }
    out.end_object();
  }
  out.end_array();
}

std::vector<OfferedModel> read_models(std::string_view list) {
  std::vector<OfferedModel> models;
  json::for_each_element(list, [&](std::string_view raw) {
    OfferedModel model{.name = text_at(raw, "name"), .price = {}};
    const std::string_view price = json::member(raw, "price").value_or("null");
    model.price = {price_at(price, "input"), price_at(price, "cache_read"),
                   price_at(price, "cache_write"), price_at(price, "output")};
    models.push_back(std::move(model));
    return true;
  });
  return models;
}

void write_chain(json::Writer& out, const std::vector<ModelChoice>& chain) {
  out.begin_array();
  for (const ModelChoice& choice : chain) {
    out.begin_object().member("model", choice.model);
    if (!choice.key.empty()) out.member("key", choice.key);
    out.end_object();
  }
  out.end_array();
}

std::vector<ModelChoice> read_chain(std::string_view list) {
  std::vector<ModelChoice> chain;
  json::for_each_element(list, [&](std::string_view raw) {
    chain.push_back({text_at(raw, "model"), text_at(raw, "key")});
    return true;
  });
  return chain;
}

Document encode(const ProviderKey& key) {
  Document document = named_document(DocumentKind::kProviderKey, key);
  json::Writer out;
  out.begin_object()
      .member("provider", key.provider)
      .member("dialect", llm::name(key.dialect))
      .member("base_url", key.base_url)
      .member("environment", key.environment)
      .member("enabled", key.is_enabled)
      .member("secret", key.secret);
  out.key("models");
  write_models(out, key.models);
  document.body = out.end_object().take();
  return document;
}

Result<ProviderKey> decode_provider_key(const Document& document) {
  Fields fields(document);
  auto key = named_resource<ProviderKey>(document);
  key.provider = fields.text("provider");
  key.dialect = fields.known(llm::parse_dialect(fields.text("dialect")));
  key.base_url = fields.text("base_url");
  key.environment = fields.text("environment");
  key.is_enabled = fields.flag("enabled");
  key.secret = fields.text("secret");
  key.models = read_models(fields.list("models"));
  if (Status read = fields.status(); !read) return read.error();
  return key;
}

Document encode(const ModelRef& ref) {
  Document document = named_document(DocumentKind::kModel, ref);
  json::Writer out;
  out.begin_object().key("chain");
  write_chain(out, ref.chain);
  document.body = out.end_object().take();
  return document;
}

Result<ModelRef> decode_model_ref(const Document& document) {
  Fields fields(document);
  auto ref = named_resource<ModelRef>(document);
  ref.chain = read_chain(fields.list("chain"));
  if (Status read = fields.status(); !read) return read.error();
  return ref;
}

Result<ModelCatalogue> catalogue_of(store::Documents& documents, WorkspaceId workspace) {
  auto keys = decode_all(documents.all({DocumentKind::kProviderKey, workspace, {}, {}}),
                         decode_provider_key);
  if (!keys) return keys.error();
  auto refs =
      decode_all(documents.all({DocumentKind::kModel, workspace, {}, {}}), decode_model_ref);
  if (!refs) return refs.error();
  return ModelCatalogue{*std::move(keys), *std::move(refs)};
}

Result<Change> put_provider_key(store::Documents& documents, const Context& context,
                                const ProviderKey& key) {
  if (Status is = check_environment(documents, key.workspace, key.environment); !is) {
    return is.error();
  }
  Change change;
  Document document = encode(key);
  if (Status fit = check_place(documents, document, kProviderKeysMax, "provider key"); !fit) {
    return fit.error();
  }
  change.put.push_back(std::move(document));
  change.audit.push_back(context.line(key.workspace, Permission::kProviderKeyChange,
                                      "provider_key:" + key.name, {"value"}));
  return change;
}

Result<ProviderKey> find_provider_key(store::Documents& documents, WorkspaceId workspace,
                                      const Uuid& id) {
  const auto found = documents.find(DocumentKind::kProviderKey, id);
  if (!found) return found.error();
  if (!*found || (*found)->workspace != workspace) return no_key();
  return decode_provider_key(**found);
}

Result<Change> delete_provider_key(store::Documents& documents, const Context& context,
                                   WorkspaceId workspace, const Uuid& id) {
  const auto key = find_provider_key(documents, workspace, id);
  if (!key) return key.error();
  Change change;
  change.removed.push_back({DocumentKind::kProviderKey, id});
  if (!key->secret.empty()) {
    if (Status is = remove_secret(documents, workspace, {}, key->secret, change); !is) {
      return is.error();
    }
  }
  change.audit.push_back(context.line(workspace, Permission::kProviderKeyChange,
                                      "provider_key:" + key->name, {"deleted"}));
  return change;
}

Result<Change> put_model_ref(store::Documents& documents, const Context& context,
                             const ModelRef& wanted, ModelRef* stored) {
  *stored = wanted;
  stored->id = context.new_id();
  stored->created = stored->updated = context.now;
  const auto before =
      documents.find_by_key(DocumentKind::kModel, wanted.workspace, {}, wanted.name);
  if (!before) return before.error();
  if (*before) {
    stored->id = (*before)->id;
    stored->created = (*before)->created;
    stored->etag = (*before)->etag;
  }
  Change change;
  Document document = encode(*stored);
  if (Status fit = check_place(documents, document, kModelRefsMax, "model"); !fit) {
    return fit.error();
  }
  change.put.push_back(std::move(document));
  change.audit.push_back(context.line(wanted.workspace, Permission::kProviderKeyChange,
                                      "model:" + wanted.name, {"chain"}));
  return change;
}

Result<Change> delete_model_ref(store::Documents& documents, const Context& context,
                                WorkspaceId workspace, const std::string& name) {
  const auto found = documents.find_by_key(DocumentKind::kModel, workspace, {}, name);
  if (!found) return found.error();
  if (!*found) return Error{Code::kNotFound, "There is no such model.", {}};
  Change change;
  change.removed.push_back({DocumentKind::kModel, (*found)->id});
  change.audit.push_back(
      context.line(workspace, Permission::kProviderKeyChange, "model:" + name, {"deleted"}));
  return change;
}

}  // namespace troupe::directory
