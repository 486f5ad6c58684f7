#pragma once

#include <cstddef>
#include <cstdint>

#include "adapters/lua_sandbox/frames.h"

namespace troupe::lua_sandbox {

/// What every child is told when it is made. Travels through the zygote's socket as it lies here.
struct ChildSettings {
  std::uint64_t address_space_bytes_max = std::uint64_t{256} << 20;
  std::uint64_t retire_bytes = std::uint64_t{16} << 20;  ///< a state this large ends its process
  std::uint32_t states_max = 64;
  std::uint32_t spin_us = 20;
};

/// The life of a sandbox process: confines itself, then runs jobs from kChildSocket until the
/// socket ends. Called by the zygote in the new process, with nothing open but that socket.
[[noreturn]] void child_main(SharedPage* page, const ChildSettings& settings);

}  // namespace troupe::lua_sandbox
