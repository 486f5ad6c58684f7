#include "deploy/troupe/settings.h"

#include <unistd.h>

#include <cstdlib>

namespace troupe::cli {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Result<config::Loaded> load_settings(const Shared& shared, Flags flags) {
  config::Sources sources;
  sources.file_name = shared.config_file.empty() ? variable("TROUPE_CONFIG") : shared.config_file;
  if (!sources.file_name.empty()) {
    Result<std::string> text = read_file(sources.file_name);
    if (!text) return Error{Code::kConfigInvalid, text.error().message, {}};
    sources.file_text = std::move(*text);
  }
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) {
      sources.environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  sources.flags = std::move(flags);
  if (!shared.data_dir.empty()) sources.flags.emplace_back("node.data_dir", shared.data_dir);
  return config::load(sources);
}

}  // namespace troupe::cli
