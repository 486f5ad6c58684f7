#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "deploy/troupe/output.h"
#include "runtime/json/text.h"

namespace troupe::cli {

/// One answer of the server.
struct Reply {
  int status = 0;
  std::string body;
};

/// Speaks to a server: the one of TROUPE_URL (with TROUPE_TOKEN), else the one that holds the local
/// data directory (`server.json` and `owner.token` in it). Blocking; one thread.
class Client {
 public:
  /// kUnavailable if no server is known to run there.
  static Result<Client> connect(const Shared& shared);

  /// A 2xx body as JSON. A problem of the server comes as an Error with its code, or the nearest
  /// one.
  Result<json::Text> get(const std::string& path);
  Result<json::Text> post(const std::string& path, const std::string& body);
  Result<json::Text> call(const std::string& method,
                          const std::string& path,
                          const std::string& body,
                          const std::vector<std::pair<std::string, std::string>>& headers = {});
  /// Streams server-sent events: `visit` gets each event's data and returns false to leave.
  Status stream(const std::string& path, const std::function<bool(std::string_view)>& visit);

  const std::string& url() const { return url_; }

 private:
  std::vector<std::pair<std::string, std::string>> headers() const;

  std::string url_;
  std::string token_;
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

/// Runs `work(client)` and turns an error into its exit code.
int with_client(const Shared& shared, const std::function<Result<int>(Client&)>& work);

}  // namespace troupe::cli
