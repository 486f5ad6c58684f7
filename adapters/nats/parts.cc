#include "adapters/nats/parts.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "adapters/nats/inbox.h"

namespace troupe::nats {
namespace {

/// Room for our headers in what the server takes.
constexpr std::size_t kHeaderBytes = 512;
/// The smallest part that a sender cuts, so the most parts that an honest transfer has.
constexpr std::size_t kPartBytesMin = 1024;

/// Takes a decimal number, which ends with the text or, if more follows, with one space.
template <class Number>
bool take_number(std::string_view& text, Number& number, bool is_last) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  if (is_last) return text.empty();
  if (text.substr(0, 1) != " ") return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string render(const Part& part) {
  return hex_of(part.transfer) + " " + std::to_string(part.index) + " " +
         std::to_string(part.count) + " " + std::to_string(part.bytes);
}

std::optional<Part> parse_part(std::string_view header) {
  Part part;
  if (header.size() < 17 || header[16] != ' ') return std::nullopt;
  const auto transfer = parse_hex(header.substr(0, 16));
  std::string_view rest = header.substr(17);
  if (!transfer || !take_number(rest, part.index, false) ||
      !take_number(rest, part.count, false) || !take_number(rest, part.bytes, true)) {
    return std::nullopt;
  }
  part.transfer = *transfer;
  const bool fits = part.index < part.count && part.bytes <= kBodyBytesMax &&
                    part.count <= kBodyBytesMax / kPartBytesMin;
  return fits ? std::optional(part) : std::nullopt;
}

Status publish_whole(Connection& connection, const std::string& subject, const std::string& reply,
                     std::string_view body) {
  const std::size_t room = std::max(connection.payload_max() - kHeaderBytes, kPartBytesMin);
  if (body.size() <= room) return connection.publish({subject, reply, body, {}});
  if (body.size() > kBodyBytesMax) {
    return Error{Code::kPayloadTooLarge, "The message is larger than 64 MiB.", {}};
  }
  Part part{connection.services().entropy.next(), 0,
            static_cast<std::uint32_t>((body.size() + room - 1) / room), body.size()};
  for (; part.index < part.count; ++part.index) {
    const std::string_view bytes = body.substr(part.index * room, room);
    const Status status =
        connection.publish({subject, reply, bytes, {{kPartHeader, render(part)}}});
    if (!status.ok()) return status;
  }
  return ok();
}

std::optional<std::string> Assembly::add(const Message& message) {
  const auto header = message.header(kPartHeader);
  if (!header) return std::string(message.body());
  const std::optional<Part> part = parse_part(*header);
  const std::int64_t now_us = monotonic_us();
  const std::lock_guard lock(mutex_);
  if (!part || (part->index == 0 && !begin(*part, now_us))) {
    ++given_up_;
    return std::nullopt;
  }
  const auto at = transfers_.find(part->transfer);
  if (at == transfers_.end()) return std::nullopt;  // given up before
  Transfer& transfer = at->second;
  const bool is_next = part->index == 0 || (part->index == transfer.last.index + 1 &&
                                            part->count == transfer.last.count &&
                                            part->bytes == transfer.last.bytes);
  const std::string_view bytes = message.body();
  if (!is_next || now_us > transfer.ends_us ||
      bytes.size() > part->bytes - transfer.body.size()) {
    give_up(part->transfer);
    return std::nullopt;
  }
  transfer.last = *part;
  transfer.body.append(bytes);
  if (part->index + 1 < part->count) return std::nullopt;
  if (transfer.body.size() != part->bytes) {
    give_up(part->transfer);
    return std::nullopt;
  }
  std::string whole = std::move(transfer.body);
  bytes_ -= part->bytes;
  transfers_.erase(at);
  return whole;
}

bool Assembly::begin(const Part& part, std::int64_t now_us) {
  if (bytes_ + part.bytes > limits_.bytes_max) return false;
  const auto [at, is_new] = transfers_.try_emplace(part.transfer);
  if (!is_new) return false;
  at->second.last = part;
  at->second.body.reserve(part.bytes);
  at->second.ends_us = (TimePoint{now_us} + limits_.time_max).us;
  bytes_ += part.bytes;
  deadlines_.in(limits_.time_max, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->drop_old();
  });
  return true;
}

void Assembly::give_up(std::uint64_t transfer) {
  const auto at = transfers_.find(transfer);
  bytes_ -= at->second.last.bytes;
  transfers_.erase(at);
  ++given_up_;
}

void Assembly::drop_old() {
  const std::int64_t now_us = monotonic_us();
  const std::lock_guard lock(mutex_);
  for (auto at = transfers_.begin(); at != transfers_.end();) {
    const bool is_old = now_us >= at->second.ends_us;
    if (is_old) bytes_ -= at->second.last.bytes;
    given_up_ += is_old ? 1 : 0;
    at = is_old ? transfers_.erase(at) : std::next(at);
  }
}

std::uint64_t Assembly::given_up() const {
  const std::lock_guard lock(mutex_);
  return given_up_;
}

}  // namespace troupe::nats
