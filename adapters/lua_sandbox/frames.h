#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// What parent and child say to each other: frames over a stream socket, and one shared page. Both
// ends are the same binary on the same machine, so heads travel as they lie in memory. The parent
// never trusts what a child sends: sizes are checked, numbers are only looked up.
namespace troupe::lua_sandbox {

enum class FrameType : std::uint32_t {
  kScript,         ///< to the child: source of a script, sent once
  kForgetScripts,  ///< to the child: drop all sources and compiled chunks
  kJob,            ///< to the child
  kCancel,         ///< to the child: drop a job that waits for a host call
  kHostReply,      ///< to the child
  kResult,         ///< to the parent
  kSkipped,        ///< to the parent: the job had been taken back before it was started
  kHostCall,       ///< to the parent
};

struct FrameHead {
  std::uint32_t size;  ///< of what follows this head
  FrameType type;
};

struct ScriptHead {
  std::uint64_t script;
  std::uint32_t name_size;
};

struct JobHead {
  std::uint64_t script;
  std::uint64_t workspace_high;
  std::uint64_t workspace_low;
  std::int64_t timeout_ns;
  std::uint64_t memory_bytes_max;
  std::uint64_t result_bytes_max;
  std::uint64_t logs_bytes_max;
  std::uint64_t seq;  ///< number of the job in this child, from 1
};

struct SeqHead {
  std::uint64_t seq;
};

struct HostReplyHead {
  std::uint64_t seq;
  std::uint32_t ok;
};

struct HostCallHead {
  std::uint64_t seq;
  std::uint32_t name_size;
};

/// Times are CLOCK_MONOTONIC; the parent turns them into wall time.
struct ResultHead {
  std::int64_t started_ns;
  std::int64_t finished_ns;
  std::uint64_t seq;
  std::uint32_t code;  ///< kResultOk, or a Code
  std::uint32_t text_size;
  std::uint32_t logs_truncated;
};
inline constexpr std::uint32_t kResultOk = 0xFFFF;

/// A printed line inside a result, followed by its bytes.
struct LogHead {
  std::int64_t at_ns;
  std::uint32_t size;
};

template <class Head>
inline void put(std::string& out, const Head& head) {
  out.append(reinterpret_cast<const char*>(&head), sizeof head);
}

/// Takes a head off the front; false if there are too few bytes.
template <class Head>
inline bool take(std::string_view& bytes, Head& head) {
  if (bytes.size() < sizeof head) return false;
  std::memcpy(&head, bytes.data(), sizeof head);
  bytes.remove_prefix(sizeof head);
  return true;
}

template <class Head>
inline void put_frame(std::string& out,
                      FrameType type,
                      const Head& head,
                      std::string_view first = {},
                      std::string_view second = {}) {
  const std::size_t size = sizeof head + first.size() + second.size();
  put(out, FrameHead{static_cast<std::uint32_t>(size), type});
  put(out, head);
  out.append(first);
  out.append(second);
}

/// One page shared by the parent and one child, so that the parent sees what a busy child does
/// without a message. The child writes the first part, the parent the second.
///
/// Taking jobs back: the parent stores `revoked`, then reads `claimed`, and keeps every job above
/// it. The child stores `claimed`, then reads `revoked`, and skips the job if it is covered. With
/// sequentially consistent order no job is both kept and run; a job that is neither is announced
/// as skipped.
struct SharedPage {
  std::atomic<std::uint64_t> claimed{0};              ///< newest job that was looked at
  std::atomic<std::uint64_t> running{0};              ///< job whose script runs now; 0: none
  std::atomic<std::int64_t> since_ns{0};              ///< when it was started or resumed
  std::atomic<std::int64_t> deadline_ns{0};           ///< when it must have ended
  alignas(64) std::atomic<std::uint64_t> revoked{0};  ///< jobs up to this one are taken back
  std::atomic<std::uint64_t> stopped{0};  ///< the job that SIGALRM ends before its deadline
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

}  // namespace troupe::lua_sandbox
