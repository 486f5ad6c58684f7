#include <memory>

#include "deploy/troupe/commands.h"
#include "deploy/troupe/settings.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

/// Findings have their places in front, so they are printed as they are.
int fail_settings(const Error& error) {
  note(error.message);
  return kUsage;
}

int check(const Shared& shared) {
  const Result<config::Loaded> settings = load_settings(shared);
  if (!settings) return fail_settings(settings.error());
  if (!shared.quiet) note("the configuration is valid");
  return kOk;
}

int show(const Shared& shared, bool origin) {
  const Result<config::Loaded> settings = load_settings(shared);
  if (!settings) return fail_settings(settings.error());
  json::Writer out;
  out.begin_object();
  std::string section;
  for (const config::Setting& setting : settings->settings) {
    if (shared.json) {
      out.key(setting.key).begin_object().member_raw("value", setting.value);
      out.member("origin", setting.origin).end_object();
      continue;
    }
    const std::size_t dot = setting.key.find('.');
    if (setting.key.substr(0, dot) != section) {
      section = setting.key.substr(0, dot);
      print("[" + section + "]");
    }
    print(setting.key.substr(dot + 1) + " = " + setting.value +
          (origin ? "  # " + setting.origin : ""));
  }
  if (shared.json) print_json(out.end_object().take());
  return kOk;
}

}  // namespace

void add_config(CLI::App& line, Shared& shared, Action& action) {
  auto origin = std::make_shared<bool>(false);
  CLI::App* noun = line.add_subcommand("config", "The configuration that a node would have");
  noun->require_subcommand(1);
  CLI::App* checking = noun->add_subcommand("check", "Report every mistake with its line");
  CLI::App* showing = noun->add_subcommand("show", "Print every key with its value, as TOML");
  showing->add_flag("--origin", *origin, "Say where each value comes from");
  for (CLI::App* command : {checking, showing}) {
    command->add_option("--config", shared.config_file, "Configuration, TOML");
    add_data_dir(*command, shared);
  }
  add_json(*showing, shared);
  add_quiet(*checking, shared);
  checking->callback([&shared, &action] { action = [&shared] { return check(shared); }; });
  showing->callback(
      [&shared, &action, origin] { action = [&shared, origin] { return show(shared, *origin); }; });
  noun->footer(
      "Flags win over TROUPE_SECTION__KEY variables, they over the file, it over defaults.\n"
      "The file is --config or TROUPE_CONFIG.");
}

}  // namespace troupe::cli
