#include "actors/events/publisher.h"

#include <algorithm>
#include <future>
#include <utility>

#include "actors/node/services.h"
#include "actors/store/load_run.h"
#include "runtime/journal/frame.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::actors {
namespace {

constexpr std::size_t kPageFrames = 256;
constexpr std::size_t kPieceBytes = 256 << 10;
/// What the mark is behind by, and so what comes again after a crash.
constexpr std::chrono::milliseconds kSaveAfter{1000};
/// A gone node's journal is kept so long for somebody to be told.
constexpr Duration kGoneKept = seconds(3600);
constexpr store::Pos kEnd = ~store::Pos{0} >> 1;
/// Rows of a group land behind its frames, after a crash with the recovery of its runs.
constexpr int kRowTries = 120;
constexpr Duration kFlushPatience = seconds(2);
constexpr std::chrono::milliseconds kTryAgain{500};

/// Wherever it lies by now.
Result<store::Frame> read_frame(store::Reader& reader, RunId run, store::Pos pos) {
  auto frame = reader.frame(pos);
  if (!frame) return std::move(frame).error();
  if (*frame) return std::move(**frame);
  auto moved = reader.history(run, pos - 1, 1);
  if (!moved) return std::move(moved).error();
  if (!moved->empty() && moved->front().pos == pos) return std::move(moved->front());
  return Error{Code::kNotFound, "a frame is gone", {}};
}

/// Whose run it is. The rows of a group land behind its frames, so the first record is asked first.
Result<store::RunRow> row_of(store::Reader& reader, RunId run, const run::Record& first) {
  if (const auto* const created = std::get_if<run::record::RunCreated>(&first)) {
    store::RunRow row;
    row.id = run;
    row.workspace = created->workspace;
    row.project = created->project;
    row.workflow = created->workflow;
    row.version = created->version;
    row.bucket = created->bucket;
    row.part = created->group.set();
    return row;
  }
  auto row = reader.run_unscoped(run);
  if (!row) return std::move(row).error();
  if (!*row) return Error{Code::kNotFound, "a run has no row", {}};
  return std::move(**row);
}

RunEvent outside(const ScopeNames::Names& names, RunId run, const LiveEvent& event) {
  const auto field = [&event](std::string_view name) {
    return json::decode_string(json::member(event.json, name).value_or("\"\""));
  };
  RunEvent out{names.workspace, names.project, run, event.seq, field("event_type"), {}};
  json::Writer text;
  text.begin_object().member("specversion", "1.0");
  text.member("id", run.to_string() + "/" + std::to_string(event.seq));
  const std::string project = names.project.empty() ? "" : "/" + names.project;
  text.member("source", "/troupe/" + names.workspace + project);
  text.member("type", "troupe." + out.type).member("subject", run.to_string());
  text.member("time", field("at")).member("datacontenttype", "application/json");
  text.member_raw("data", event.json).end_object();
  out.cloud_event = text.take();
  return out;
}

}  // namespace

Publisher::Publisher(Services& services, EventSink& sink, ReaderActor reader)
    : services_(services),
      sink_(sink),
      reader_(std::move(reader)),
      published_(services.ports.metrics.counter("events_published_total")),
      lost_(services.ports.metrics.counter("events_unpublished_total")),
      gaps_(services.ports.metrics.counter("events_gaps_total")) {}

Status Publisher::begin(store::Writer& writer, store::Pos from) {
  const store::Pos mark = writer.publish_mark();
  if (mark == 0) {
    last_ = from;
    return writer.set_publish_mark(from);
  }
  const std::lock_guard lock(mutex_);
  last_ = std::max(from, mark);
  stretches_.push_front({0, mark, last_, services_.now()});
  awake_ = true;
  wake();
  return ok();
}

// ---- what there is to publish -------------------------------------------------------------------

void Publisher::committed(const std::vector<store::Frame>& frames) {
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    for (const store::Frame& frame : frames) {
      last_ = std::max(last_, frame.pos);
      waiting_.push_back({frame.entity, frame.pos});
      if (waiting_.size() <= services_.options.publish_waiting_max) continue;
      // They are in the journal as well, and are read from there once somebody can be told.
      const Stretch all{0, mark(), last_, services_.now()};
      if (Stretch* const own = own_stretch()) *own = all;
      else stretches_.push_front(all);
      waiting_.clear();
      ++shift_;
    }
    wakes = !awake_ && !is_empty();
    awake_ = awake_ || wakes;
  }
  if (wakes) wake();
}

void Publisher::look_for_gone() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(looks_, true)) return;
  }
  services_.write([this](store::Writer& writer) {
    const auto left = writer.claim_unpublished();
    bool wakes = false;
    {
      const std::lock_guard lock(mutex_);
      looks_ = false;
      if (left) {
        for (const store::Unpublished& journal : *left) {
          const bool known = std::any_of(
              stretches_.begin(), stretches_.end(),
              [&journal](const Stretch& other) { return other.node == journal.node; });
          if (!known) stretches_.push_back({journal.node, journal.mark, kEnd, services_.now()});
        }
      }
      wakes = !awake_ && !is_empty();
      awake_ = awake_ || wakes;
    }
    if (wakes) wake();
    if (left || !info(left.error().code).transient) return;
    caf::delayed_anon_send(reader_, kTryAgain,
                           ReadJob{[this](store::Reader&) { look_for_gone(); }});
  });
}

Publisher::Stretch* Publisher::own_stretch() {
  return !stretches_.empty() && stretches_.front().node == 0 ? &stretches_.front() : nullptr;
}

/// Frames before it have been published.
store::Pos Publisher::mark() {
  if (services_.options.bugs.mark_unpublished) return last_ + 1;
  const Stretch* const own = own_stretch();
  store::Pos mark = own != nullptr ? own->from : last_ + 1;
  for (const Address& address : waiting_) mark = std::min(mark, address.pos);
  return mark;
}

// ---- publishing, on the reader's thread ---------------------------------------------------------

void Publisher::wake() {
  caf::anon_send(reader_, ReadJob{[this](store::Reader& reader) { drain(reader); }});
}

void Publisher::drain(store::Reader& reader) {
  const bool told = drain_stretch(reader) && drain_page(reader);
  if (told) save_later();
  {
    const std::lock_guard lock(mutex_);
    awake_ = !is_empty();
    if (!awake_) return emptied_.notify_all();
  }
  if (told) return wake();
  caf::delayed_anon_send(reader_, kTryAgain,
                         ReadJob{[this](store::Reader& again) { drain(again); }});
}

/// False: nobody could be told for now; the same comes again.
bool Publisher::drain_stretch(store::Reader& reader) {
  Stretch next;
  std::uint64_t shift = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stretches_.empty()) return true;
    next = stretches_.front();
    shift = shift_;
  }
  auto frames = reader.journal_of(next.node, next.from, kPieceBytes);
  if (!frames) {
    if (info(frames.error().code).transient) return false;
    end_stretch(next, &frames.error());
    return true;
  }
  std::erase_if(*frames, [&next](const store::Frame& frame) { return frame.pos > next.last; });
  if (frames->empty()) {
    end_stretch(next, nullptr);
    return true;
  }
  if (const Status told = publish_all(reader, *frames); !told) {
    const bool too_long = next.node != 0 && services_.now() - next.since > kGoneKept;
    if (too_long) end_stretch(next, &told.error());
    return false;
  }
  const std::lock_guard lock(mutex_);
  if (shift == shift_) stretches_.front().from = frames->back().pos + 1;
  return true;
}

/// `why`: not all of it was published.
void Publisher::end_stretch(const Stretch& stretch, const Error* why) {
  {
    const std::lock_guard lock(mutex_);
    if (stretches_.empty() || stretches_.front().node != stretch.node ||
        stretches_.front().last != stretch.last) {
      return;  // there is more of it by now
    }
    stretches_.pop_front();
  }
  if (why != nullptr) {
    gaps_.add();
    services_.ports.log.error("events of runs stay unpublished",
                              {{"node", stretch.node}, {"from", stretch.from},
                               {"message", why->message}});
  }
  if (stretch.node == 0) return;
  services_.write([this, node = stretch.node](store::Writer& writer) {
    const Status done = writer.set_publish_mark_of(node, 0);
    if (!done && info(done.error().code).transient) look_for_gone();
  });
}

/// The same of a page of what has been committed since. What an earlier life has left goes first.
bool Publisher::drain_page(store::Reader& reader) {
  std::vector<Address> page;
  std::uint64_t shift = 0;
  {
    const std::lock_guard lock(mutex_);
    if (own_stretch() != nullptr || waiting_.empty()) return true;
    const auto size = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kPageFrames));
    page.assign(waiting_.begin(), waiting_.begin() + size);
    shift = shift_;
  }
  std::vector<store::Frame> frames;
  for (const Address& address : page) {
    auto frame = read_frame(reader, address.run, address.pos);
    if (frame) frames.push_back(std::move(*frame));
    else if (info(frame.error().code).transient) return false;
    else given_up(address.run, frame.error());
  }
  if (!publish_all(reader, frames)) return false;
  const std::lock_guard lock(mutex_);
  if (shift == shift_) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(page.size()));
  }
  return true;
}

/// Not ok: nobody could be told for now; all of it comes again.
Status Publisher::publish_all(store::Reader& reader, const std::vector<store::Frame>& frames) {
  Rows rows;
  for (const store::Frame& frame : frames) {
    const Status published = publish_frame(reader, frame, rows);
    if (published) continue;
    if (info(published.error().code).transient) return published;
    given_up(frame.entity, published.error());
  }
  return sink_.flush(kFlushPatience);
}

void Publisher::given_up(RunId run, const Error& error) {
  services_.ports.log.error("an event of a run cannot be published",
                            {{"run_id", run.to_string()}, {"message", error.message}});
  lost_.add();
}

Status Publisher::publish_frame(store::Reader& reader, const store::Frame& frame, Rows& rows) {
  const auto view = journal::decode_frame(frame.bytes);
  if (!view) return view.error();
  if (view->header.event_count == 0) return ok();
  const auto records = run::decode_all(view->records, view->header.record_count);
  if (!records) return records.error();
  auto row = rows.find(frame.entity);
  if (row == rows.end()) {
    auto found = row_of(reader, frame.entity, records->front());
    if (!found) {
      const bool may_come = found.error().code == Code::kNotFound && ++rows_missed_ < kRowTries;
      if (may_come) return Error{Code::kUnavailable, found.error().message, {}};
      rows_missed_ = 0;
      return std::move(found).error();
    }
    rows_missed_ = 0;
    row = rows.emplace(frame.entity, std::move(*found)).first;
  }
  if (row->second.part) return ok();  // what happens to a part of a run is not an event of it
  const auto names = services_.names.load(reader, row->second.workspace, row->second.project);
  if (!names) return names.error();
  const auto graph = graph_of_row(services_, reader, row->second);
  if (!graph) return graph.error();
  std::uint64_t seq = view->header.first_seq;
  std::vector<LiveEvent> events;
  const auto payloads = payload_source(reader, row->second.bucket, row->second.project);
  for (const run::Record& record : *records) {
    const Status expanded = run::expand(**graph, frame.entity, record, &seq, payloads, events);
    if (!expanded) return expanded;
  }
  for (const LiveEvent& event : events) {
    if (Status told = send(outside(*names, frame.entity, event)); !told) return told;
  }
  return ok();
}

Status Publisher::send(const RunEvent& event) {
  const Status told = sink_.publish(event);
  if (!told && told.error().code == Code::kUnavailable) return told;
  if (told) published_.add();
  else given_up(event.run, told.error());
  return ok();
}

// ---- the mark in the store ----------------------------------------------------------------------

void Publisher::save_later() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(saves_, true)) return;
  }
  caf::delayed_anon_send(reader_, kSaveAfter, ReadJob{[this](store::Reader&) {
                           services_.write([this](store::Writer& writer) { save(writer); });
                         }});
}

/// On the committer's thread, which has told of all that is committed: nothing before the mark can
/// have come in between. A mark that cannot be written stays, and what is behind it may come again.
void Publisher::save(store::Writer& writer) {
  store::Pos own = 0;
  std::vector<Stretch> others;
  {
    const std::lock_guard lock(mutex_);
    saves_ = false;
    own = mark();
    for (const Stretch& stretch : stretches_) {
      if (stretch.node != 0) others.push_back(stretch);
    }
  }
  Status saved = own == writer.publish_mark() ? ok() : writer.set_publish_mark(own);
  for (const Stretch& other : others) {
    if (saved) saved = writer.set_publish_mark_of(other.node, other.from);
  }
  if (saved) return;
  if (saved.error().code == Code::kOutcomeUnknown && !writer.can_resolve()) {
    // As with a commit: what the disk has now, only a new process can know.
    services_.ports.log.error("the outcome of a commit is unknown; ending", {});
    return services_.ports.end_process();
  }
  services_.ports.log.warning("how far events are published was not noted",
                              {{"message", saved.error().message}});
}

void Publisher::bound(store::Writer& writer, const std::vector<store::Pos>& tables) {
  const std::size_t most = services_.options.publish_tables_max;
  if (tables.size() <= most) return;
  const store::Pos before = tables[tables.size() - most];
  const store::Pos from = writer.publish_mark();
  if (from >= before) return;
  {
    const std::lock_guard lock(mutex_);
    if (mark() < before) {
      std::erase_if(waiting_, [before](const Address& address) { return address.pos < before; });
      if (Stretch* const own = own_stretch()) own->from = std::max(own->from, before);
      ++shift_;
      gaps_.add();
      services_.ports.log.error("events of runs stay unpublished: too much of the journal waits",
                                {{"from", from}, {"before", before}});
    }
  }
  save(writer);
}

void Publisher::wait_empty(Duration patience) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(patience.us);
  {
    std::unique_lock lock(mutex_);
    emptied_.wait_until(lock, until, [this] { return is_empty(); });
  }
  auto saved = std::make_shared<std::promise<void>>();
  auto done = saved->get_future();
  services_.write([this, saved](store::Writer& writer) {
    save(writer);
    saved->set_value();
  });
  done.wait_until(until);
}

// ---- without anybody to publish for -------------------------------------------------------------

namespace {

void tell_of_gap(Services& services, store::NodeNumber node, store::Pos from) {
  services.ports.metrics.counter("events_gaps_total").add();
  services.ports.log.error(
      "events of runs stay unpublished: this node is configured to publish none",
      {{"node", node}, {"from", from}});
}

}  // namespace

Status stop_publishing(Services& services, store::Writer& writer, store::Reader& reader) {
  const store::Pos mark = writer.publish_mark();
  if (mark == 0) return ok();
  const auto left = reader.journal_of(0, mark, 1);
  if (!left) return left.error();
  if (!left->empty()) tell_of_gap(services, 0, mark);
  return writer.set_publish_mark(0);
}

void let_go_of_gone(Services& services) {
  services.write([&services](store::Writer& writer) {
    const auto claimed = writer.claim_unpublished();
    if (!claimed || claimed->empty()) return;  // looked for again when the next node goes
    services.read([&services, claimed = *claimed](store::Reader& reader) {
      for (const store::Unpublished& journal : claimed) {
        const auto left = reader.journal_of(journal.node, journal.mark, 1);
        if (!left) continue;
        if (!left->empty()) tell_of_gap(services, journal.node, journal.mark);
        services.write([node = journal.node](store::Writer& again) {
          // A failure leaves it claimed, and to the next look.
          static_cast<void>(again.set_publish_mark_of(node, 0).ok());
        });
      }
    });
  });
}

}  // namespace troupe::actors
