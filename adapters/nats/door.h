#pragma once

#include <array>
#include <string_view>

#include "runtime/tenancy/permission.h"

namespace troupe::nats {

/// A subject by which programs of users ask a node for something, and what whoever asks has to be
/// allowed. There is no permission by default, so that a door without one does not build.
struct Door {
  constexpr Door(std::string_view name, const char* subject, tenancy::Permission needs)
      : name(name), subject(subject), needs(needs) {}
  std::string_view name;
  const char* subject;  ///< with a wildcard for the workspace and one for the project
  tenancy::Permission needs;
};

inline constexpr Door kSubmitDoor{"submit", "troupe.v1.submit.*.*",
                                  tenancy::Permission::kRunStart};
inline constexpr Door kEnqueueDoor{"enqueue", "troupe.v1.enqueue.*.*",
                                   tenancy::Permission::kRunStart};
/// All of them: there is no other way in. What nodes say themselves (events, tasks, discovery) is
/// kept apart by the permissions of the broker's users alone.
inline constexpr std::array kDoors = {kSubmitDoor, kEnqueueDoor};

}  // namespace troupe::nats
