#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <unordered_map>

#include "runtime/journal/frame.h"

namespace troupe::journal {
namespace {

constexpr std::size_t kHistoryPageBytes = 256 << 10;

struct Loaded {
  store::Frame frame;
  Header header;
};

Error missing_frame() { return {Code::kCorrupt, "A journal frame is missing from its chain.", {}}; }

Result<Loaded> parse(store::Frame frame) {
  Result<FrameView> view = decode_frame(frame.bytes);
  if (!view.ok()) return std::move(view).error();
  return Loaded{std::move(frame), view->header};
}

/// Reads frames of one entity by their address, each at most once, from the journal or, where they
/// have left it, from history. Lives as long as one call.
class FrameCache {
 public:
  FrameCache(store::Reader& reader, RunId entity) : reader_(reader), entity_(entity) {}

  store::Reader& reader() { return reader_; }
  RunId entity() const { return entity_; }

  /// Where to look first. Frames of one epoch leave the journal in order, so most of these
  /// questions are answered by the ones before.
  Result<bool> in_journal(store::Pos pos) {
    Known& known = known_[pos >> store::kEpochShift];
    if (pos >= known.there_from) return true;
    if (pos <= known.gone_to) return false;
    Result<bool> is = reader_.in_journal(pos);
    if (!is.ok()) return is;
    (*is ? known.there_from : known.gone_to) = pos;
    return is;
  }

  /// Valid until `forget`.
  Result<const Loaded*> load(store::Pos pos) {
    const auto known = loaded_.find(pos);
    if (known != loaded_.end()) return &known->second;
    Result<Loaded> loaded = read(pos);
    if (!loaded.ok()) return std::move(loaded).error();
    return &loaded_.emplace(pos, *std::move(loaded)).first->second;
  }
  void forget() { loaded_.clear(); }

 private:
  struct Known {
    store::Pos there_from = std::numeric_limits<store::Pos>::max();
    store::Pos gone_to = 0;
  };

  Result<Loaded> read(store::Pos pos) {
    const Result<bool> first = in_journal(pos);
    if (!first.ok()) return first.error();
    // It may have been moved since that was asked, or a reader may not have heard of its table.
    for (const bool journal : {*first, !*first}) {
      Result<std::optional<store::Frame>> frame =
          journal ? reader_.frame(pos) : read_history(pos);
      if (!frame.ok()) return std::move(frame).error();
      if (frame->has_value()) return parse(*std::move(*frame));
    }
    return missing_frame();
  }

  Result<std::optional<store::Frame>> read_history(store::Pos pos) {
    Result<std::vector<store::Frame>> moved = reader_.history(entity_, pos - 1, 1);
    if (!moved.ok()) return std::move(moved).error();
    if (moved->empty() || moved->front().pos != pos) return std::optional<store::Frame>();
    return std::optional<store::Frame>(std::move(moved->front()));
  }

  store::Reader& reader_;
  RunId entity_;
  std::unordered_map<std::uint64_t, Known> known_;  ///< by epoch
  std::unordered_map<store::Pos, Loaded> loaded_;
};

/// Goes back from a frame that is behind the wanted place to the first one, over the farthest
/// pointers, that `behind` no longer holds for; null if there is none. `behind` must hold for a
/// suffix of the chain.
template <class Behind>
Result<const Loaded*> walk_back(FrameCache& frames, const Loaded* from, const Behind& behind) {
  while (true) {
    const Loaded* next = nullptr;
    for (const store::Pos pos : {from->header.back.far4096, from->header.back.far64}) {
      if (pos == 0) continue;
      const Result<const Loaded*> far = frames.load(pos);
      if (!far.ok()) return far.error();
      if (behind((*far)->header)) {
        next = *far;
        break;
      }
    }
    if (next == nullptr) {
      if (from->header.back.one == 0) return nullptr;
      const Result<const Loaded*> previous = frames.load(from->header.back.one);
      if (!previous.ok()) return previous.error();
      if (!behind((*previous)->header)) return *previous;
      next = *previous;
    }
    if (next->header.number >= from->header.number) return missing_frame();
    from = next;
  }
}

/// Frames numbered [first, last], whose last or a later one is `from`, oldest first.
Result<std::vector<store::Frame>> collect(FrameCache& frames,
                                          const Loaded* from,
                                          std::uint64_t first,
                                          std::uint64_t last) {
  if (from->header.number > last) {
    const Result<const Loaded*> end =
        walk_back(frames, from, [&](const Header& header) { return header.number > last; });
    if (!end.ok()) return end.error();
    if (*end == nullptr) return missing_frame();
    from = *end;
  }
  std::vector<store::Frame> found;
  while (true) {
    if (from->header.event_count > 0) found.push_back(from->frame);
    if (from->header.number <= first) break;
    const Result<const Loaded*> previous = frames.load(from->header.back.one);
    if (!previous.ok()) return previous.error();
    if ((*previous)->header.number + 1 != from->header.number) return missing_frame();
    from = *previous;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

/// Frames from `from` on, as far as history goes without a gap: where an entity's owner changed,
/// older frames may still be in the journal of one node when newer ones have left that of another.
/// `*next` is the number of `from` and becomes that of the first frame that was not seen.
Result<std::vector<store::Frame>> collect_history(store::Reader& reader,
                                                  RunId entity,
                                                  store::Pos from,
                                                  std::size_t frames_max,
                                                  std::uint64_t* next) {
  std::vector<store::Frame> found;
  store::Pos after = from - 1;
  while (found.size() < frames_max) {
    Result<std::vector<store::Frame>> page = reader.history(entity, after, kHistoryPageBytes);
    if (!page.ok()) return std::move(page).error();
    if (page->empty()) break;
    for (store::Frame& frame : *page) {
      if (found.size() == frames_max) break;
      after = frame.pos;
      const Result<FrameView> view = decode_frame(frame.bytes);
      if (!view.ok()) return view.error();
      if (view->header.number != *next) return found;
      ++*next;
      if (view->header.event_count > 0) found.push_back(std::move(frame));
    }
  }
  return found;
}

/// The frame that holds event `seq`, or null.
Result<const Loaded*> find_seq(FrameCache& frames, const Loaded* head, std::uint64_t seq) {
  const Header& newest = head->header;
  if (newest.first_seq + newest.event_count <= seq) return nullptr;
  if (newest.first_seq <= seq) return head;
  return walk_back(frames, head, [&](const Header& header) { return header.first_seq > seq; });
}

/// Frames of the journal from `end`, which is one, back to before `stop`, as far as they are behind
/// `after`; newest first. `*before` is the frame that follows the last of them.
Result<std::vector<store::Pos>> stretch(
    FrameCache& frames, store::Pos end, store::Pos after, store::Pos stop, store::Pos* before) {
  std::vector<store::Pos> found;
  store::Pos pos = end;
  while (pos > after && pos != stop) {
    const Result<bool> is = frames.in_journal(pos);
    if (!is.ok()) return is.error();
    if (!*is) break;
    const Result<const Loaded*> loaded = frames.load(pos);
    if (!loaded.ok()) return loaded.error();
    found.push_back(pos);
    pos = (*loaded)->header.back.one;
    if (pos >= found.back()) return missing_frame();
  }
  *before = pos;
  return found;
}

/// Ends of stretches from `head` back: the head, then every frame whose number is a multiple of 64.
Result<std::vector<store::Pos>> stretch_ends(FrameCache& frames,
                                             store::Pos head,
                                             store::Pos after) {
  std::vector<store::Pos> ends = {head};
  store::Pos pos = head;
  for (bool to_multiple = true; pos > after;) {
    const Result<bool> is = frames.in_journal(pos);
    if (!is.ok()) return is.error();
    if (!*is) break;
    const Result<const Loaded*> loaded = frames.load(pos);
    if (!loaded.ok()) return loaded.error();
    const Header& header = (*loaded)->header;
    to_multiple = to_multiple && header.number % 64 != 0;
    const store::Pos next = to_multiple ? header.back.one : header.back.far64;
    if (!to_multiple && pos != head) ends.push_back(pos);
    if (next >= pos) return missing_frame();
    pos = next;
    if (!to_multiple) frames.forget();
  }
  return ends;
}

using Visit = std::function<Status(const store::Frame&, const FrameView&)>;

Status visit_range(FrameCache& frames, store::Pos head, store::Pos after, const Visit& visit);

/// Frames with after < pos <= last, the last of which is in history.
Status visit_history(FrameCache& frames, store::Pos last, store::Pos after, const Visit& visit) {
  while (after < last) {
    Result<std::vector<store::Frame>> page =
        frames.reader().history(frames.entity(), after, kHistoryPageBytes);
    if (!page.ok()) return std::move(page).error();
    if (page->empty() || page->front().pos > last) return missing_frame();
    for (const store::Frame& frame : *page) {
      if (frame.pos > last) break;
      const Result<FrameView> view = decode_frame(frame.bytes);
      if (!view.ok()) return view.error();
      // A gap: what an earlier owner wrote may leave its journal later than what came after it.
      const store::Pos previous = view->header.back.one;
      if (previous >= frame.pos) return missing_frame();
      if (previous > after) {
        if (Status status = visit_range(frames, previous, after, visit); !status.ok()) {
          return status;
        }
      }
      if (Status status = visit(frame, *view); !status.ok()) return status;
      after = frame.pos;
    }
  }
  return ok();
}

/// Frames with after < pos <= head, oldest first. Pointers lead back, a fold goes forward: only the
/// ends of stretches are kept on the way back, so that memory stays small however long the chain.
Status visit_range(FrameCache& frames, store::Pos head, store::Pos after, const Visit& visit) {
  const Result<bool> is = frames.in_journal(head);
  if (!is.ok()) return is.error();
  if (!*is) return visit_history(frames, head, after, visit);
  const Result<std::vector<store::Pos>> ends = stretch_ends(frames, head, after);
  if (!ends.ok()) return ends.error();
  for (std::size_t i = ends->size(); i-- > 0;) {
    frames.forget();
    const store::Pos stop = i + 1 < ends->size() ? (*ends)[i + 1] : 0;
    const store::Pos behind = std::max(after, stop);
    store::Pos before = 0;
    const Result<std::vector<store::Pos>> members =
        stretch(frames, (*ends)[i], after, stop, &before);
    if (!members.ok()) return members.error();
    if (before > behind) {
      if (Status status = visit_range(frames, before, behind, visit); !status.ok()) return status;
    }
    for (std::size_t k = members->size(); k-- > 0;) {
      const Result<const Loaded*> loaded = frames.load((*members)[k]);
      if (!loaded.ok()) return loaded.error();
      const Result<FrameView> view = decode_frame((*loaded)->frame.bytes);
      if (!view.ok()) return view.error();
      if (Status status = visit((*loaded)->frame, *view); !status.ok()) return status;
    }
  }
  return ok();
}

}  // namespace

Result<std::vector<store::Frame>> frames_after_seq(store::Reader& reader,
                                                   RunId entity,
                                                   store::Pos head,
                                                   std::uint64_t after,
                                                   std::size_t frames_max) {
  if (head == 0 || frames_max == 0) return std::vector<store::Frame>{};
  FrameCache frames(reader, entity);
  const Result<const Loaded*> newest = frames.load(head);
  if (!newest.ok()) return newest.error();
  const Result<const Loaded*> first = find_seq(frames, *newest, after + 1);
  if (!first.ok()) return first.error();
  if (*first == nullptr) return std::vector<store::Frame>{};

  std::vector<store::Frame> found;
  std::uint64_t from = (*first)->header.number;
  const Result<bool> first_in_journal = frames.in_journal((*first)->frame.pos);
  if (!first_in_journal.ok()) return first_in_journal.error();
  if (!*first_in_journal) {
    Result<std::vector<store::Frame>> moved =
        collect_history(reader, entity, (*first)->frame.pos, frames_max, &from);
    if (!moved.ok()) return moved;
    found = *std::move(moved);
  }
  const std::uint64_t wanted = frames_max - found.size();
  if (wanted == 0 || from > (*newest)->header.number) return found;
  const std::uint64_t last = std::min((*newest)->header.number, from + wanted - 1);
  Result<std::vector<store::Frame>> rest = collect(frames, *newest, from, last);
  if (!rest.ok()) return rest;
  std::move(rest->begin(), rest->end(), std::back_inserter(found));
  return found;
}

Status for_each_frame(
    store::Reader& reader, RunId entity, store::Pos head, store::Pos after, const Visit& visit) {
  if (head <= after) return ok();
  FrameCache frames(reader, entity);
  return visit_range(frames, head, after, visit);
}

}  // namespace troupe::journal
