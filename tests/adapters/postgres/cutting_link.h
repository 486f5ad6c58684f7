#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/conformance/temporary_directory.h"

namespace troupe::testing {

/// Stands between a client and a PostgreSQL socket and passes everything on, until it is told to
/// cut the link at a certain word of a client. One thread of its own; the destructor ends it.
class CuttingLink {
 public:
  enum class Cut {
    kNever,
    kRequest,  ///< the server never sees the word, only the end of its client
    kAnswer,   ///< the server does it, and does not learn that its client has gone
    kBoth,     ///< the server gets it, now or later, and does not learn that its client has gone
    kHold,     ///< the server sees it only when it is released, as if the client hung before
  };
  explicit CuttingLink(std::string server_socket);
  ~CuttingLink();

  std::string conninfo() const;
  /// Once; from then on everything passes again.
  void cut_next(Cut cut, std::string word) {
    word_ = std::move(word);
    cut_ = cut;
  }
  /// The client that hung goes on.
  void release();
  /// So many clients hear that the server is starting up. Counts what is left of them.
  void refuse_next(int count) { refusals_ = count; }
  int refusals() const { return refusals_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    bool swallows = false;
    std::string held;
  };
  void serve();
  void accept_one();
  static void refuse(int client);
  void pass_held();
  /// False if the pair is over.
  bool pass_from_client(Pair& pair);
  bool pass_from_server(Pair& pair);

  TemporaryDirectory directory_;
  const std::string server_socket_;
  int listener_ = -1;
  int stop_ = -1;
  int release_ = -1;
  std::string word_;  ///< read only while a cut is due, so never while it is written
  std::atomic<Cut> cut_{Cut::kNever};
  std::atomic<int> refusals_{0};
  std::vector<Pair> pairs_;
  std::thread thread_;
};

}  // namespace troupe::testing
