#include "runtime/port/documents.h"

#include <iterator>
#include <utility>

#include "runtime/port/store.h"

namespace troupe::store {

bool matches(const DocumentFilter& filter, const Document& document) {
  return document.kind == filter.kind &&
         (!filter.workspace || document.workspace == *filter.workspace) &&
         (!filter.project || document.project == *filter.project) &&
         (!filter.owner || document.owner == *filter.owner);
}

bool Change::empty() const {
  return workspaces.empty() && projects.empty() && put.empty() && removed.empty() && audit.empty();
}

Result<std::vector<Document>> Documents::all(const DocumentFilter& filter) {
  constexpr std::size_t kPage = 1000;
  std::vector<Document> rows;
  Page page{.limit = kPage, .cursor = {}};
  do {
    auto some = list(filter, page);
    if (!some) return some.error();
    rows.insert(rows.end(), std::make_move_iterator(some->items.begin()),
                std::make_move_iterator(some->items.end()));
    page.cursor = std::move(some->next_cursor);
  } while (!page.cursor.empty());
  return rows;
}

}  // namespace troupe::store
