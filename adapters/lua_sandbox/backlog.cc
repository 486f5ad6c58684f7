#include "adapters/lua_sandbox/backlog.h"

#include <algorithm>

namespace troupe::lua_sandbox {

Line& Backlog::line_of(PendingJob& job) {
  if (job.line == nullptr) {
    if (lines_.size() > 1024) sweep();
    job.line = &lines_[job.job.workspace];
    ++job.line->jobs;
  }
  return *job.line;
}

void Backlog::sweep() {
  std::erase_if(lines_,
                [](const auto& entry) { return entry.second.jobs == 0 && !entry.second.in_ring; });
}

void Backlog::push_back(PendingJob& job) {
  Line& line = line_of(job);
  line.queued.push_back(&job);
  ++size_;
  refresh(line);
}

void Backlog::push_front(PendingJob& job) {
  Line& line = line_of(job);
  line.queued.push_front(&job);
  ++size_;
  refresh(line);
}

PendingJob* Backlog::next() {
  while (!ring_.empty()) {
    Line& line = *ring_.front();
    ring_.pop_front();
    line.in_ring = false;
    if (!eligible(line)) continue;
    PendingJob* const job = line.queued.front();
    line.queued.pop_front();
    --size_;
    // Not refresh(): the caller is about to count this job as in a child.
    if (!line.queued.empty()) {
      line.in_ring = true;
      ring_.push_back(&line);
    }
    return job;
  }
  return nullptr;
}

void Backlog::forget(PendingJob& job) {
  if (job.line == nullptr) return;
  --job.line->jobs;
  if (job.place != PendingJob::Place::kQueued) return;
  const auto at = std::find(job.line->queued.begin(), job.line->queued.end(), &job);
  if (at == job.line->queued.end()) return;
  job.line->queued.erase(at);
  --size_;
}

void Backlog::refresh(Line& line) {
  if (line.in_ring || !eligible(line)) return;
  line.in_ring = true;
  ring_.push_back(&line);
}

}  // namespace troupe::lua_sandbox
