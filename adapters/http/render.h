#pragma once

#include <string>
#include <vector>

#include "runtime/port/engine.h"

namespace troupe::http {

// Rows of the store and answers of the engine as API.md §2 shows them.

std::string render(const store::Workflow& workflow);
std::string render(const store::Version& version);
std::string render(const store::RunRow& run);
std::string render(const store::TaskRow& task);
std::string render(const store::Workspace& workspace);
std::string render(const store::Project& project);
std::string render(const NodeInfo& node);
std::string render(const Started& started);
std::string render(const TaskDecided& decided);
std::string render(const graph::Parsed& parsed);
std::string render(const std::vector<RunId>& runs);
std::string etag_of(const store::Workflow& workflow);

/// `{items, next_cursor}`; the cursor is null at the end.
template <class Row>
std::string render_rows(const store::Rows<Row>& rows);
template <class Row>
std::string render_list(const std::vector<Row>& rows) {
  return render_rows(store::Rows<Row>{rows, {}});
}

std::string page_json(const std::vector<std::string>& items, const std::string& next_cursor);

template <class Row>
std::string render_rows(const store::Rows<Row>& rows) {
  std::vector<std::string> items;
  items.reserve(rows.items.size());
  for (const Row& row : rows.items) items.push_back(render(row));
  return page_json(items, rows.next_cursor);
}

}  // namespace troupe::http
