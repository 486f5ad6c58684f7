#include "runtime/journal/row_codec.h"

#include <array>

#include "runtime/base/bytes.h"

namespace troupe::store {

namespace {

constexpr std::size_t kCheckSize = 8;
constexpr std::uint8_t kFormat = 1;

std::array<std::int64_t, 6> parts_of(const Usage& usage) {
  return {usage.input, usage.cache_read, usage.cache_write, usage.output, usage.reasoning,
          usage.cost_picousd};
}

/// Writes fields in turn. The same `fields` function below serves Out and In, so that the two can
/// never disagree about the order.
struct Out {
  ByteWriter writer;
  void operator()(const Uuid& id) { writer.uuid(id); }
  void operator()(const TimePoint& time) { writer.time(time); }
  void operator()(const std::string& text) { writer.text(text); }
  void operator()(const bool& value) { writer.byte(value ? 1 : 0); }
  void operator()(const std::int32_t& value) { writer.zigzag(value); }
  void operator()(const std::uint32_t& value) { writer.varint(value); }
  void operator()(const std::uint64_t& value) { writer.varint(value); }
  void operator()(const RunStatus& value) { writer.byte(static_cast<std::uint8_t>(value)); }
  void operator()(const PauseReason& value) { writer.byte(static_cast<std::uint8_t>(value)); }
  void operator()(const Digest& value) {
    writer.raw({reinterpret_cast<const char*>(value.data()), value.size()});
  }
  void operator()(const DocumentKind& value) { writer.byte(static_cast<std::uint8_t>(value)); }
  void operator()(const Usage& value) {
    for (const std::int64_t part : parts_of(value)) writer.zigzag(part);
  }
  template <class Field>
  void later(const Field& field) {
    (*this)(field);
  }
};

struct In {
  ByteReader reader;
  void operator()(Uuid& id) { id = reader.uuid(); }
  template <class Tag>
  void operator()(Id<Tag>& id) { id = Id<Tag>(reader.uuid()); }
  void operator()(TimePoint& time) { time = reader.time(); }
  void operator()(std::string& text) { text = std::string(reader.text()); }
  void operator()(bool& value) { value = reader.byte() != 0; }
  void operator()(std::int32_t& value) { value = static_cast<std::int32_t>(reader.zigzag()); }
  void operator()(std::uint32_t& value) { value = static_cast<std::uint32_t>(reader.varint()); }
  void operator()(std::uint64_t& value) { value = reader.varint(); }
  void operator()(RunStatus& value) { value = static_cast<RunStatus>(reader.byte()); }
  void operator()(PauseReason& value) { value = static_cast<PauseReason>(reader.byte()); }
  void operator()(Digest& value) {
    for (std::uint8_t& byte : value) byte = reader.byte();
  }
  void operator()(DocumentKind& value) { value = static_cast<DocumentKind>(reader.byte()); }
  void operator()(Usage& value) {
    for (std::int64_t* part : {&value.input, &value.cache_read, &value.cache_write, &value.output,
                               &value.reasoning, &value.cost_picousd}) {
      *part = reader.zigzag();
    }
  }
  /// A field that older rows end before.
  template <class Field>
  void later(Field& field) {
    if (!reader.at_end()) (*this)(field);
  }
};

template <class Io, class... Fields>
void each(Io& io, Fields&... fields) {
  (io(fields), ...);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, RunRow>
void fields(Io& io, Row& r) {
  each(io, r.id, r.workspace, r.project, r.workflow, r.version, r.status, r.pause_reason,
       r.trigger_type, r.external_id, r.created, r.started, r.finished, r.steps_total,
       r.steps_done, r.error, r.output, r.retried_from, r.parent, r.request, r.head, r.bucket,
       r.part);
  io.later(r.usage);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, Snapshot>
void fields(Io& io, Row& r) {
  each(io, r.entity, r.workspace, r.pos, r.wake_at, r.runnable, r.bytes);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, TaskRow>
void fields(Io& io, Row& r) {
  each(io, r.id, r.run, r.workspace, r.project, r.workflow, r.step_id, r.task_type, r.payload,
       r.form, r.created, r.expires, r.pending, r.decision);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, WaiterRow>
void fields(Io& io, Row& r) {
  each(io, r.run, r.step_id, r.workspace, r.project, r.event, r.key, r.waiting);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, Workspace>
void fields(Io& io, Row& r) {
  each(io, r.id, r.slug, r.name, r.product_code, r.created);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, Project>
void fields(Io& io, Row& r) {
  each(io, r.id, r.workspace, r.slug, r.name, r.is_private, r.created);
  io.later(r.archived);
  io.later(r.retention_days);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, Document>
void fields(Io& io, Row& r) {
  each(io, r.kind, r.id, r.workspace, r.project, r.key, r.owner, r.etag, r.created, r.updated,
       r.expires, r.body);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, AuditRow>
void fields(Io& io, Row& r) {
  each(io, r.workspace, r.project, r.entry.head.n, r.entry.head.hash, r.entry.json);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, Workflow>
void fields(Io& io, Row& r) {
  each(io, r.id, r.workspace, r.project, r.name, r.description, r.graph, r.run_setup, r.etag,
       r.latest_version, r.archived, r.created, r.updated);
}

template <class Io, class Row>
  requires std::is_same_v<std::remove_const_t<Row>, Version>
void fields(Io& io, Row& r) {
  each(io, r.workflow, r.version, r.graph, r.run_setup, r.changelog, r.published);
}

std::string_view check_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), kCheckSize};
}

template <class Row>
std::string seal(const Hasher& hasher, const Row& row) {
  Out out;
  out.writer.byte(kFormat);
  fields(out, row);
  std::string body = out.writer.take();
  body.append(check_of(hasher.hash(body)));
  return body;
}

}  // namespace

Error corrupt(std::string_view what) {
  return {Code::kCorrupt, "Stored bytes are damaged: " + std::string(what) + ".", {}};
}

std::string encode(const Hasher& hasher, const RunRow& row) { return seal(hasher, row); }
std::string encode(const Hasher& hasher, const Snapshot& row) { return seal(hasher, row); }
std::string encode(const Hasher& hasher, const TaskRow& row) { return seal(hasher, row); }
std::string encode(const Hasher& hasher, const WaiterRow& row) { return seal(hasher, row); }
std::string encode(const Hasher& hasher, const Workspace& row) { return seal(hasher, row); }
std::string encode(const Hasher& hasher, const Project& row) { return seal(hasher, row); }
std::string encode(const Hasher& hasher, const Workflow& row) { return seal(hasher, row); }
std::string encode(const Hasher& hasher, const Version& row) { return seal(hasher, row); }
std::string encode(const Hasher& hasher, const Document& row) { return seal(hasher, row); }
std::string encode(const Hasher& hasher, const AuditRow& row) { return seal(hasher, row); }

template <class Row>
Result<Row> decode(const Hasher& hasher, std::string_view body) {
  if (body.size() <= kCheckSize) return corrupt("a row is too short");
  const std::string_view content = body.substr(0, body.size() - kCheckSize);
  if (check_of(hasher.hash(content)) != body.substr(content.size())) {
    return corrupt("a row does not have its checksum");
  }
  In in{ByteReader(content)};
  if (in.reader.byte() != kFormat) return corrupt("a row has an unknown format");
  Row row;
  fields(in, row);
  if (in.reader.failed() || !in.reader.at_end()) return corrupt("a row does not decode");
  return row;
}

template Result<RunRow> decode(const Hasher&, std::string_view);
template Result<Snapshot> decode(const Hasher&, std::string_view);
template Result<TaskRow> decode(const Hasher&, std::string_view);
template Result<WaiterRow> decode(const Hasher&, std::string_view);
template Result<Workspace> decode(const Hasher&, std::string_view);
template Result<Project> decode(const Hasher&, std::string_view);
template Result<Workflow> decode(const Hasher&, std::string_view);
template Result<Version> decode(const Hasher&, std::string_view);
template Result<Document> decode(const Hasher&, std::string_view);
template Result<AuditRow> decode(const Hasher&, std::string_view);

}  // namespace troupe::store
