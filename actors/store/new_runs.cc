#include "actors/store/new_runs.h"

#include <algorithm>

#include "actors/store/next_frame.h"

namespace troupe::actors {
namespace {

constexpr std::size_t kRowsInPiece = 32;
constexpr std::size_t kRowBytes = 512;  ///< with its index entries

std::size_t pieces_of(std::size_t rows) { return (rows + kRowsInPiece - 1) / kRowsInPiece; }

}  // namespace

void append_creation(Services& services, run::State& state, const run::Decision& decision,
                     Submission& submission) {
  submission.batch.frames.push_back(
      next_frame(services, state, decision.records, services.next_pos()));
  submission.pos = state.chain.head();
  submission.bytes += submission.batch.frames.back().bytes.size();
  for (const run::PayloadBody& body : decision.payloads) {
    submission.batch.payloads.push_back(
        {state.bucket, state.project, body.hash, std::string(body.text.view())});
    submission.bytes += body.text.size();
  }
  submission.batch.runs.push_back(run::row_of(state));
  services.metrics.runs_started.add();
}

void submit_group(Services& services, const std::shared_ptr<Submission>& group,
                  const std::function<void(const Status&)>& done) {
  struct Landing {
    std::size_t left;
    bool refused = false;
  };
  const std::vector<store::RunRow> rows = std::exchange(group->batch.runs, {});
  const auto landing = std::make_shared<Landing>(Landing{1 + pieces_of(rows.size())});
  const auto landed = [landing, done] {
    if (--landing->left == 0 && !landing->refused) done(ok());
  };
  group->creates = true;
  group->done = [landing, landed, done](const Status& status) {
    landing->refused = !status;
    if (!status) done(status);
    landed();
  };
  services.submit(group);
  submit_rows(services, group->tenant, rows, landed);
}

void submit_rows(Services& services, const caf::strong_actor_ptr& tenant,
                 const std::vector<store::RunRow>& rows, const std::function<void()>& landed) {
  for (std::size_t begin = 0; begin < rows.size(); begin += kRowsInPiece) {
    const std::size_t end = std::min(rows.size(), begin + kRowsInPiece);
    auto piece = std::make_shared<Submission>();
    piece->tenant = tenant;
    piece->batch.runs.assign(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                             rows.begin() + static_cast<std::ptrdiff_t>(end));
    piece->bytes = (end - begin) * kRowBytes;
    // Where a damaged page refuses a row, its run is set aside when it writes that row itself.
    piece->done = [landed](const Status&) { landed(); };
    services.submit(std::move(piece));
  }
}

}  // namespace troupe::actors
