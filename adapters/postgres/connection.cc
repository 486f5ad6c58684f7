#include "adapters/postgres/connection.h"

#include <poll.h>

#include "adapters/postgres/schema.h"
#include "adapters/postgres/wire.h"

namespace troupe::postgres {
namespace {

/// What one call hands to libpq at once; it keeps a copy until it is sent.
constexpr std::size_t kCopyBytes = std::size_t{64} << 10;
constexpr std::string_view kCopyHeader{"PGCOPY\n\xFF\r\n\0\0\0\0\0\0\0\0\0", 19};

/// The lock in plain SQL costs a third of what the function takes, which is called only to refuse:
/// where the row is gone, or was when this looked.
constexpr const char* kFence =
    "SELECT fence($1) WHERE NOT EXISTS(SELECT 1 FROM nodes WHERE number=$1 AND state<2 "
    "FOR KEY SHARE)";

/// Before the text of a statement that is sent as a role, in the list of those that are prepared.
const std::string kAsRole = "as role: ";

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  for (const std::string_view start : starts) {
    if (text.starts_with(start)) return true;
  }
  return false;
}

bool is_error(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

constexpr const char* kStoreIsAway = "The store is not available.";

/// Notices are for people at a terminal, and libpq would print them.
void ignore_notice(void*, const char*) {}

}  // namespace

Code code_of(std::string_view sqlstate) {
  if (sqlstate == "23505") return Code::kConflict;
  if (sqlstate == "53100") return Code::kStorageFull;
  if (sqlstate == kGoneState) return Code::kStaleEpoch;
  if (starts_with_any(sqlstate, {"XX001", "XX002"})) return Code::kCorrupt;
  // Shut down, out of a resource, a failed disk, no primary any more (25006), silent for too long
  // (25P03), or in another's way.
  const bool may_pass =
      starts_with_any(sqlstate, {"08", "57", "53", "58", "25006", "25P03", "40", "55P03"});
  return sqlstate.empty() || may_pass ? Code::kUnavailable : Code::kInternal;
}

std::int64_t Answer::integer_at(int row, int column) const {
  return read_integer(blob_at(row, column));
}

Uuid Answer::id_at(int row, int column) const {
  const std::string_view raw = blob_at(row, column);
  return raw.size() == 16 ? Uuid::from_bytes(raw.data()) : Uuid();
}

CopyRows::CopyRows(PGconn* connection) : connection_(connection), buffer_(kCopyHeader) {}

void CopyRows::row(std::uint64_t pos, const Uuid& entity, std::int32_t slot,
                   std::string_view bytes) {
  append_integer(buffer_, std::int16_t{4});
  append_integer(buffer_, std::int32_t{8});
  append_integer(buffer_, pos);
  const auto id = entity.bytes();
  append_field(buffer_, {reinterpret_cast<const char*>(id.data()), id.size()});
  append_integer(buffer_, std::int32_t{4});
  append_integer(buffer_, slot);
  append_field(buffer_, bytes);
  if (buffer_.size() >= kCopyBytes) flush();
}

void CopyRows::flush() {
  sent_ = sent_ &&
          PQputCopyData(connection_, buffer_.data(), static_cast<int>(buffer_.size())) == 1;
  buffer_.clear();
}

bool CopyRows::finish() {
  append_integer(buffer_, std::int16_t{-1});
  flush();
  return sent_ && PQputCopyEnd(connection_, nullptr) == 1;
}

Connection::~Connection() = default;

bool Connection::server_is_starting(const Options& options) {
  const std::string timeout = std::to_string(options.connect_timeout_s);
  const char* const keywords[] = {"connect_timeout", "dbname", nullptr};
  const char* const values[] = {timeout.c_str(), options.conninfo.c_str(), nullptr};
  return PQpingParams(keywords, values, 1) == PQPING_REJECT;
}

void Connection::close() {
  connection_.reset();
  names_.clear();
  is_begin_due_ = false;
}

Status Connection::open() {
  close();
  const std::string timeout = std::to_string(options_.connect_timeout_s);
  // A peer that has gone without a word is noticed in seconds instead of hours.
  const char* const keywords[] = {"fallback_application_name", "connect_timeout", "keepalives_idle",
                                  "keepalives_interval", "keepalives_count", "tcp_user_timeout",
                                  "dbname", "client_encoding", nullptr};
  const char* const values[] = {"troupe", timeout.c_str(), "5", "2", "3", "10000",
                                options_.conninfo.c_str(), "UTF8", nullptr};
  connection_.reset(PQconnectdbParams(keywords, values, 1));
  if (!connection_) {
    return Error{Code::kUnavailable, "There is no memory to connect with.", {}, kStoreIsAway};
  }
  if (!is_open()) return broken();
  PQsetNoticeProcessor(connection_.get(), ignore_notice, nullptr);
  Status set = execute(settings());
  if (!set) close();
  return set;
}

std::string Connection::settings() const {
  const std::string always = "SET search_path TO \"" + options_.schema +
                             "\"; SET jit TO off;"
                             "SET default_transaction_isolation TO 'read committed';";
  if (use_ == Use::kRead) return always + "SET default_transaction_read_only TO on";
  // A node that hangs or has vanished must not hold what others wait for: its rows, or its place as
  // a member.
  const int lock_ms =
      use_ == Use::kWrite ? options_.writer_lock_ms : options_.takeover_lock_ms;
  const std::string silence = std::to_string(options_.silent_transaction_ms);
  return always + "SET synchronous_commit TO on; SET lock_timeout TO " + std::to_string(lock_ms) +
         ";SET idle_in_transaction_session_timeout TO " + silence +
         ";SET tcp_user_timeout TO " + silence +
         ";SET tcp_keepalives_idle TO 2;SET tcp_keepalives_interval TO 1;"
         "SET tcp_keepalives_count TO 2";
}

PGresult* Connection::next_result() {
  PGconn* const from = connection_.get();
  if (use_ != Use::kMembership) return PQgetResult(from);
  while (PQisBusy(from) == 1) {
    pollfd socket{PQsocket(from), POLLIN, 0};
    if (::poll(&socket, 1, options_.membership_answer_ms) <= 0) {
      close();
      return nullptr;
    }
    if (PQconsumeInput(from) != 1) break;
  }
  return PQgetResult(from);
}

Error Connection::broken() const {
  std::string text = connection_ ? PQerrorMessage(connection_.get()) : "there is no connection";
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  return {Code::kUnavailable, "PostgreSQL is not available: " + text + ".", {}, kStoreIsAway};
}

Error Connection::failure(const PGresult* result) const {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (!is_open() || state == nullptr) return broken();
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return {code_of(state),
          "PostgreSQL refused a statement: " + std::string(message ? message : "") + " (" + state +
              ").",
          {},
          "The store refused this."};
}

std::string Connection::with_begin(const std::string& sql) {
  if (!is_begin_due_) return sql;
  is_begin_due_ = false;
  const std::string fence =
      fenced_ != 0 ? "SELECT fence(" + std::to_string(fenced_) + ");" : std::string();
  return "BEGIN;" + fence + sql;
}

Status Connection::execute(const std::string& sql) {
  if (!is_open()) return broken();
  if (PQsendQuery(connection_.get(), with_begin(sql).c_str()) != 1) return broken();
  Status done = ok();
  while (PGresult* next = next_result()) {
    const Answer answer(next);
    if (is_error(next) && done) done = failure(next);
  }
  if (done && !is_open()) return broken();
  return done;
}

Status Connection::copy(const std::string& table, const std::function<void(CopyRows&)>& rows) {
  if (!is_open()) return broken();
  const std::string sql = with_begin("COPY " + table + " FROM STDIN (FORMAT binary)");
  const Answer answer(PQexec(connection_.get(), sql.c_str()));
  if (PQresultStatus(answer.result_.get()) != PGRES_COPY_IN) return failure(answer.result_.get());
  CopyRows copying(connection_.get());
  rows(copying);
  if (!copying.finish()) {
    const Error error = broken();
    close();
    return error;
  }
  Status done = ok();
  while (PGresult* next = PQgetResult(connection_.get())) {
    const Answer end(next);
    if (is_error(next) && done) done = failure(next);
  }
  if (done && !is_open()) return broken();
  return done;
}

Result<Answer> Connection::query(const std::string& sql, Parameters parameters) {
  const Request request{sql, std::move(parameters)};
  return send_all({&request}, false);
}

Result<Answer> Connection::query_as(const Request& look, const std::string& sql,
                                    Parameters parameters) {
  // Without a BEGIN, all that stands before one end of a pipeline is a transaction of its own.
  const Request request{sql, std::move(parameters), true};
  return send_all({&look, &request}, false);
}

Status Connection::run(const std::string& sql, Parameters parameters) {
  const auto answer = query(sql, std::move(parameters));
  if (!answer) return answer.error();
  return ok();
}

Status Connection::commit(const std::vector<Request>& last) {
  std::vector<const Request*> requests;
  for (const Request& request : last) requests.push_back(&request);
  const auto done = send_all(requests, true);
  if (!done) return done.error();
  return ok();
}

void Connection::roll_back() {
  const bool is_begun = !is_begin_due_;
  is_begin_due_ = false;
  if (!is_open() || PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return;
  if (is_begun && !execute("ROLLBACK")) close();
}

Status Connection::transact(const Body& body, std::uint64_t node) {
  begin(node);
  std::vector<Request> last;
  Status done = body(last);
  if (done) done = commit(last);
  if (!done) roll_back();
  return done;
}

bool Connection::send(const Request& request, std::vector<Sent>& sent) {
  PGconn* const to = connection_.get();
  const std::string text = request.as_role ? kAsRole + request.sql : request.sql;
  auto known = names_.find(text);
  std::string name;
  if (known != names_.end()) {
    name = known->second;
  } else {
    name = "s" + std::to_string(++last_name_);
    const Parameters& p = request.parameters;
    if (PQsendPrepare(to, name.c_str(), request.sql.c_str(), p.count(), p.types()) != 1) {
      return false;
    }
    // Taken back if it does not come true; a second request of this text already counts on it.
    names_.emplace(text, name);
    sent.push_back({text});
  }
  const Parameters::Pointers pointers = request.parameters.pointers();
  sent.push_back({});
  return PQsendQueryPrepared(to, name.c_str(), request.parameters.count(), pointers.values.data(),
                             pointers.sizes.data(), pointers.formats.data(), 1) == 1;
}

Result<Answer> Connection::send_all(const std::vector<const Request*>& requests, bool commits) {
  if (!is_open() || PQenterPipelineMode(connection_.get()) != 1) return broken();
  PGconn* const to = connection_.get();
  const auto send_word = [&](const char* sql) {
    return PQsendQueryParams(to, sql, 0, nullptr, nullptr, nullptr, nullptr, 1) == 1;
  };
  std::vector<Sent> sent;
  bool is_sent = true;
  if (is_begin_due_) {
    is_begin_due_ = false;
    sent.push_back({});
    is_sent = send_word("BEGIN");
    if (is_sent && fenced_ != 0) {
      is_sent = send({kFence, Parameters().number(fenced_)}, sent);
    }
  }
  for (const Request* request : requests) is_sent = is_sent && send(*request, sent);
  if (!is_sent) {
    // COMMIT has not been sent, so nothing can have been written.
    const Error error = broken();
    close();
    return error;
  }
  if (commits) {
    sent.push_back({{}, true});
    is_sent = send_word("COMMIT");
  }
  End end = End::kLost;
  is_sent = is_sent && PQpipelineSync(to) == 1;
  auto answer = is_sent ? receive(sent, end) : Result<Answer>(broken());
  if (end == End::kAnswered && PQexitPipelineMode(to) == 1) return answer;
  Error error = answer ? broken() : answer.error();
  close();
  if (commits && end != End::kRefused) {
    error.code = Code::kOutcomeUnknown;
    error.message = "The connection broke during COMMIT. " + error.message;
  }
  return error;
}

Result<Answer> Connection::receive(const std::vector<Sent>& sent, End& end) {
  Answer last;
  Error first_error;
  bool is_failed = false;
  // Each statement gives a result and then nothing; the end of the pipeline gives its own.
  for (std::size_t at = 0; at <= sent.size();) {
    Answer answer(next_result());
    PGresult* const result = answer.result_.get();
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
      end = End::kAnswered;
      if (is_failed) return first_error;
      return last;
    }
    if (result == nullptr) {
      if (!is_open()) break;
      ++at;
      continue;
    }
    if (at == sent.size()) break;  // instead of its end: the link broke
    const bool is_done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!is_done && !sent[at].prepares.empty()) names_.erase(sent[at].prepares);
    if (is_error(result) && !is_failed) {
      first_error = failure(result);
      // The server itself ended before it came to COMMIT, even if the link breaks behind its word.
      const bool is_servers = PQresultErrorField(result, PG_DIAG_SQLSTATE) != nullptr;
      if (is_servers && !sent[at].is_commit) end = End::kRefused;
    }
    is_failed = is_failed || !is_done;
    // COMMIT of a transaction that has failed succeeds in rolling it back.
    if (is_done && sent[at].is_commit && std::string_view(PQcmdStatus(result)) != "COMMIT") {
      is_failed = true;
      first_error = {Code::kInternal, "PostgreSQL rolled back instead of committing.", {}};
    }
    if (is_done && !sent[at].is_commit) last = std::move(answer);
  }
  return is_failed ? first_error : broken();
}

Result<std::string> Connection::query_text(const std::string& sql) {
  const auto answer = query(sql);
  if (!answer) return answer.error();
  return answer->rows() > 0 ? std::string(answer->blob_at(0, 0)) : std::string();
}

Result<std::int64_t> Connection::query_integer(const std::string& sql, Parameters parameters) {
  const auto answer = query(sql, std::move(parameters));
  if (!answer) return answer.error();
  return answer->rows() > 0 ? answer->integer_at(0, 0) : 0;
}

void Connection::forget(std::string_view table) {
  for (auto it = names_.begin(); it != names_.end();) {
    if (it->first.find(table) == std::string::npos) {
      ++it;
      continue;
    }
    static_cast<void>(execute("DEALLOCATE " + it->second).ok());
    it = names_.erase(it);
  }
}

}  // namespace troupe::postgres
