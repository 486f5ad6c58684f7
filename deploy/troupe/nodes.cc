#include "deploy/troupe/noun.h"

namespace troupe::cli {
namespace {

struct NodeArguments {
  std::string name;
};

Result<int> list(Client& client, const NodeArguments&, const Shared& shared) {
  std::vector<std::vector<std::string>> rows;
  std::string items;
  Status done = each_item(client, "/v1/nodes", {}, 0, [&](std::string_view item) {
    rows.push_back({cell(item, "name"), cell(item, "slots"), cell(item, "draining"),
                    cell(item, "lease_left_ms"), cell(item, "url")});
    items += (items.empty() ? "" : ",") + std::string(item);
  });
  if (!done) return std::move(done).error();
  if (shared.json) {
    print_json("[" + items + "]");
  } else {
    print_table({"NAME", "SLOTS", "DRAINING", "LEASE MS", "URL"}, rows);
  }
  return int{kOk};
}

Result<int> drain(Client& client, const NodeArguments& arguments, const Shared& shared) {
  Result<json::Text> told = client.post("/v1/nodes/" + arguments.name + "/drain", "{}");
  if (!told) return std::move(told).error();
  if (shared.json) {
    print_json(told->view());
  } else {
    print(cell(told->view(), "status"));
  }
  return int{kOk};
}

}  // namespace

void add_nodes(CLI::App& line, Shared& shared, Action& action) {
  Noun<NodeArguments> noun(line, "nodes", "Nodes that share a store", shared, action);
  const auto arguments = noun.arguments();
  noun.verb("list", "List nodes, their shares and leases", list);
  CLI::App* draining =
      noun.verb("drain", "Have a node give what it owns to the others, before it ends", drain);
  draining->add_option("name", arguments->name, "The node, as `nodes list` names it")->required();
}

}  // namespace troupe::cli
