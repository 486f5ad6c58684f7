#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe::graph {

/// One step that is in both graphs and not the same.
struct ChangedStep {
  std::string id;
  std::vector<std::string> pointers;  ///< JSON pointers inside the step, sorted
};

/// What has to be done to one graph to get another, step by step.
struct GraphDiff {
  std::vector<std::string> added, removed;  ///< ids of steps, in the order of their graphs
  std::vector<ChangedStep> changed;         ///< in the order of the newer graph
  std::vector<std::string> pointers;        ///< beside the steps, such as "/params/x", sorted
  bool moved = false;  ///< steps that are in both stand in another order
  bool empty() const {
    return added.empty() && removed.empty() && changed.empty() && pointers.empty() && !moved;
  }
};

/// Both are JSON objects that were valid graphs once. The form of numbers and the order of members
/// do not matter. A step inside a body counts as a part of the step around it.
GraphDiff diff(std::string_view before, std::string_view after);

/// Pointers to the places where two JSON values differ, under `pointer`, sorted: members of objects
/// and elements of arrays of one length are looked into, what is on one side alone is named itself.
std::vector<std::string> differences(std::string_view before, std::string_view after,
                                     const std::string& pointer = {});

/// As the API shows it: {steps: {added, removed, changed: [{id, pointers}], moved}, pointers}.
std::string to_json(const GraphDiff& diff);

}  // namespace troupe::graph
