#include "deploy/troupe/noun.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

struct WorkspaceArguments {
  std::string slug;
  std::string name;
};

Result<int> list(Client& client, const WorkspaceArguments&, const Shared& shared) {
  std::vector<std::vector<std::string>> rows;
  std::string items;
  Status done = each_item(client, "/v1/workspaces", {}, 0, [&](std::string_view item) {
    rows.push_back({cell(item, "slug"), cell(item, "name"), cell(item, "id")});
    items += (items.empty() ? "" : ",") + std::string(item);
  });
  if (!done) return std::move(done).error();
  if (shared.json) {
    print_json("[" + items + "]");
  } else {
    print_table({"SLUG", "NAME", "ID"}, rows);
  }
  return int{kOk};
}

Result<int> create(Client& client, const WorkspaceArguments& arguments, const Shared& shared) {
  json::Writer body;
  body.begin_object().member("slug", arguments.slug);
  body.member("name", arguments.name.empty() ? arguments.slug : arguments.name).end_object();
  Result<json::Text> made = client.post("/v1/workspaces", body.take());
  if (!made) return std::move(made).error();
  if (shared.json) {
    print_json(made->view());
  } else {
    print(cell(made->view(), "slug"));
  }
  return int{kOk};
}

}  // namespace

void add_workspaces(CLI::App& line, Shared& shared, Action& action) {
  Noun<WorkspaceArguments> noun(line, "workspaces", "Workspaces of a server", shared, action);
  const auto arguments = noun.arguments();
  noun.verb("list", "List workspaces", list);
  CLI::App* creating = noun.verb("create", "Make a workspace", create);
  creating->add_option("slug", arguments->slug, "Its address: [a-z0-9-], never changes")
      ->required();
  creating->add_option("--name", arguments->name, "For people; default: the slug");
}

}  // namespace troupe::cli
