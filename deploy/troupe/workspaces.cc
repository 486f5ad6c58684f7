#include <memory>

#include "deploy/troupe/client.h"
#include "deploy/troupe/commands.h"
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
  auto arguments = std::make_shared<WorkspaceArguments>();
  CLI::App* noun = line.add_subcommand("workspaces", "Workspaces of a server");
  noun->require_subcommand(1);
  const auto verb = [&](const char* name, const char* about, auto work) {
    CLI::App* command = noun->add_subcommand(name, about);
    add_data_dir(*command, shared);
    add_json(*command, shared);
    command->callback([&shared, &action, arguments, work] {
      action = [&shared, arguments, work] {
        return with_client(shared,
                           [&](Client& client) { return work(client, *arguments, shared); });
      };
    });
    return command;
  };
  verb("list", "List workspaces", list);
  CLI::App* creating = verb("create", "Make a workspace", create);
  creating->add_option("slug", arguments->slug, "Its address: [a-z0-9-], never changes")
      ->required();
  creating->add_option("--name", arguments->name, "For people; default: the slug");
}

}  // namespace troupe::cli
