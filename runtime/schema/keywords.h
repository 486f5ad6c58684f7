#pragma once

#include "runtime/port/system.h"
#include "runtime/schema/library.h"

namespace troupe::schema {

/// Fills the node of a schema from its keywords. What is wrong with them goes to the library's
/// issues. Unknown keywords are annotations and say nothing.
void compile_keywords(const Place& place, Library& library, const PatternCompiler& patterns);

}  // namespace troupe::schema
