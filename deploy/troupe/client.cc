#include "deploy/troupe/client.h"

#include <algorithm>

#include "deploy/troupe/server_file.h"
#include "deploy/troupe/settings.h"
#include "runtime/json/read.h"

namespace troupe::cli {
namespace {

constexpr std::size_t kAnswerBytesMax = 256 << 20;

std::string escaped(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

/// The server's problem document as an Error.
Error error_of(const http_client::Response& response) {
  Error error;
  error.message = "the server answered " + std::to_string(response.status);
  switch (response.status) {
    case 401:
      error.code = Code::kUnauthorized;
      break;
    case 404:
      error.code = Code::kNotFound;
      break;
    case 409:
      error.code = Code::kConflict;
      break;
    default:
      error.code = response.status < 500 ? Code::kInvalidRequest : Code::kUnavailable;
  }
  const Result<json::Text> problem = json::Text::parse(response.body, {kAnswerBytesMax});
  if (!problem) return error;
  if (const auto code = parse_code(cell(problem->view(), "code"))) error.code = *code;
  const std::string detail = cell(problem->view(), "detail");
  if (!detail.empty()) error.message = detail;
  json::for_each_element(json::member(problem->view(), "errors").value_or("[]"),
                         [&](std::string_view entry) {
                           Issue issue;
                           issue.code = parse_code(cell(entry, "code")).value_or(error.code);
                           issue.pointer = cell(entry, "pointer");
                           issue.message = cell(entry, "message");
                           error.issues.push_back(std::move(issue));
                           return true;
                         });
  return error;
}

Result<std::string> read_token(const std::string& data_dir) {
  const std::string given = variable("TROUPE_TOKEN");
  if (!given.empty()) return given;
  Result<std::string> token = read_file(data_dir + "/owner.token");
  if (!token) {
    return Error{Code::kUnauthorized,
                 "set TROUPE_TOKEN, or name the server's directory by --data-dir (" +
                     token.error().message + ")",
                 {}};
  }
  while (!token->empty() && token->back() == '\n') token->pop_back();
  return token;
}

}  // namespace

Result<Client> Client::connect(const Shared& shared) {
  const Result<config::Loaded> settings = load_settings(shared);
  if (!settings) return settings.error();
  const std::string& data_dir = settings->options.node.data_dir;
  std::string url = variable("TROUPE_URL");
  if (url.empty()) {
    const std::optional<ServerFile> server = read_server_file(data_dir);
    if (!server) {
      return Error{Code::kUnavailable,
                   "no server runs on " + data_dir + "; start one with: troupe serve --data-dir " +
                       data_dir + ", or set TROUPE_URL",
                   {}};
    }
    url = server->url;
  }
  while (!url.empty() && url.back() == '/') url.pop_back();
  Result<http_client::Options> options = http_client::options_for_url(url);
  if (!options) return std::move(options).error();
  Result<std::string> token = read_token(data_dir);
  if (!token) return std::move(token).error();
  options->headers.emplace_back("Authorization", "Bearer " + *token);
  const std::string workspace = variable("TROUPE_WORKSPACE");
  const std::string project = variable("TROUPE_PROJECT");
  if (!workspace.empty()) options->headers.emplace_back("X-Tenant-Id", workspace);
  if (!project.empty()) options->headers.emplace_back("X-Project-Id", project);
  return Client(std::move(*options));
}

Result<json::Text> Client::get(const std::string& path) { return call("GET", path, ""); }

Result<json::Text> Client::post(const std::string& path, const std::string& body) {
  return call("POST", path, body);
}

Result<json::Text> Client::call(const std::string& method,
                                const std::string& path,
                                const std::string& body,
                                const Headers& headers) {
  Result<http_client::Response> response = http_.request(method, path, headers, body);
  if (!response) return std::move(response).error();
  if (response->status < 200 || response->status >= 300) return error_of(*response);
  if (response->body.empty()) return json::Text::trusted("null");
  return json::Text::parse(std::move(response->body), {kAnswerBytesMax});
}

Status Client::stream(const std::string& path, const std::function<void(std::string_view)>& visit) {
  Result<http_client::Response> response =
      http_.stream(path, {{"Accept", "text/event-stream"}}, [&](const http_client::Event& event) {
        visit(event.data);
        return true;
      });
  if (!response) return std::move(response).error();
  if (response->status < 200 || response->status >= 300) return error_of(*response);
  return ok();
}

std::string segment(std::string_view text) { return escaped(text); }

std::string query(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!value.empty()) out += (out.empty() ? "?" : "&") + name + "=" + escaped(value);
  }
  return out;
}

Status each_item(Client& client,
                 const std::string& path,
                 std::vector<std::pair<std::string, std::string>> pairs,
                 std::size_t limit,
                 const std::function<void(std::string_view)>& visit) {
  constexpr std::size_t kPage = 200;
  std::size_t seen = 0;
  pairs.emplace_back("limit", std::to_string(limit == 0 ? kPage : std::min(limit, kPage)));
  pairs.emplace_back("cursor", "");
  do {
    Result<json::Text> page = client.get(path + query(pairs));
    if (!page) return std::move(page).error();
    json::for_each_element(json::member(page->view(), "items").value_or("[]"),
                           [&](std::string_view item) {
                             visit(item);
                             return ++seen != limit;
                           });
    pairs.back().second = cell(page->view(), "next_cursor");
  } while (!pairs.back().second.empty() && seen != limit);
  return ok();
}

std::string cell(std::string_view object, std::string_view key) {
  const auto value = json::member(object, key);
  if (!value || json::kind(*value) == json::Kind::kNull) return {};
  if (json::kind(*value) == json::Kind::kString) return json::decode_string(*value);
  return json::compact(*value);
}

Result<int> print_listing(Client& client,
                          const Listing& listing,
                          const Shared& shared,
                          const std::function<Cells(std::string_view)>& cells_of) {
  std::vector<Cells> rows;
  std::string items;
  Status done =
      each_item(client, listing.path, listing.query, listing.limit, [&](std::string_view item) {
        rows.push_back(cells_of(item));
        items += (items.empty() ? "" : ",") + std::string(item);
      });
  if (!done) return std::move(done).error();
  if (shared.json) {
    print_json("[" + items + "]");
  } else {
    print_table(listing.headings, rows);
  }
  return int{kOk};
}

Result<int> print_answer(const Result<json::Text>& answer,
                         const Shared& shared,
                         const std::function<std::string(std::string_view)>& line_of) {
  if (!answer) return answer.error();
  if (shared.json) {
    print_json(answer->view());
  } else {
    print(line_of(answer->view()));
  }
  return int{kOk};
}

int with_client(const Shared& shared, const std::function<Result<int>(Client&)>& work) {
  Result<Client> client = Client::connect(shared);
  if (!client) return fail(client.error());
  const Result<int> exit = work(*client);
  return exit ? *exit : fail(exit.error());
}

}  // namespace troupe::cli
