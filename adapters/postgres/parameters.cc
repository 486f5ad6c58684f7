#include "adapters/postgres/parameters.h"

#include "adapters/postgres/wire.h"
#include "runtime/base/ensure.h"

namespace troupe::postgres {
namespace {

std::string_view view(const std::array<std::uint8_t, 16>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void Column::integer(std::int64_t value) {
  append_integer(values_, std::int32_t{8});
  append_integer(values_, value);
  ++count_;
}

void Column::blob(std::string_view value) {
  append_field(values_, value);
  ++count_;
}

void Column::id(const Uuid& id) { blob(view(id.bytes())); }

void Column::null() {
  append_integer(values_, std::int32_t{-1});
  ++count_;
  has_null_ = true;
}

Type Column::type() const {
  switch (element_) {
    case Type::kBytes: return Type::kBytesArray;
    case Type::kInteger: return Type::kIntegerArray;
    case Type::kId: return Type::kIdArray;
    default: break;
  }
  ensure_failed("a column of arrays", __FILE__, __LINE__);
}

std::string Column::take() && {
  std::string array;
  array.reserve(20 + values_.size());
  append_integer(array, std::int32_t{count_ > 0});  // dimensions
  append_integer(array, std::int32_t{has_null_});
  append_integer(array, static_cast<std::int32_t>(element_));
  if (count_ == 0) return array;
  append_integer(array, count_);
  append_integer(array, std::int32_t{1});  // the first index
  return array + values_;
}

Column slot_column(const cluster::SlotSet& slots) {
  Column column(Type::kInteger);
  for (std::size_t n = 0; n < slots.size(); ++n) {
    if (slots.test(n)) column.integer(static_cast<std::int64_t>(n));
  }
  return column;
}

Parameters& Parameters::add(Type type, Value value) {
  types_.push_back(static_cast<unsigned>(type));
  values_.push_back(std::move(value));
  return *this;
}

Parameters& Parameters::integer(std::int64_t value) {
  std::string bytes;
  append_integer(bytes, value);
  return add(Type::kInteger, {std::move(bytes), {}});
}

Parameters& Parameters::blob(std::string_view value) {
  return add(Type::kBytes, {{}, value, true});
}

Parameters& Parameters::digest(const Digest& value) {
  return add(Type::kBytes, {std::string(view(value)), {}});
}

Parameters& Parameters::id(const Uuid& id) {
  return add(Type::kId, {std::string(view(id.bytes())), {}});
}

Parameters& Parameters::null(Type type) { return add(type, {{}, {}, false, true}); }

Parameters& Parameters::column(Column&& column) {
  const Type type = column.type();
  return add(type, {std::move(column).take(), {}});
}

Parameters::Pointers Parameters::pointers() const {
  Pointers pointers;
  for (const Value& value : values_) {
    const std::string_view bytes = value.is_foreign ? value.foreign : std::string_view(value.own);
    // A null pointer would mean NULL instead of an empty value.
    const char* data = bytes.empty() ? "" : bytes.data();
    pointers.values.push_back(value.is_null ? nullptr : data);
    pointers.sizes.push_back(static_cast<int>(bytes.size()));
    pointers.formats.push_back(1);
  }
  return pointers;
}

}  // namespace troupe::postgres
