#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/schema/node.h"

namespace troupe::schema {

/// One validation of one instance. On the stack of Schema::validate, one thread.
class Evaluation {
 public:
  explicit Evaluation(std::size_t issues_max) : issues_max_(issues_max) {}

  void run(const Node& root, const json::Tree& instance);
  std::vector<Issue> take_issues() { return std::move(issues_); }

 private:
  /// The way from the instance's root to a part of it; written as a pointer only for an issue.
  struct Path {
    const Path* parent = nullptr;
    std::string_view key;
    std::size_t index = 0;
    bool is_index = false;
  };
  /// The resources that evaluation went through, innermost first: where $dynamicRef looks.
  struct Scope {
    const Resource* resource = nullptr;
    const Scope* outer = nullptr;
  };
  /// Which parts of the instance some keyword has evaluated, for the unevaluated… keywords.
  struct Marks {
    explicit Marks(const json::Tree& instance)
        : parts(std::max(instance.members.size(), instance.elements.size())) {}
    void merge(const Marks& other);
    std::vector<bool> parts;
  };
  /// What a schema is applied to, and what the caller wants to know.
  struct At {
    const json::Tree& value;
    const Path* path = nullptr;
    const Scope* scope = nullptr;
    Marks* marks = nullptr;  ///< null: nobody asks
    bool report = true;      ///< false: only whether it is valid matters
  };
  using Check = bool (Evaluation::*)(const Node&, const At&);

  bool evaluate(const Node& node, At at);
  bool evaluate_in_place(const Node& node, const At& at);
  bool evaluate_silently(const Node& node, const At& at);
  bool evaluate_element(const Node& node, const At& at, std::size_t index, std::string_view why);
  bool evaluate_member(const Node& node, const At& at, std::size_t index, std::string_view why);
  bool evaluate_part(const Node& node, const At& at, std::string_view why);

  bool check_constant(const Node& node, const At& at);
  bool check_type(const Node& node, const At& at);
  bool check_choices(const Node& node, const At& at);
  bool check_number(const Node& node, const At& at);
  bool check_string(const Node& node, const At& at);
  bool check_array(const Node& node, const At& at);
  bool check_contains(const Node& node, const At& at);
  bool check_unique(const At& at);
  bool check_object(const Node& node, const At& at);
  bool check_members(const Node& node, const At& at);
  bool check_member(const Node& node, const At& at, std::size_t index);
  bool check_dependents(const Node& node, const At& at);
  bool check_references(const Node& node, const At& at);
  bool check_combinations(const Node& node, const At& at);
  bool check_one_of(const Node& node, const At& at);
  bool check_condition(const Node& node, const At& at);
  bool check_unevaluated(const Node& node, const At& at);
  bool check_range(const Range& range,
                   std::size_t count,
                   const At& at,
                   std::string_view keywords,
                   std::string_view what);

  bool wrong(const At& at, std::string message);
  bool wants_more(const At& at) const;
  bool spend(std::size_t steps);
  void give_up(std::string message);

  std::size_t issues_max_;
  std::vector<Issue> issues_;
  std::size_t steps_ = 0;
  int depth_ = 0;
  bool gave_up_ = false;
};

}  // namespace troupe::schema
