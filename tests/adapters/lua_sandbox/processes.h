#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::lua_sandbox {

/// The sandbox children of this process (its grandchildren named troupe-lua), from /proc.
std::vector<pid_t> sandbox_pids();

/// The zygote of this process; 0 if there is none.
pid_t zygote_pid();

/// Of the process; empty if it is gone.
std::string name_of(pid_t pid);

/// CPU time that the process has used in user mode, in clock ticks (10 ms).
unsigned long cpu_ticks(pid_t pid);

/// VmHWM of a process in bytes; 0 if it is gone.
std::size_t peak_bytes(pid_t pid);

/// The largest VmHWM among sandbox_pids().
std::size_t largest_sandbox_peak();

}  // namespace troupe::lua_sandbox
