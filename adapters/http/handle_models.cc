// Models that a workspace can ask: its keys of providers, and names for chains of models.
#include "adapters/http/render.h"
#include "adapters/http/sealing.h"
#include "runtime/directory/models.h"
#include "runtime/edge/outside_body.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"
#include "runtime/port/step_service.h"

namespace troupe::http {
namespace {

using directory::ModelRef;
using directory::ProviderKey;

constexpr Duration kTestTime = seconds(30);

std::string key_json(const ProviderKey& key) {
  json::Writer out;
  out.begin_object()
      .member("id", key.id.to_string())
      .member("name", key.name)
      .member("provider", key.provider)
      .member("api", llm::name(key.dialect))
      .member("base_url", key.base_url);
  out.key("models");
  directory::write_models(out, key.models);
  out.key("environment");
  if (key.environment.empty()) out.null();
  else out.string(key.environment);
  out.member("enabled", key.is_enabled)
      .member("has_key", !key.secret.empty())
      .member("created_at", to_rfc3339(key.created))
      .member("updated_at", to_rfc3339(key.updated));
  return out.end_object().take();
}

std::string ref_json(const ModelRef& ref) {
  json::Writer out;
  out.begin_object().member("name", ref.name).key("chain");
  directory::write_chain(out, ref.chain);
  out.member("created_at", to_rfc3339(ref.created)).member("updated_at", to_rfc3339(ref.updated));
  return out.end_object().take();
}

struct KeyBody {
  ProviderKey key;
  SecretValue value;
};

/// Stores a key with its value, if there is one.
void put_key(const CallPtr& call, const KeyBody& body, int status) {
  const auto answer = [call, status](const ProviderKey& key) {
    call->send_json(key_json(key), status);
  };
  ProviderKey key = body.key;
  if (body.value == nullptr) {
    return change_store<ProviderKey>(
        call, {Uuid(key.workspace)},
        [key](auto& documents, const auto& context, auto* made) {
          *made = key;
          return directory::put_provider_key(documents, context, key);
        },
        answer);
  }
  directory::Secret secret;
  secret.workspace = key.workspace;
  secret.path = key.secret = "provider-keys/" + key.id.to_string();
  secret.description = "provider key " + key.name;
  store_secret(
      call, std::move(secret), body.value,
      [key](store::Documents& documents, const directory::Context& context, const auto&) {
        return directory::put_provider_key(documents, context, key);
      },
      [answer, key](const directory::Secret&) { answer(key); });
}

void with_key(const CallPtr& call, std::function<void(const ProviderKey&)> use) {
  const auto id = id_param<Uuid>(call, "key", "provider key");
  if (!id) return;
  read_documents<ProviderKey>(
      call, store::DocumentScope::of(call->scope.workspace),
      [workspace = call->scope.workspace, id = *id](store::Documents& documents) {
        return directory::find_provider_key(documents, workspace, id);
      },
      std::move(use));
}

/// A question of one word, as an `llm_call` step would put it.
ServiceRequest test_of(const ProviderKey& key, const std::string& model) {
  json::Writer fields;
  fields.begin_object()
      .member("model", model)
      .member("llm_credential_id", key.id.to_string())
      .member("prompt", "Answer with the one word: ok");
  ServiceRequest request;
  request.workspace = key.workspace;
  request.step_id = "provider-key-test";
  request.type = "llm_call";
  request.fields = fields.end_object().take();
  request.timeout = kTestTime;
  request.may_repeat = true;
  return request;
}

std::string test_json(const AttemptResult& result, Duration took) {
  json::Writer out;
  out.begin_object().member("ok", result.ok).member("ms", took.us / 1000);
  if (result.ok) {
    out.member_raw("model", json::member(result.value.view(), "model").value_or("null"));
  } else {
    out.key("error").begin_object().member("code", info(result.error.code).name);
    out.member("message", result.error.message).end_object();
  }
  return out.end_object().take();
}

}  // namespace

namespace handle {

void list_provider_keys(const CallPtr& call) {
  read_documents<directory::ModelCatalogue>(
      call, store::DocumentScope::of(call->scope.workspace),
      [workspace = call->scope.workspace](store::Documents& documents) {
        return directory::catalogue_of(documents, workspace);
      },
      [call](const directory::ModelCatalogue& all) {
        std::vector<std::string> items;
        for (const ProviderKey& key : all.keys) items.push_back(key_json(key));
        call->send_json(page_json(items, {}));
      });
}

void create_provider_key(const CallPtr& call) {
  auto body = read_body(call, [&](edge::BodyReader& in) {
    KeyBody out{edge::read_provider_key(in, {}), read_secret_value(in, "api_key")};
    out.key.workspace = call->scope.workspace;
    out.key.id = call->core.new_id();
    out.key.created = out.key.updated = call->core.services.clock.now();
    return out;
  });
  if (body) put_key(call, *body, 201);
}

void show_provider_key(const CallPtr& call) {
  with_key(call, [call](const ProviderKey& key) { call->send_json(key_json(key)); });
}

void change_provider_key(const CallPtr& call) {
  with_key(call, [call](const ProviderKey& before) {
    auto body = read_body(call, [&](edge::BodyReader& in) {
      KeyBody out{edge::read_provider_key(in, before), read_secret_value(in, "api_key")};
      out.key.updated = call->core.services.clock.now();
      // A key goes where it was made to go; who may only change its place must not get at it.
      const bool moves = out.key.base_url != before.base_url && !before.secret.empty();
      if (moves && out.value == nullptr) {
        in.wrong("base_url", "is changed together with api_key only.");
      }
      return out;
    });
    if (body) put_key(call, *body, 200);
  });
}

void delete_provider_key(const CallPtr& call) {
  const auto id = id_param<Uuid>(call, "key", "provider key");
  if (!id) return;
  change_store<Unit>(
      call, {Uuid(call->scope.workspace)},
      [workspace = call->scope.workspace, id = *id](auto& documents, const auto& context, auto*) {
        return directory::delete_provider_key(documents, context, workspace, id);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

void test_provider_key(const CallPtr& call) {
  auto model = read_body(
      call, [](edge::BodyReader& in) { return in.text("model", 400).value_or(""); });
  if (!model) return;
  with_key(call, [call, model = *model](const ProviderKey& key) {
    std::string asked = model;
    if (asked.empty() && !key.models.empty()) asked = key.models.front().name;
    if (asked.empty()) {
      return call->fail(Code::kInvalidRequest, "The key lists no models: name one as \"model\".");
    }
    StepService* const outside = call->core.services.outside;
    if (outside == nullptr) {
      return call->fail(Code::kUnavailable, "This node asks no services outside.");
    }
    const auto began = call->core.services.clock.since_boot();
    auto done = call->then<AttemptResult>([call, began](const AttemptResult& result) {
      const Duration now = call->core.services.clock.since_boot();
      call->send_json(test_json(result, {now.us - began.us}));
    });
    outside->call(test_of(key, asked), [done](AttemptResult result) {
      done(std::move(result));
    });
  });
}

void list_models(const CallPtr& call) {
  read_documents<directory::ModelCatalogue>(
      call, store::DocumentScope::of(call->scope.workspace),
      [workspace = call->scope.workspace](store::Documents& documents) {
        return directory::catalogue_of(documents, workspace);
      },
      [call](const directory::ModelCatalogue& all) {
        std::vector<std::string> items;
        for (const ModelRef& ref : all.refs) items.push_back(ref_json(ref));
        call->send_json(page_json(items, {}));
      });
}

void put_model(const CallPtr& call) {
  auto ref = read_body(call, [&](edge::BodyReader& in) {
    ModelRef out;
    out.workspace = call->scope.workspace;
    out.name = std::string(call->param("model"));
    if (!edge::is_resource_name(out.name)) in.wrong("name", "is no name of a model.");
    out.chain = edge::read_model_chain(in);
    return out;
  });
  if (!ref) return;
  change_store<ModelRef>(
      call, {Uuid(call->scope.workspace)},
      [ref = *ref](auto& documents, const auto& context, auto* stored) {
        return directory::put_model_ref(documents, context, ref, stored);
      },
      [call](const ModelRef& stored) { call->send_json(ref_json(stored)); });
}

void delete_model(const CallPtr& call) {
  change_store<Unit>(
      call, {Uuid(call->scope.workspace)},
      [workspace = call->scope.workspace, name = std::string(call->param("model"))](
          auto& documents, const auto& context, auto*) {
        return directory::delete_model_ref(documents, context, workspace, name);
      },
      [call](Unit) { call->send({.status = 204, .body = {}}); });
}

}  // namespace handle
}  // namespace troupe::http
