#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "adapters/postgres/options.h"
#include "adapters/postgres/parameters.h"
#include "runtime/base/result.h"

namespace troupe::postgres {

/// What a SQLSTATE means to callers of the store; empty: the connection broke. A broken COMMIT is
/// `Connection::commit`'s to judge.
Code code_of(std::string_view sqlstate);

/// The rows that a statement gave, in binary form.
class Answer {
 public:
  Answer() = default;
  explicit Answer(PGresult* result) : result_(result) {}

  int rows() const { return result_ ? PQntuples(result_.get()) : 0; }
  /// Valid while the answer lives.
  std::string_view blob_at(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  std::int64_t integer_at(int row, int column) const;
  std::uint64_t number_at(int row, int column) const {
    return static_cast<std::uint64_t>(integer_at(row, column));
  }
  bool null_at(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  /// An id column; unset if its size is wrong, which no id is.
  Uuid id_at(int row, int column) const;

 private:
  friend class Connection;
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

/// One statement with its parameters. It is prepared once per connection, by its text.
struct Request {
  std::string sql;
  Parameters parameters;
  /// Prepared apart: as a role its plan is another one.
  bool as_role = false;
};

/// Rows on their way into a table by COPY, in its binary form.
class CopyRows {
 public:
  explicit CopyRows(PGconn* connection);
  void row(std::uint64_t pos, const Uuid& entity, std::int32_t slot, std::string_view bytes);
  /// False if the connection broke on the way.
  bool finish();

 private:
  void flush();
  PGconn* connection_;
  std::string buffer_;
  bool sent_ = true;
};

/// One connection and its prepared statements. Belongs to one thread at a time. A connection that
/// broke stays broken until `open` is called again; transactions, locks and prepared statements are
/// gone with it. Nothing here retries.
class Connection {
 public:
  enum class Use { kWrite, kRead, kMembership };
  Connection(const Options& options, Use use) : options_(options), use_(use) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Whether a server is there that takes no connections just now: it starts, recovers or ends.
  static bool server_is_starting(const Options& options);

  Status open();
  bool is_open() const { return connection_ && PQstatus(connection_.get()) == CONNECTION_OK; }
  void close();

  /// A transaction begins with whatever is sent next, so that its BEGIN costs no round trip.
  /// Neither does the fence behind it: kStaleEpoch, and nothing is done, if `node` has been
  /// declared gone; and until the transaction ends, nobody can declare it. 0: no fence.
  void begin(std::uint64_t node = 0) {
    is_begin_due_ = true;
    fenced_ = node;
  }
  /// Sends `last` and COMMIT in one round trip. kOutcomeUnknown if the connection broke before an
  /// answer came; any other error: nothing is written, and the caller rolls back.
  Status commit(const std::vector<Request>& last);
  /// Never fails: if the server does not answer, the connection is closed, which ends it as well.
  void roll_back();
  /// All of that: `body` runs in a transaction; what it leaves in `last` goes along with COMMIT.
  using Body = std::function<Status(std::vector<Request>& last)>;
  Status transact(const Body& body, std::uint64_t node = 0);

  Result<Answer> query(const std::string& sql, Parameters parameters = {});
  /// The same as a role and with settings that `look` takes on, which hold for this statement and
  /// no longer; in the same round trip. Outside of a transaction.
  Result<Answer> query_as(const Request& look, const std::string& sql, Parameters parameters);
  Status run(const std::string& sql, Parameters parameters = {});
  /// One statement or several, without parameters and results.
  Status execute(const std::string& sql);
  /// `COPY … FROM STDIN (FORMAT binary)` into `table`, whose columns are a journal table's.
  Status copy(const std::string& table, const std::function<void(CopyRows&)>& rows);
  /// The first column of the first row, as text; empty if there is none.
  Result<std::string> query_text(const std::string& sql);
  Result<std::int64_t> query_integer(const std::string& sql, Parameters parameters = {});
  /// Ends the use of statements that name `table`, which is about to be dropped.
  void forget(std::string_view table);

  int server_version() const { return PQserverVersion(connection_.get()); }
  int backend() const { return PQbackendPID(connection_.get()); }

 private:
  /// What has been sent in one pipeline: names of statements that are being prepared, else empty.
  struct Sent {
    std::string prepares;
    bool is_commit = false;
  };
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  Result<Answer> send_all(const std::vector<const Request*>& requests, bool commits);
  bool send(const Request& request, std::vector<Sent>& sent);
  /// How a pipeline ended: with the server's last word, with one that rules out that it went on to
  /// COMMIT, or with neither.
  enum class End { kAnswered, kRefused, kLost };
  Result<Answer> receive(const std::vector<Sent>& sent, End& end);
  std::string with_begin(const std::string& sql);
  std::string settings() const;
  /// The next result, or null; closes the connection if the server says nothing for too long.
  PGresult* next_result();
  Error failure(const PGresult* result) const;
  Error broken() const;

  const Options& options_;
  const Use use_;
  std::unique_ptr<PGconn, Finish> connection_;
  std::unordered_map<std::string, std::string> names_;  ///< of prepared statements, by their text
  std::uint64_t last_name_ = 0;
  bool is_begin_due_ = false;
  std::uint64_t fenced_ = 0;  ///< by the transaction that is due
};

}  // namespace troupe::postgres
