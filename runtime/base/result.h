#pragma once

#include <utility>
#include <variant>

#include "runtime/base/ensure.h"
#include "runtime/base/error.h"

namespace troupe {

/// What an operation that can go wrong returns: a value or an Error. Discarding one is a warning.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}       // NOLINT: by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: by design
  Result(Code code, std::string message)
      : state_(std::in_place_index<1>, Error{code, std::move(message), {}}) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { TROUPE_ENSURE(ok()); return std::get<0>(state_); }
  const T& value() const& { TROUPE_ENSURE(ok()); return std::get<0>(state_); }
  T&& value() && { TROUPE_ENSURE(ok()); return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { TROUPE_ENSURE(!ok()); return std::get<1>(state_); }
  const Error& error() const& { TROUPE_ENSURE(!ok()); return std::get<1>(state_); }
  Error&& error() && { TROUPE_ENSURE(!ok()); return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

/// The value of an operation that has nothing to return.
struct Unit {};
using Status = Result<Unit>;
inline Status ok() { return Unit{}; }

}  // namespace troupe
