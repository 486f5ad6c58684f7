#include "deploy/troupe/noun.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

struct WorkspaceArguments {
  std::string slug;
  std::string name;
};

Result<int> list(Client& client, const WorkspaceArguments&, const Shared& shared) {
  const Listing workspaces{"/v1/workspaces", {}, 0, {"SLUG", "NAME", "ID"}};
  return print_listing(client, workspaces, shared, [](std::string_view item) -> Cells {
    return {cell(item, "slug"), cell(item, "name"), cell(item, "id")};
  });
}

Result<int> create(Client& client, const WorkspaceArguments& arguments, const Shared& shared) {
  json::Writer body;
  body.begin_object().member("slug", arguments.slug);
  body.member("name", arguments.name.empty() ? arguments.slug : arguments.name).end_object();
  return print_answer(client.post("/v1/workspaces", body.take()), shared,
                      [](std::string_view made) { return cell(made, "slug"); });
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
