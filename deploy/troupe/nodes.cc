#include "deploy/troupe/noun.h"

namespace troupe::cli {
namespace {

struct NodeArguments {
  std::string name;
};

Result<int> list(Client& client, const NodeArguments&, const Shared& shared) {
  const Listing nodes{"/v1/nodes", {}, 0, {"NAME", "SLOTS", "DRAINING", "LEASE MS", "URL"}};
  return print_listing(client, nodes, shared, [](std::string_view item) -> Cells {
    return {cell(item, "name"), cell(item, "slots"), cell(item, "draining"),
            cell(item, "lease_left_ms"), cell(item, "url")};
  });
}

Result<int> drain(Client& client, const NodeArguments& arguments, const Shared& shared) {
  return print_answer(client.post("/v1/nodes/" + arguments.name + "/drain", "{}"), shared,
                      [](std::string_view told) { return cell(told, "status"); });
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
