#include "runtime/run/shown.h"

#include "runtime/json/write.h"

namespace troupe::run {
namespace {

std::string hex(const Digest& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(hash.size() * 2);
  for (const std::uint8_t byte : hash) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

Result<json::Text> text_of(const Value& value, const PayloadSource& payloads) {
  if (value.resident()) return value.text;
  return payloads(value.ref);
}

std::string reference_json(std::string_view run, const PayloadRef& ref) {
  std::string href = "/v1/runs/";
  href.append(run).append("/values/").append(hex(ref.hash));
  json::Writer json;
  json.begin_object();
  json.member("bytes", ref.bytes);
  json.member("href", href);
  json.end_object();
  return json.take();
}

}  // namespace troupe::run
