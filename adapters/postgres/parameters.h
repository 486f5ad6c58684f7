#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/uuid.h"
#include "runtime/cluster/slots.h"
#include "runtime/port/system.h"

namespace troupe::postgres {

/// The types that the store's statements take, by the numbers that PostgreSQL fixed for them.
enum class Type : unsigned {
  kBytes = 17,
  kInteger = 20,
  kId = 2950,
  kBytesArray = 1001,
  kIntegerArray = 1016,
  kIdArray = 2951
};

/// One column of many rows, in the binary form of an array: what `unnest` takes apart again.
class Column {
 public:
  explicit Column(Type element) : element_(element) {}
  void integer(std::int64_t value);
  void blob(std::string_view value);
  void id(const Uuid& id);
  void null();

 private:
  friend class Parameters;
  Type type() const;
  std::string take() &&;

  Type element_;
  std::string values_;
  std::int32_t count_ = 0;
  bool has_null_ = false;
};

/// The numbers of these slots.
Column slot_column(const cluster::SlotSet& slots);

/// The parameters of one statement, in order. Blobs are not copied: they must outlive the call.
class Parameters {
 public:
  /// Of a statement over columns, which hold the bytes of many rows and so are moved.
  template <class... Columns>
  static Parameters of(Columns... columns) {
    Parameters all;
    (all.column(std::move(columns)), ...);
    return all;
  }

  Parameters& integer(std::int64_t value);
  Parameters& number(std::uint64_t value) { return integer(static_cast<std::int64_t>(value)); }
  Parameters& blob(std::string_view value);
  Parameters& digest(const Digest& value);
  Parameters& id(const Uuid& id);
  Parameters& null(Type type);
  Parameters& column(Column&& column);

  int count() const { return static_cast<int>(types_.size()); }
  const unsigned* types() const { return types_.data(); }
  /// As libpq takes them; valid while this lives unchanged.
  struct Pointers {
    std::vector<const char*> values;
    std::vector<int> sizes;
    std::vector<int> formats;
  };
  Pointers pointers() const;

 private:
  struct Value {
    std::string own;
    std::string_view foreign;
    bool is_foreign = false;
    bool is_null = false;
  };
  Parameters& add(Type type, Value value);

  std::vector<unsigned> types_;
  std::vector<Value> values_;
};

}  // namespace troupe::postgres
