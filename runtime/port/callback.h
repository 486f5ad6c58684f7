#pragma once

#include <functional>

#include "runtime/base/result.h"

namespace troupe {

/// How a call is answered: exactly once, on some thread of the callee's; it must not block there.
template <class T>
using Callback = std::function<void(Result<T>)>;

}  // namespace troupe
