#include "runtime/graph/diff.h"

#include <algorithm>
#include <map>

#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::graph {
namespace {

using json::Kind;

/// A key as a segment of a JSON pointer (RFC 6901).
std::string segment(std::string_view key) {
  std::string escaped = "/";
  for (const char c : key) {
    if (c == '~') escaped += "~0";
    else if (c == '/') escaped += "~1";
    else escaped.push_back(c);
  }
  return escaped;
}

void walk(std::string_view before, std::string_view after, const std::string& pointer,
          std::vector<std::string>& found) {
  if (json::equal(before, after)) return;
  const Kind kind = json::kind(before);
  if (kind == Kind::kObject && json::kind(after) == Kind::kObject) {
    json::for_each_member(before, [&](std::string_view key, std::string_view value) {
      const auto other = json::member(after, key);
      if (other) walk(value, *other, pointer + segment(key), found);
      else found.push_back(pointer + segment(key));
      return true;
    });
    json::for_each_member(after, [&](std::string_view key, std::string_view) {
      if (!json::member(before, key)) found.push_back(pointer + segment(key));
      return true;
    });
    return;
  }
  const bool are_lists = kind == Kind::kArray && json::kind(after) == Kind::kArray;
  if (are_lists && json::length(before) == json::length(after)) {
    std::size_t index = 0;
    json::for_each_element(before, [&](std::string_view element) {
      walk(element, *json::element(after, index), pointer + "/" + std::to_string(index), found);
      ++index;
      return true;
    });
    return;
  }
  found.push_back(pointer);
}

/// The steps of a graph with their ids, in order. One without an id is none.
std::vector<std::pair<std::string, std::string_view>> steps_of(std::string_view graph) {
  std::vector<std::pair<std::string, std::string_view>> steps;
  const auto list = json::member(graph, "steps");
  if (!list) return steps;
  json::for_each_element(*list, [&](std::string_view step) {
    const auto id = json::member(step, "id");
    if (id) steps.emplace_back(json::decode_string(*id), step);
    return true;
  });
  return steps;
}

/// Pointers beside the steps.
std::vector<std::string> differences_around(std::string_view before, std::string_view after) {
  std::vector<std::string> found = differences(before, after);
  std::erase_if(found, [](const std::string& pointer) {
    return pointer == "/steps" || pointer.starts_with("/steps/");
  });
  return found;
}

void write_texts(json::Writer& out, std::string_view name, const std::vector<std::string>& texts) {
  out.key(name).begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
}

}  // namespace

std::vector<std::string> differences(std::string_view before, std::string_view after,
                                     const std::string& pointer) {
  std::vector<std::string> found;
  walk(before, after, pointer, found);
  std::sort(found.begin(), found.end());
  return found;
}

GraphDiff diff(std::string_view before, std::string_view after) {
  GraphDiff result;
  const auto old_steps = steps_of(before);
  const auto new_steps = steps_of(after);
  std::map<std::string_view, std::string_view> by_id(old_steps.begin(), old_steps.end());
  std::vector<std::string_view> kept_order;
  for (const auto& [id, step] : new_steps) {
    const auto old = by_id.find(id);
    if (old == by_id.end()) {
      result.added.push_back(id);
      continue;
    }
    kept_order.push_back(id);
    auto pointers = differences(old->second, step);
    if (!pointers.empty()) result.changed.push_back({id, std::move(pointers)});
    by_id.erase(old);
  }
  std::vector<std::string_view> old_order;
  for (const auto& [id, step] : old_steps) {
    if (by_id.contains(id)) result.removed.push_back(id);
    else old_order.push_back(id);
  }
  result.moved = old_order != kept_order;
  result.pointers = differences_around(before, after);
  return result;
}

std::string to_json(const GraphDiff& diff) {
  json::Writer out;
  out.begin_object().key("steps").begin_object();
  write_texts(out, "added", diff.added);
  write_texts(out, "removed", diff.removed);
  out.key("changed").begin_array();
  for (const ChangedStep& step : diff.changed) {
    out.begin_object().member("id", step.id);
    write_texts(out, "pointers", step.pointers);
    out.end_object();
  }
  out.end_array().member("moved", diff.moved).end_object();
  write_texts(out, "pointers", diff.pointers);
  return out.end_object().take();
}

}  // namespace troupe::graph
