#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/http/route.h"

namespace troupe::http {

/// Finds the route of a path by walking a tree of its segments: a literal wins over a {name}. Built
/// once, then immutable and safe for all threads.
class Router {
 public:
  explicit Router(std::span<const Route> routes);
  /// `path` without the query. HEAD is served by GET's route.
  Match find(Method method, std::string_view path) const;
  /// "GET, HEAD, OPTIONS" for the Allow field.
  static std::string allow(std::uint32_t methods);

 private:
  struct Node {
    std::vector<std::pair<std::string_view, std::unique_ptr<Node>>> literals;
    std::unique_ptr<Node> any;
    std::array<const Route*, 8> by_method{};
  };
  void add(const Route& route);
  bool walk(const Node& node, std::string_view rest, Match& match, const Node*& found) const;

  Node root_;
};

}  // namespace troupe::http
