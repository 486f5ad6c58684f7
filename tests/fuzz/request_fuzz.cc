#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "adapters/http/head_scanner.h"
#include "adapters/http/parse.h"
#include "adapters/http/query.h"
#include "adapters/http/router.h"
#include "runtime/base/ensure.h"
#include "runtime/json/text.h"
#include "tests/fuzz/entries.h"

// Any request: the first line of the input is a target, the rest a body. Finding a route, reading
// the query and reading the body never crash, every refusal names a status of the 4xx class, and a
// header is cut at the same place however it arrives.
namespace troupe::fuzz {
namespace {

void expect_client_error(const Error& error) {
  const int status = info(error.code).http_status;
  TROUPE_ENSURE(status >= 400 && status < 500);
}

template <class T>
void check(const Result<T>& result) {
  if (!result.ok()) expect_client_error(result.error());
}

void read_target(std::string_view target) {
  static const http::Router router(http::routes());
  const std::size_t question = std::min(target.find('?'), target.size());
  for (const http::Method method : {http::Method::kGet, http::Method::kPost}) {
    const http::Match match = router.find(method, target.substr(0, question));
    for (std::size_t i = 0; i < match.params_used; ++i) {
      http::percent_decode(match.params[i].second, false);
    }
  }
  const auto query = http::Query::parse(target.substr(std::min(question + 1, target.size())));
  check(query);
  if (!query.ok()) return;
  check(http::parse_page(*query, 200));
  check(http::parse_run_filter(*query));
  check(query->number("after", 0, 0, UINT64_MAX));
}

void read_body(std::string_view bytes) {
  const auto body = json::Text::parse(std::string(bytes));
  check(body);
  if (!body.ok()) return;
  check(http::parse_command(*body));
  check(http::parse_batch(*body, 10));
  check(http::parse_new_workflow(*body));
  check(http::parse_workflow_patch(*body));
  check(http::parse_validate(*body));
  check(http::parse_changelog(*body));
  check(http::parse_task_answer(*body));
  check(http::parse_event(*body));
}

void scan_head(std::string_view bytes) {
  http::HeadScanner whole(1024, 10);
  const auto expected = whole.scan(bytes);
  http::HeadScanner pieces(1024, 10);
  auto state = http::HeadScanner::State::kMore;
  for (std::size_t size = 1; size <= bytes.size() && state == http::HeadScanner::State::kMore;
       ++size) {
    state = pieces.scan(bytes.substr(0, size));
  }
  TROUPE_ENSURE(bytes.empty() || state == expected);
  if (expected == http::HeadScanner::State::kDone) {
    TROUPE_ENSURE(pieces.head_bytes() == whole.head_bytes());
  }
}

}  // namespace

void fuzz_request(std::string_view bytes) {
  const std::size_t line = std::min(bytes.find('\n'), bytes.size());
  read_target(bytes.substr(0, line));
  read_body(bytes.substr(std::min(line + 1, bytes.size())));
  scan_head(bytes);
  http::parse_if_match(bytes.substr(0, line)).ok();
}

}  // namespace troupe::fuzz
