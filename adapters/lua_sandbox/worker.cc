#include "adapters/lua_sandbox/worker.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

extern "C" {  // glibc 2.36 forgot it
#include <sys/pidfd.h>
}

namespace troupe::lua_sandbox {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::size_t kFrameBytesMax = std::size_t{256} << 20;
constexpr std::size_t kScriptsMax = 2048;
constexpr std::size_t kScriptBytesMax = std::size_t{16} << 20;

}  // namespace

std::unique_ptr<Worker> Worker::spawn(Zygote& zygote,
                                      std::uint64_t token,
                                      const ChildSettings& settings) {
  std::unique_ptr<Worker> worker(new Worker);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return nullptr;
  worker->socket_ = Descriptor(ends[0]);
  const Descriptor child_end(ends[1]);
  const Descriptor memory(memfd_create("troupe-lua", MFD_CLOEXEC));
  if (!memory.open() || ftruncate(memory.get(), sizeof(SharedPage)) != 0) return nullptr;
  void* const mapped =
      mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) return nullptr;
  worker->page_ = new (mapped) SharedPage;
  worker->token_ = token;
  worker->in_.resize(kReadBytes);
  if (!zygote.request(token, child_end, memory, settings)) return nullptr;
  return worker;
}

Worker::~Worker() {
  if (page_ != nullptr) munmap(page_, sizeof(SharedPage));
}

void Worker::send_script(const Script& script) {
  if (scripts_.size() >= kScriptsMax || script_bytes_ >= kScriptBytesMax) {
    put_frame(out_, FrameType::kForgetScripts, SeqHead{0});
    scripts_.clear();
    script_bytes_ = 0;
  }
  scripts_.insert(script.id);
  script_bytes_ += script.source.size();
  const ScriptHead head{script.id, static_cast<std::uint32_t>(script.name.size())};
  put_frame(out_, FrameType::kScript, head, script.name, script.source);
}

void Worker::assign(PendingJob& job) {
  const Script& script = *job.job.script;
  if (!scripts_.contains(script.id)) send_script(script);
  job.worker = this;
  job.seq = first_seq_ + jobs_.size();
  job.place = PendingJob::Place::kInChild;
  jobs_.push_back(&job);
  ++active_;
  ++held_;
  JobHead head{};
  head.script = script.id;
  head.workspace_high = job.job.workspace.high;
  head.workspace_low = job.job.workspace.low;
  head.timeout_ns = job.job.timeout.us * 1000;
  head.memory_bytes_max = job.job.memory_bytes_max;
  head.result_bytes_max = job.job.result_bytes_max;
  head.logs_bytes_max = job.job.logs_bytes_max;
  head.seq = job.seq;
  put_frame(out_, FrameType::kJob, head, job.job.globals);
}

void Worker::send_cancel(const PendingJob& job) {
  put_frame(out_, FrameType::kCancel, SeqHead{job.seq});
}

void Worker::send_host_reply(const PendingJob& job, bool ok, std::string_view text) {
  put_frame(out_, FrameType::kHostReply, HostReplyHead{job.seq, ok ? 1U : 0U}, text);
}

bool Worker::flush() {
  while (out_at_ < out_.size()) {
    const ssize_t sent = send(socket_.get(), out_.data() + out_at_, out_.size() - out_at_,
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    out_at_ += static_cast<std::size_t>(sent);
  }
  out_.clear();
  out_at_ = 0;
  if (out_.capacity() > (1 << 20)) out_.shrink_to_fit();
  return true;
}

bool Worker::receive() {
  if (in_at_ > 0) {
    std::memmove(in_.data(), in_.data() + in_at_, in_end_ - in_at_);
    in_end_ -= in_at_;
    in_at_ = 0;
  }
  if (in_end_ == 0 && in_.size() > kReadBytes) in_ = std::string(kReadBytes, '\0');
  for (;;) {
    if (in_end_ == in_.size()) in_.resize(in_.size() * 2);
    const std::size_t room = in_.size() - in_end_;
    const ssize_t got = recv(socket_.get(), in_.data() + in_end_, room, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
    if (got == 0) return false;
    in_end_ += static_cast<std::size_t>(got);
    if (static_cast<std::size_t>(got) < room) return true;
    if (in_end_ > kFrameBytesMax) return true;
  }
}

bool Worker::next_frame(FrameType& type, std::string_view& body) {
  std::string_view rest(in_.data() + in_at_, in_end_ - in_at_);
  FrameHead head{};
  if (!take(rest, head)) return false;
  if (head.size > kFrameBytesMax) {
    malformed_ = true;
    return false;
  }
  if (rest.size() < head.size) return false;
  in_at_ += sizeof head + head.size;
  type = head.type;
  body = rest.substr(0, head.size);
  return true;
}

PendingJob* Worker::find(std::uint64_t seq) const {
  const std::uint64_t at = seq - first_seq_;
  return at < jobs_.size() ? jobs_[at] : nullptr;
}

void Worker::release(PendingJob& job) {
  jobs_[job.seq - first_seq_] = nullptr;
  --held_;
  if (job.place == PendingJob::Place::kInChild) --active_;
  job.worker = nullptr;
  while (!jobs_.empty() && jobs_.front() == nullptr) {
    jobs_.pop_front();
    ++first_seq_;
  }
}

std::vector<PendingJob*> Worker::take_back() {
  page_->revoked.store(first_seq_ + jobs_.size() - 1);
  const std::uint64_t claimed = page_->claimed.load();
  std::vector<PendingJob*> taken;
  for (std::size_t i = jobs_.size(); i-- > 0;) {
    if (first_seq_ + i <= claimed) break;
    if (jobs_[i] != nullptr) taken.push_back(jobs_[i]);
  }
  for (PendingJob* const job : taken) release(*job);
  return taken;
}

std::vector<PendingJob*> Worker::take_all() {
  std::vector<PendingJob*> taken;
  for (std::size_t i = jobs_.size(); i-- > 0;) {
    if (jobs_[i] != nullptr) taken.push_back(jobs_[i]);
  }
  for (PendingJob* const job : taken) release(*job);
  return taken;
}

void Worker::signal(int number) {
  if (process_.open()) pidfd_send_signal(process_.get(), number, nullptr, 0);
}

std::size_t Worker::window(std::size_t jobs_max) const {
  constexpr std::int64_t kAheadNs = 2'000'000;
  if (out_.size() - out_at_ > (512 << 10)) return 0;
  const std::int64_t jobs = kAheadNs / std::max<std::int64_t>(mean_ns_, 1000);
  return std::clamp<std::size_t>(static_cast<std::size_t>(jobs), 2, jobs_max);
}

}  // namespace troupe::lua_sandbox
