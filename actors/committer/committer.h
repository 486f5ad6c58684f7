#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "actors/committer/fair_lines.h"
#include "actors/committer/marks.h"
#include "actors/messages.h"
#include "actors/node/services.h"

namespace troupe::actors {

/// The logic of the committer actor. Owned by one actor; its calls into the store block.
class Committer {
 public:
  /// What the actor around it does on its behalf.
  struct Outside {
    std::function<void()> flush_soon;            ///< a Flush behind the messages that wait now
    std::function<void(Duration)> flush_later;   ///< a Flush after a delay
    std::function<void(Duration, Rest)> rest_later;
    std::function<void()> maintain_soon;         ///< a Maintain behind the messages that wait now
  };
  Committer(Services& services, Outside outside);

  void submit(std::shared_ptr<Submission> submission);
  void write(const WriteJob& job);
  void flush();
  void maintain();
  void rest(const Rest& message);
  void when_empty(const WhenEmpty& message);
  void add(const OpenEntities& open);
  void cover(const Cover& message);

 private:
  void landed(const std::vector<std::shared_ptr<Submission>>& batch, TimePoint begun);
  void failed(std::vector<std::shared_ptr<Submission>> batch, const Error& error);
  void commit_singly(std::vector<std::shared_ptr<Submission>> batch);
  void set_aside(const Submission& submission, const Error& error);
  void fit_batch(Duration took);
  bool refuse_behind(const Submission& submission);
  bool of_refused(const Submission& submission) const;
  void refuse(const Submission& submission, const Error& error);
  void acknowledge(const Submission& submission);
  void depth_changed();
  /// A commit's outcome is unknown, or nothing of this node counts any more: nothing is written,
  /// acknowledged or refused.
  bool ending() const { return is_fenced_ || !unresolved_.empty(); }
  void follow_tables();
  bool refuse_late(const Submission& submission);
  void follow_covers();
  bool is_mark_due(std::size_t tables) const;
  void ask_for_snapshots(const cluster::SlotSet& slots, store::Pos before, std::size_t most);
  /// Asks the store what became of the unresolved batch, and goes on as it says.
  void resolve();

  Services& services_;
  Outside outside_;
  Marks marks_;
  FairLines waiting_;
  std::size_t batch_bytes_ = 128 << 10;  ///< while several workspaces write; see fit_batch
  TimePoint shared_until_;
  std::vector<std::shared_ptr<Submission>> unresolved_;  ///< the batch that landed or not
  store::Pos unresolved_last_ = 0;                       ///< of its frames; 0: it has none
  std::vector<WriteJob> postponed_;                      ///< came while it was unresolved
  std::vector<Cover> covers_;
  bool is_fenced_ = false;
  bool flush_pending_ = false;
  bool maintain_pending_ = false;
  bool rest_pending_ = false;
  std::vector<std::function<void()>> when_empty_;
  std::uint64_t commits_ = 0;
  /// Their creation was refused, or a commit of them met a damaged page: nothing they submitted
  /// after it may land. Until they are created again, or reopened.
  std::unordered_set<RunId> refused_;
  TimePoint refused_at_;
  int failures_ = 0;              ///< commits that failed in a row
  store::Pos mark_ = 0;           ///< the recovery mark as stored
  std::uint64_t bytes_at_mark_ = 0;  ///< written to the journal by then
  store::Pos coming_mark_ = 0;    ///< seen, and perhaps not yet behind all that is on its way here
  bool looks_again_ = false;      ///< a Maintain is to find that out
  TimePoint tables_followed_;     ///< when the recovery mark was last looked at
  std::uint64_t bytes_reported_ = 0;
};

}  // namespace troupe::actors
