#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/http_client/client.h"
#include "deploy/troupe/output.h"
#include "runtime/json/text.h"

namespace troupe::cli {

using Headers = http_client::Headers;

/// Speaks to a server: the one of TROUPE_URL, else the one that holds the local data directory
/// (`server.json` in it says where). The token is TROUPE_TOKEN, else `owner.token` of that
/// directory. TROUPE_WORKSPACE and TROUPE_PROJECT choose another scope than `default`. Blocking;
/// one thread.
class Client {
 public:
  /// kUnavailable if no server is known to run there.
  static Result<Client> connect(const Shared& shared);

  /// A 2xx body as JSON (null if it is empty). A problem of the server comes as an Error with its
  /// code, or the nearest one.
  Result<json::Text> get(const std::string& path);
  Result<json::Text> post(const std::string& path, const std::string& body);
  Result<json::Text> call(const std::string& method,
                          const std::string& path,
                          const std::string& body,
                          const Headers& headers = {});
  /// Follows an event stream to its end: `visit` gets each event.
  Status stream(const std::string& path, const std::function<void(std::string_view)>& visit);

 private:
  explicit Client(http_client::Options options) : http_(std::move(options)) {}
  http_client::Client http_;
};

/// One segment of a path, escaped.
std::string segment(std::string_view text);
/// "?a=b&c=d" of the pairs whose value is not empty, escaped.
std::string query(const std::vector<std::pair<std::string, std::string>>& pairs);
/// Follows `next_cursor` until `limit` items are there (0: all). `visit` gets each item.
Status each_item(Client& client,
                 const std::string& path,
                 std::vector<std::pair<std::string, std::string>> pairs,
                 std::size_t limit,
                 const std::function<void(std::string_view)>& visit);
/// The member as text for a table: a string decoded, null and absent empty, the rest compact.
std::string cell(std::string_view object, std::string_view key);

/// What `list` shows: `limit` items at most (0: all), under headings.
struct Listing {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
  std::size_t limit = 0;
  std::vector<std::string> headings;
};
using Cells = std::vector<std::string>;
/// Prints it as a table, to which each item gives the row `cells_of(item)`; with --json the items
/// as they came.
Result<int> print_listing(Client& client,
                          const Listing& listing,
                          const Shared& shared,
                          const std::function<Cells(std::string_view)>& cells_of);

/// Prints what a call has come to: the line that `line_of` makes of the answer, or with --json all.
Result<int> print_answer(const Result<json::Text>& answer,
                         const Shared& shared,
                         const std::function<std::string(std::string_view)>& line_of);

/// Runs `work(client)` and turns an error into its exit code.
int with_client(const Shared& shared, const std::function<Result<int>(Client&)>& work);

}  // namespace troupe::cli
