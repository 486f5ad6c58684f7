#include "deploy/troupe/noun.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

struct TokenArguments {
  std::string id;
  std::string name;
  std::vector<std::string> scopes;
  std::string expires_at;
  std::string workspace_id;
  std::string project_id;
};

/// "workflow:read workflow:run"
std::string scopes_of(std::string_view token) {
  std::string all;
  const auto scopes = json::member(token, "scopes");
  if (!scopes) return all;
  json::for_each_element(*scopes, [&](std::string_view scope) {
    all += (all.empty() ? "" : " ") + json::decode_string(scope);
    return true;
  });
  return all;
}

Result<int> list(Client& client, const TokenArguments&, const Shared& shared) {
  const Listing tokens{"/v1/tokens", {}, 0, {"ID", "NAME", "TOKEN", "SCOPES", "EXPIRES"}};
  return print_listing(client, tokens, shared, [](std::string_view item) -> Cells {
    return {cell(item, "id"), cell(item, "name"), cell(item, "shown") + "…", scopes_of(item),
            cell(item, "expires_at")};
  });
}

Result<int> create(Client& client, const TokenArguments& arguments, const Shared& shared) {
  json::Writer body;
  body.begin_object().member("name", arguments.name).key("scopes").begin_array();
  for (const std::string& scope : arguments.scopes) body.string(scope);
  body.end_array();
  if (!arguments.expires_at.empty()) body.member("expires_at", arguments.expires_at);
  if (!arguments.workspace_id.empty()) body.member("workspace_id", arguments.workspace_id);
  if (!arguments.project_id.empty()) body.member("project_id", arguments.project_id);
  return print_answer(client.post("/v1/tokens", body.end_object().take()), shared,
                      [](std::string_view made) { return cell(made, "token"); });
}

Result<int> revoke(Client& client, const TokenArguments& arguments, const Shared& shared) {
  return print_answer(client.call("DELETE", "/v1/tokens/" + segment(arguments.id), ""), shared,
                      [&](std::string_view) { return "revoked " + arguments.id; });
}

}  // namespace

void add_tokens(CLI::App& line, Shared& shared, Action& action) {
  Noun<TokenArguments> noun(line, "tokens", "Access tokens of whoever asks", shared, action);
  const auto arguments = noun.arguments();
  noun.verb("list", "List them, without their texts", list);
  CLI::App* creating =
      noun.verb("create", "Make one and print its text, which is shown this once", create);
  creating->add_option("name", arguments->name, "What it is for")->required();
  creating->add_option("--scope", arguments->scopes, "What it may, such as workflow:run; often")
      ->required();
  creating->add_option("--expires-at", arguments->expires_at, "RFC 3339; default: never");
  creating->add_option("--workspace-id", arguments->workspace_id, "The one that it is bound to");
  creating->add_option("--project-id", arguments->project_id, "And the project of that");
  CLI::App* revoking = noun.verb("revoke", "End one, on every node within a second", revoke);
  revoking->add_option("id", arguments->id, "As `list` shows it")->required();
  noun.examples("  troupe tokens create ci --scope workflow:read --scope workflow:run");
}

}  // namespace troupe::cli
