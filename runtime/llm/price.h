#pragma once

#include "runtime/base/usage.h"
#include "runtime/json/write.h"

namespace troupe::llm {

/// What a model's tokens cost, in US dollars per million. All 0: nobody has said.
struct Price {
  double input = 0, cache_read = 0, cache_write = 0, output = 0;
  bool operator==(const Price&) const = default;
  bool set() const { return *this != Price{}; }
};

std::int64_t cost_picousd(const Usage& usage, const Price& price);

/// `{input, cache_read, cache_write, output, reasoning, cost_usd?}` as the member's value; the cost
/// is there if a price is known.
void write_usage(json::Writer& out, const Usage& usage);

}  // namespace troupe::llm
