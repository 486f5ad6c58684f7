#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/postgres_server.h"
#include "tests/system/access_store.h"

namespace troupe::testing {

Environment access_environment(const std::string& folder) {
  const std::string key = folder + "/master.key";
  if (!std::filesystem::exists(key)) {
    std::ofstream(key) << "5f1c0a9be27d3846a1f0c9d8e7b6a5948372615049382716f5e4d3c2b1a09f8e\n";
    ::chmod(key.c_str(), 0600);
  }
  return {{"TROUPE_ACCESS__SIGN_UP", "open"},
          {"TROUPE_STORE__KIND", "postgres"},
          {"TROUPE_POSTGRES__URL", postgres_server().conninfo()},
          {"TROUPE_POSTGRES__SCHEMA", fresh_schema()},
          {"TROUPE_VAULT__MASTER_KEY_FILE", key}};
}

std::vector<std::string> access_folders() {
  return {std::filesystem::path(postgres_server().socket()).parent_path().string()};
}

}  // namespace troupe::testing
