#pragma once

#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/support/json_value.h"
#include "tests/support/process.h"

namespace troupe::testing {

/// A file of the repository; throws if there is none.
inline std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("there is no " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline Json read_json(const std::string& path) { return parse_json(read_text(path)); }

/// YAML as the JSON that it stands for, read by somebody else's parser.
inline Json read_yaml(const std::string& path) {
  const Outcome outcome = run_program(
      {{"/usr/bin/python3", "-c",
        "import json,sys,yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))", path}});
  if (outcome.exit != 0) throw std::runtime_error(path + ": " + outcome.err);
  return parse_json(outcome.out);
}

}  // namespace troupe::testing
