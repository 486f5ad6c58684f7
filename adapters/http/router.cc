#include "adapters/http/router.h"

#include <algorithm>

#include "runtime/base/ensure.h"

namespace troupe::http {
namespace {

constexpr std::array<std::string_view, 8> kMethodNames = {"GET",   "HEAD",   "POST",    "PUT",
                                                          "PATCH", "DELETE", "OPTIONS", "OTHER"};

std::uint32_t bit(Method method) { return 1u << static_cast<unsigned>(method); }

/// Cuts the next segment off; false at the end of the path.
bool next_segment(std::string_view& rest, std::string_view& segment) {
  if (rest.empty() || rest.front() != '/') return false;
  rest.remove_prefix(1);
  const std::size_t end = std::min(rest.find('/'), rest.size());
  segment = rest.substr(0, end);
  rest.remove_prefix(end);
  return true;
}

bool is_param(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }

/// The names of a pattern's parameters, given to the values in order.
void name_params(const Route& route, Match& match) {
  std::string_view rest = route.pattern;
  std::string_view segment;
  std::size_t i = 0;
  while (next_segment(rest, segment)) {
    if (is_param(segment)) match.params[i++].first = segment.substr(1, segment.size() - 2);
  }
}

}  // namespace

std::string_view name(Method method) { return kMethodNames[static_cast<std::size_t>(method)]; }

Router::Router(std::span<const Route> routes) {
  for (const Route& route : routes) add(route);
}

void Router::add(const Route& route) {
  Node* node = &root_;
  std::string_view rest = route.pattern;
  std::string_view segment;
  while (next_segment(rest, segment)) {
    if (is_param(segment)) {
      if (!node->any) node->any = std::make_unique<Node>();
      node = node->any.get();
      continue;
    }
    auto at = std::find_if(node->literals.begin(), node->literals.end(),
                           [&](const auto& child) { return child.first == segment; });
    if (at == node->literals.end()) {
      node->literals.emplace_back(segment, std::make_unique<Node>());
      at = std::prev(node->literals.end());
    }
    node = at->second.get();
  }
  auto& slot = node->by_method[static_cast<std::size_t>(route.method)];
  TROUPE_ENSURE(slot == nullptr);
  slot = &route;
}

bool Router::walk(const Node& node, std::string_view rest, Match& match,
                  const Node*& found) const {
  std::string_view segment;
  if (!next_segment(rest, segment)) {
    found = &node;
    return std::any_of(node.by_method.begin(), node.by_method.end(),
                       [](const Route* route) { return route != nullptr; });
  }
  for (const auto& [literal, child] : node.literals) {
    if (literal == segment && walk(*child, rest, match, found)) return true;
  }
  if (!node.any || segment.empty() || match.params_used == match.params.size()) return false;
  match.params[match.params_used++].second = segment;
  if (walk(*node.any, rest, match, found)) return true;
  --match.params_used;
  return false;
}

Match Router::find(Method method, std::string_view path) const {
  Match match;
  const Node* node = nullptr;
  if (!walk(root_, path, match, node)) return match;
  for (std::size_t i = 0; i < node->by_method.size(); ++i) {
    if (node->by_method[i] != nullptr) match.methods |= 1u << i;
  }
  if ((match.methods & bit(Method::kGet)) != 0) match.methods |= bit(Method::kHead);
  match.methods |= bit(Method::kOptions);
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  match.route = node->by_method[static_cast<std::size_t>(wanted)];
  if (match.route != nullptr) name_params(*match.route, match);
  return match;
}

std::string Router::allow(std::uint32_t methods) {
  std::string list;
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    if ((methods & (1u << i)) == 0) continue;
    if (!list.empty()) list += ", ";
    list += kMethodNames[i];
  }
  return list;
}

}  // namespace troupe::http
