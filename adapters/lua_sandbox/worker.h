#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "adapters/lua_sandbox/backlog.h"
#include "adapters/lua_sandbox/frames.h"
#include "adapters/lua_sandbox/zygote.h"

namespace troupe::lua_sandbox {

/// The parent's end of one child: its socket, its page, and the jobs that were sent to it. Owned by
/// the Dispatcher and used on its thread only. Destroying it ends the child.
class Worker {
 public:
  /// Makes socket and page and asks the zygote for the process; null if that fails.
  static std::unique_ptr<Worker> spawn(Zygote& zygote,
                                       std::uint64_t token,
                                       const ChildSettings& settings);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  std::uint64_t token() const { return token_; }
  int descriptor() const { return socket_.get(); }
  void set_process(Descriptor process) { process_ = std::move(process); }

  /// Appends the job to what will be sent.
  void assign(PendingJob& job);
  void send_cancel(const PendingJob& job);
  void send_host_reply(const PendingJob& job, bool ok, std::string_view text);
  /// Writes as much as fits. False if the child is gone.
  bool flush();
  bool has_unsent() const { return out_at_ < out_.size(); }

  /// Reads what there is. False when the child is gone; what came before may still be parsed.
  bool receive();
  /// The next whole frame; its body is valid until receive(). False if there is none, or it is
  /// larger than any child may send: see malformed().
  bool next_frame(FrameType& type, std::string_view& body);
  bool malformed() const { return malformed_; }

  /// Null if the child does not have it.
  PendingJob* find(std::uint64_t seq) const;
  void release(PendingJob& job);
  /// Jobs sent and neither ended nor taken back nor waiting for a host call.
  std::size_t active() const { return active_; }
  bool holds_jobs() const { return held_ > 0; }
  /// Jobs that wait for a host call; each keeps an interpreter.
  std::size_t waiting() const { return held_ - active_; }
  void mark_waiting() { --active_; }
  void mark_resumed() { ++active_; }
  /// Takes back every job that the child has not looked at, newest first.
  std::vector<PendingJob*> take_back();
  /// Takes away all jobs, newest first.
  std::vector<PendingJob*> take_all();

  SharedPage& page() { return *page_; }
  void signal(int number);

  /// Running mean, for how many jobs to send ahead.
  void note_duration(std::int64_t ns) { mean_ns_ += (ns - mean_ns_) / 8; }
  std::size_t window(std::size_t jobs_max) const;

  // What the Dispatcher remembers about the child.
  PendingJob* long_job = nullptr;  ///< the job that makes it count as busy
  std::uint64_t alarmed_seq = 0;   ///< job that was asked to end
  std::int64_t alarmed_ns = 0;
  std::int64_t last_sign_ns = 0;  ///< of life, or when it got work
  std::int64_t idle_since_ns = 0;
  std::uint32_t watched_events = 0;  ///< what epoll was told
  bool answered = false;             ///< has ever sent a frame

 private:
  Worker() = default;
  void send_script(const Script& script);

  std::uint64_t token_ = 0;
  Descriptor socket_;
  Descriptor process_;
  SharedPage* page_ = nullptr;
  std::string out_;
  std::size_t out_at_ = 0;
  std::string in_;
  std::size_t in_at_ = 0;
  std::size_t in_end_ = 0;
  bool malformed_ = false;
  std::deque<PendingJob*> jobs_;  ///< by seq from first_seq_; null: ended or taken back
  std::uint64_t first_seq_ = 1;
  std::size_t active_ = 0;
  std::size_t held_ = 0;
  std::int64_t mean_ns_ = 20'000;
  std::unordered_set<std::uint64_t> scripts_;
  std::size_t script_bytes_ = 0;
};

}  // namespace troupe::lua_sandbox
