#include "actors/events/read_events.h"

#include "actors/store/load_run.h"
#include "runtime/journal/frame.h"
#include "runtime/json/write.h"

namespace troupe::actors {

Result<FeedPage> read_events(store::Reader& reader, const RunLook& seen, std::uint64_t after,
                             std::size_t limit) {
  FeedPage page;
  const auto payloads = payload_source(reader, seen.row.bucket, seen.row.project);
  std::uint64_t from = after;
  if (store::ended(seen.row.status) && after >= seen.seq) page.ended = true;
  while (from < seen.seq && page.events.size() < limit && !page.ended) {
    auto frames = journal::frames_after_seq(reader, seen.row.id, seen.head, from, 256);
    if (!frames) return std::move(frames).error();
    if (frames->empty()) break;
    for (const store::Frame& frame : *frames) {
      auto view = journal::decode_frame(frame.bytes);
      if (!view) return std::move(view).error();
      std::uint64_t seq = view->header.first_seq;
      std::string_view records = view->records;
      while (!records.empty()) {
        auto record = run::decode(&records);
        if (!record) return std::move(record).error();
        std::vector<LiveEvent> events;
        const Status expanded =
            run::expand(*seen.graph, seen.row.id, *record, &seq, payloads, events);
        if (!expanded) return expanded.error();
        for (LiveEvent& event : events) {
          if (event.seq <= after || page.events.size() >= limit) continue;
          page.events.push_back(std::move(event));
        }
        const bool shown = !page.events.empty() && page.events.back().seq + 1 == seq;
        if (run::terminal(*record) && shown) page.ended = true;
      }
      if (view->header.event_count > 0) {
        from = std::max(from, view->header.first_seq + view->header.event_count - 1);
      }
      if (page.events.size() >= limit) break;
    }
  }
  return page;
}

namespace {

/// Log lines of a run and of its groups, in order, from one number on.
class LogPage {
 public:
  LogPage(store::Reader& reader, const RunLook& seen, std::uint64_t after, std::size_t limit)
      : reader_(reader),
        graph_(*seen.graph),
        payloads_(payload_source(reader, seen.row.bucket, seen.row.project)),
        after_(after),
        limit_(limit) {}

  Status read(RunId run, store::Pos head, std::uint64_t before) {
    return journal::for_each_frame(
        reader_, run, head, 0,
        [&](const store::Frame&, const journal::FrameView& view) -> Status {
          std::string_view records = view.records;
          while (!records.empty() && lines.size() <= limit_) {
            auto record = run::decode(&records);
            if (!record) return std::move(record).error();
            if (Status taken = take(*record, before); !taken) return taken;
          }
          return ok();
        });
  }

  std::vector<std::pair<std::uint64_t, std::string>> lines;

 private:
  /// `before`: so many lines of other runs come before the first of this one.
  Status take(const run::Record& record, std::uint64_t before) {
    if (const auto* group = std::get_if<run::record::GroupFinished>(&record)) {
      if (group->first_log + group->log_lines <= after_ + 1) return ok();
      const auto row = reader_.run_unscoped(group->run);
      if (!row) return row.error();
      return *row ? read(group->run, (*row)->head, group->first_log - 1) : ok();
    }
    std::vector<std::pair<std::uint64_t, std::string>> found;
    if (Status read = run::log_lines(graph_, record, payloads_, before, found); !read) return read;
    for (auto& line : found) {
      if (line.first > after_) lines.push_back(std::move(line));
    }
    return ok();
  }

  store::Reader& reader_;
  const graph::Graph& graph_;
  const run::PayloadSource payloads_;
  const std::uint64_t after_;
  const std::size_t limit_;
};

}  // namespace

Result<json::Text> read_logs(store::Reader& reader, const RunLook& seen, std::uint64_t after,
                             std::size_t limit) {
  LogPage page(reader, seen, after, limit);
  if (Status read = page.read(seen.row.id, seen.head, 0); !read) return std::move(read).error();
  const auto& lines = page.lines;
  json::Writer out;
  out.begin_object().key("items").begin_array();
  std::uint64_t last = after;
  for (std::size_t i = 0; i < lines.size() && i < limit; ++i) {
    out.raw(lines[i].second);
    last = lines[i].first;
  }
  return out.end_array().member("next", last).end_object().take_text();
}

std::optional<Digest> parse_digest(std::string_view text) {
  Digest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    int value;
    if (c >= '0' && c <= '9') value = c - '0';
    else if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
    else return std::nullopt;
    digest[i / 2] = static_cast<std::uint8_t>(digest[i / 2] << 4 | value);
  }
  return digest;
}

}  // namespace troupe::actors
