#include "runtime/llm/price.h"

#include <cmath>
#include <string>

namespace troupe::llm {
namespace {

constexpr std::int64_t kPicoPerUnit = 1'000'000'000'000;

/// A decimal number, exact and without an exponent.
std::string dollars(std::int64_t picousd) {
  std::string fraction = std::to_string(kPicoPerUnit + picousd % kPicoPerUnit).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  const std::string whole = std::to_string(picousd / kPicoPerUnit);
  return fraction.empty() ? whole : whole + "." + fraction;
}

}  // namespace

std::int64_t cost_picousd(const Usage& usage, const Price& price) {
  // A dollar per million tokens is a million picodollars per token.
  const auto part = [](std::int64_t tokens, double per_million) {
    return std::llround(static_cast<double>(tokens) * per_million * 1e6);
  };
  return part(usage.input, price.input) + part(usage.cache_read, price.cache_read) +
         part(usage.cache_write, price.cache_write) + part(usage.output, price.output);
}

void write_usage(json::Writer& out, const Usage& usage) {
  out.begin_object().member("input", usage.input).member("cache_read", usage.cache_read);
  out.member("cache_write", usage.cache_write).member("output", usage.output);
  out.member("reasoning", usage.reasoning);
  if (usage.cost_picousd > 0) out.member_raw("cost_usd", dollars(usage.cost_picousd));
  out.end_object();
}

}  // namespace troupe::llm
