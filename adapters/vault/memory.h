#pragma once

#include <memory_resource>

#include "runtime/base/result.h"

namespace troupe::vault {

/// Memory for the few secrets that live as long as the process: on pages of their own between
/// guards, kept from swap and dumps as far as the system's limits allow. Each allocation costs
/// several pages and calls into the kernel. Any thread; lives for ever.
std::pmr::memory_resource* locked_memory();

/// Makes the kernel refuse core files of this process, and other processes of its user to look into
/// its memory. For the main program, before it reads a secret. kUnavailable if the kernel refuses.
Status forbid_dumps();

}  // namespace troupe::vault
