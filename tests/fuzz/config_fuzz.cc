#include <string>
#include <string_view>

#include "config/load.h"
#include "runtime/base/ensure.h"
#include "tests/fuzz/entries.h"

namespace troupe::fuzz {

// A configuration file: loaded whole, or refused with findings. What was loaded can be written down
// and loaded again.
void fuzz_config(std::string_view bytes) {
  config::Sources sources;
  sources.file_name = "troupe.toml";
  sources.file_text = std::string(bytes);
  const auto loaded = config::load(sources);
  if (!loaded.ok()) {
    TROUPE_ENSURE(loaded.error().code == Code::kConfigInvalid && !loaded.error().message.empty());
    return;
  }
  std::string written;
  for (const config::Setting& setting : loaded->settings) {
    written += setting.key + " = " + setting.value + "\n";
  }
  sources.file_text = written;
  const auto again = config::load(sources);
  TROUPE_ENSURE(again.ok() && again->settings.size() == loaded->settings.size());
  for (std::size_t i = 0; i < again->settings.size(); ++i) {
    TROUPE_ENSURE(again->settings[i].value == loaded->settings[i].value);
  }
}

}  // namespace troupe::fuzz
