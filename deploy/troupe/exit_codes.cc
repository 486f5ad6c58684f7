#include "deploy/troupe/exit_codes.h"

namespace troupe::cli {

Exit exit_of(Code code) {
  if (code == Code::kUnavailable || code == Code::kOverloaded || code == Code::kTimeout) {
    return kUnreachable;
  }
  if (code == Code::kDataDirHeld || code == Code::kConfigInvalid) return kUsage;
  switch (info(code).http_status) {
    case 404:
      return kNotFound;
    case 409:
    case 412:
      return kConflict;
    case 400:
    case 413:
    case 422:
      return kUsage;
    default:
      return kRunFailed;
  }
}

}  // namespace troupe::cli
