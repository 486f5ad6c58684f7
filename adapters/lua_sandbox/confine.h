#pragma once

#include <sys/types.h>

#include <cstddef>

namespace troupe::lua_sandbox {

/// The descriptor that is left to a child: its socket.
inline constexpr int kChildSocket = 3;

/// Ends this process when `parent`, its parent, ends; at once if it has ended already.
void die_with_parent(pid_t parent);

/// Moves `socket` to kChildSocket and closes everything else.
void keep_only(int socket);

/// Takes from this process whatever a script cannot need: new descriptors, new processes,
/// executable memory, core files, privileges, and every system call but a dozen. Any other call
/// kills it, but openat, which is refused. `memory_bytes_max` bounds how much its address space may
/// grow. False if the kernel refuses; the child must not run scripts then.
bool confine(std::size_t memory_bytes_max);

}  // namespace troupe::lua_sandbox
