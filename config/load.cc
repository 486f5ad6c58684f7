#include "config/load.h"

#include <toml++/toml.h>
#include <charconv>
#include <map>
#include <sstream>

#include "config/consistency.h"
#include "config/keys.h"
#include "config/suggest.h"

namespace troupe::config {
namespace {

/// Collects findings while values are laid over each other.
class Layers {
 public:
  void read_file(const Sources& sources);
  void read_environment(const Sources& sources);
  void read_flags(const Sources& sources);
  Result<Loaded> finish();

 private:
  void finding(const std::string& where, const std::string& message) {
    findings_ += findings_.empty() ? "" : "\n";
    findings_ += where + ": " + message;
  }
  void unknown(const std::string& where, const std::string& name);
  void set_text(const Key& key, const std::string& text, const std::string& origin);
  void set_node(const Key& key,
                const toml::node& node,
                const std::string& where,
                const std::string& origin);
  void check_together();
  void store_number(const Key& key, std::int64_t value, const std::string& where);
  void store_string(const Key& key, const std::string& value, const std::string& where);

  Options options_;
  std::map<std::string, std::string, std::less<>> origins_;
  std::string findings_;
};

std::string place(const std::string& file, const toml::source_region& region) {
  return file + ":" + std::to_string(region.begin.line) + ":" + std::to_string(region.begin.column);
}

void Layers::unknown(const std::string& where, const std::string& name) {
  std::vector<std::string> known;
  for (const Key& key : keys()) known.emplace_back(key.name);
  const std::string meant = nearest(name, known);
  finding(where, "unknown key " + name + (meant.empty() ? "" : "; did you mean " + meant + "?"));
}

void Layers::store_number(const Key& key, std::int64_t value, const std::string& where) {
  if (value < key.least || value > key.most) {
    finding(where, std::string(key.name) + " must lie between " + std::to_string(key.least) +
                       " and " + std::to_string(key.most));
    return;
  }
  *std::get<std::int64_t*>(key.slot(options_)) = value;
}

void Layers::store_string(const Key& key, const std::string& value, const std::string& where) {
  bool allowed = key.choices.empty() && (key.may_be_empty || !value.empty());
  std::string list;
  for (const std::string& choice : key.choices) {
    allowed = allowed || choice == value;
    list += (list.empty() ? "" : ", ") + choice;
  }
  if (!allowed) {
    finding(where, std::string(key.name) +
                       (key.choices.empty() ? " must not be empty" : " must be one of " + list));
    return;
  }
  *std::get<std::string*>(key.slot(options_)) = value;
}

void Layers::set_text(const Key& key, const std::string& text, const std::string& origin) {
  const Slot slot = key.slot(options_);
  const std::string where = origin == "flag" ? "flag for " + std::string(key.name) : origin;
  origins_[std::string(key.name)] = origin;
  if (std::holds_alternative<std::string*>(slot)) return store_string(key, text, where);
  if (std::holds_alternative<bool*>(slot)) {
    if (text != "true" && text != "false") {
      return finding(where, std::string(key.name) + " must be true or false");
    }
    *std::get<bool*>(slot) = text == "true";
    return;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return finding(where, std::string(key.name) + " must be a whole number");
  }
  store_number(key, value, where);
}

void Layers::set_node(const Key& key,
                      const toml::node& node,
                      const std::string& where,
                      const std::string& origin) {
  origins_[std::string(key.name)] = origin;
  const Slot slot = key.slot(options_);
  if (std::holds_alternative<std::string*>(slot)) {
    if (const auto* text = node.as_string()) return store_string(key, text->get(), where);
    return finding(where, std::string(key.name) + " must be a string");
  }
  if (std::holds_alternative<bool*>(slot)) {
    if (const auto* flag = node.as_boolean()) {
      *std::get<bool*>(slot) = flag->get();
      return;
    }
    return finding(where, std::string(key.name) + " must be true or false");
  }
  if (const auto* number = node.as_integer()) return store_number(key, number->get(), where);
  finding(where, std::string(key.name) + " must be a whole number");
}

void Layers::read_file(const Sources& sources) {
  if (!sources.file_text) return;
  toml::table document;
  try {
    document = toml::parse(*sources.file_text, sources.file_name);
  } catch (const toml::parse_error& error) {
    return finding(place(sources.file_name, error.source()), std::string(error.description()));
  }
  for (const auto& [section, content] : document) {
    const std::string section_name(section.str());
    const toml::table* table = content.as_table();
    if (table == nullptr) {
      unknown(place(sources.file_name, section.source()), section_name);
      continue;
    }
    for (const auto& [name, node] : *table) {
      const std::string full = section_name + "." + std::string(name.str());
      const std::string where = place(sources.file_name, name.source());
      const Key* key = find_key(full);
      if (key == nullptr) {
        unknown(where, full);
        continue;
      }
      const std::string line = std::to_string(name.source().begin.line);
      set_node(*key, node, where, sources.file_name + ":" + line);
    }
  }
}

/// "server.listen" for "TROUPE_SERVER__LISTEN"; empty for a variable that is no key.
std::string key_of_variable(const std::string& variable) {
  if (variable.rfind("TROUPE_", 0) != 0) return {};
  const std::size_t dot = variable.find("__", 7);
  if (dot == std::string::npos) return {};
  std::string key = variable.substr(7, dot - 7) + "." + variable.substr(dot + 2);
  for (char& c : key) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return key;
}

void Layers::read_environment(const Sources& sources) {
  for (const auto& [variable, value] : sources.environment) {
    const std::string name = key_of_variable(variable);
    if (name.empty()) continue;
    const Key* key = find_key(name);
    if (key == nullptr) {
      unknown(variable, name);
    } else {
      set_text(*key, value, variable);
    }
  }
}

void Layers::read_flags(const Sources& sources) {
  for (const auto& [name, value] : sources.flags) {
    const Key* key = find_key(name);
    TROUPE_ENSURE(key != nullptr);
    set_text(*key, value, "flag");
  }
}

/// Only once every value is right by itself: what follows from a mistake is no second one.
void Layers::check_together() {
  if (!findings_.empty()) return;
  for (const Contradiction& one : contradictions(options_)) {
    const auto origin = origins_.find(one.key);
    finding(origin == origins_.end() ? std::string(one.key) : origin->second, one.message);
  }
}

Result<Loaded> Layers::finish() {
  check_together();
  if (!findings_.empty()) return Error{Code::kConfigInvalid, findings_, {}};
  Loaded loaded{options_, {}};
  for (const Key& key : keys()) {
    const auto origin = origins_.find(key.name);
    loaded.settings.push_back({std::string(key.name), show(key, loaded.options),
                               origin == origins_.end() ? "default" : origin->second});
  }
  return loaded;
}

}  // namespace

Result<Loaded> load(const Sources& sources) {
  Layers layers;
  layers.read_file(sources);
  layers.read_environment(sources);
  layers.read_flags(sources);
  return layers.finish();
}

}  // namespace troupe::config
