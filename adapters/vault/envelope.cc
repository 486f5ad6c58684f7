#include "adapters/vault/envelope.h"

#include <algorithm>

#include "adapters/vault/aead.h"
#include "runtime/base/bytes.h"

namespace troupe::vault {
namespace {

constexpr std::uint8_t kFormat = 1;

void put_number(ByteWriter& out, std::uint64_t number, int width) {
  for (int shift = (width - 1) * 8; shift >= 0; shift -= 8) {
    out.byte(static_cast<std::uint8_t>(number >> shift));
  }
}

std::uint64_t take_number(ByteReader& in, int width) {
  std::uint64_t number = 0;
  for (int i = 0; i < width; ++i) number = number << 8 | in.byte();
  return number;
}

std::string header(const SealedValue& value) {
  ByteWriter out;
  out.byte(kFormat);
  put_number(out, value.key_version, 4);
  return out.take();
}

std::string header(const WrappedKey& key) {
  TROUPE_ENSURE(is_master_id(key.master_id) && key.ticket.size() <= kTicketBytesMax);
  ByteWriter out;
  out.byte(kFormat);
  put_number(out, key.key_version, 4);
  out.byte(static_cast<std::uint8_t>(key.master_id.size()));
  out.raw(key.master_id);
  put_number(out, key.ticket.size(), 2);
  out.raw(key.ticket);
  return out.take();
}

template <class T>
std::string write_behind_header(const T& thing) {
  std::string bytes = header(thing);
  bytes.append(thing.nonce).append(thing.ciphertext);
  return bytes;
}

Error corrupt(const char* message) { return {Code::kCorrupt, message, {}}; }

}  // namespace

bool is_master_id(std::string_view id) {
  return !id.empty() && id.size() <= kMasterIdBytesMax &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-' || c == ':';
         });
}

Result<SealedValue> parse_sealed(std::string_view bytes) {
  ByteReader in(bytes);
  SealedValue value;
  if (in.byte() != kFormat) return corrupt("The bytes are no sealed value of a known form.");
  value.key_version = static_cast<std::uint32_t>(take_number(in, 4));
  value.nonce = in.raw(kNonceBytes);
  value.ciphertext = bytes.substr(in.position());
  if (in.failed() || value.key_version == 0 || value.ciphertext.size() < kTagBytes ||
      value.ciphertext.size() > kSecretBytesMax + kTagBytes) {
    return corrupt("The sealed value has a part missing or too much.");
  }
  return value;
}

Result<WrappedKey> parse_wrapped(std::string_view bytes) {
  ByteReader in(bytes);
  WrappedKey key;
  if (in.byte() != kFormat) return corrupt("The bytes are no wrapped data key of a known form.");
  key.key_version = static_cast<std::uint32_t>(take_number(in, 4));
  key.master_id = in.raw(in.byte());
  key.ticket = in.raw(take_number(in, 2));
  key.nonce = in.raw(kNonceBytes);
  key.ciphertext = in.raw(kDataKeyBytes + kTagBytes);
  if (in.failed() || !in.at_end() || key.key_version == 0 || !is_master_id(key.master_id) ||
      key.ticket.size() > kTicketBytesMax) {
    return corrupt("The wrapped data key has a part missing or too much.");
  }
  return key;
}

std::string write(const SealedValue& value) { return write_behind_header(value); }
std::string write(const WrappedKey& key) { return write_behind_header(key); }

std::string associated_data(const SealedValue& value,
                            const WorkspaceId& workspace,
                            const SealedPlace& place) {
  ByteWriter out;
  out.text("troupe sealed value");
  out.text(header(value));
  out.uuid(workspace);
  out.text(place.field);
  put_number(out, place.version, 8);
  return out.take();
}

std::string associated_data(const WrappedKey& key, const WorkspaceId& workspace) {
  ByteWriter out;
  out.text("troupe data key");
  out.text(header(key));
  out.uuid(workspace);
  return out.take();
}

}  // namespace troupe::vault
