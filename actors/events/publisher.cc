#include "actors/events/publisher.h"

#include <utility>

#include "actors/node/services.h"
#include "actors/store/load_run.h"
#include "runtime/journal/frame.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::actors {
namespace {

constexpr std::size_t kWaitingMax = 1'000'000;  ///< frames: 24 MB
constexpr std::size_t kPageFrames = 256;
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
  text.member("source", "/troupe/" + names.workspace + "/" + names.project);
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
      lost_(services.ports.metrics.counter("events_unpublished_total")) {}

void Publisher::committed(const std::vector<store::Frame>& frames) {
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    for (const store::Frame& frame : frames) {
      if (waiting_.size() < kWaitingMax) waiting_.push_back({frame.entity, frame.pos});
      else lost_.add();
    }
    wakes = !awake_ && !waiting_.empty();
    awake_ = awake_ || wakes;
  }
  if (wakes) wake();
}

void Publisher::wake() {
  caf::anon_send(reader_, ReadJob{[this](store::Reader& reader) { drain(reader); }});
}

std::vector<Publisher::Address> Publisher::page() {
  const std::lock_guard lock(mutex_);
  const std::size_t size = std::min(waiting_.size(), kPageFrames);
  return {waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(size)};
}

void Publisher::drain(store::Reader& reader) {
  const std::vector<Address> next = page();
  if (!publish_page(reader, next)) {
    caf::delayed_anon_send(reader_, kTryAgain,
                           ReadJob{[this](store::Reader& again) { drain(again); }});
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(next.size()));
    awake_ = !waiting_.empty();
    if (!awake_) return emptied_.notify_all();
  }
  wake();
}

/// Not ok: nobody could be told for now; all of the page comes again.
Status Publisher::publish_page(store::Reader& reader, const std::vector<Address>& page) {
  Rows rows;
  for (const Address& address : page) {
    const Status published = publish_frame(reader, address, rows);
    if (published) continue;
    if (published.error().code == Code::kUnavailable) return published;
    given_up(address.run, published.error());
  }
  return sink_.flush(kFlushPatience);
}

void Publisher::given_up(RunId run, const Error& error) {
  services_.ports.log.error("an event of a run cannot be published",
                            {{"run_id", run.to_string()}, {"message", error.message}});
  lost_.add();
}

Status Publisher::publish_frame(store::Reader& reader, const Address& address, Rows& rows) {
  const auto frame = read_frame(reader, address.run, address.pos);
  if (!frame) return frame.error();
  const auto view = journal::decode_frame(frame->bytes);
  if (!view) return view.error();
  if (view->header.event_count == 0) return ok();
  const auto records = run::decode_all(view->records, view->header.record_count);
  if (!records) return records.error();
  auto row = rows.find(address.run);
  if (row == rows.end()) {
    auto found = row_of(reader, address.run, records->front());
    if (!found) return std::move(found).error();
    row = rows.emplace(address.run, std::move(*found)).first;
  }
  const auto names = services_.names.load(reader, row->second.workspace, row->second.project);
  if (!names) return names.error();
  const auto graph = graph_of_row(services_, reader, row->second);
  if (!graph) return graph.error();
  std::uint64_t seq = view->header.first_seq;
  std::vector<LiveEvent> events;
  const auto payloads = payload_source(reader, row->second.bucket, row->second.project);
  for (const run::Record& record : *records) {
    const Status expanded = run::expand(**graph, address.run, record, &seq, payloads, events);
    if (!expanded) return expanded;
  }
  for (const LiveEvent& event : events) {
    const Status told = sink_.publish(outside(*names, address.run, event));
    if (!told && told.error().code == Code::kUnavailable) return told;
    if (told) published_.add();
    else given_up(address.run, told.error());
  }
  return ok();
}

void Publisher::wait_empty(Duration patience) {
  std::unique_lock lock(mutex_);
  emptied_.wait_for(lock, std::chrono::microseconds(patience.us),
                    [this] { return waiting_.empty(); });
}

}  // namespace troupe::actors
