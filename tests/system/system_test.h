#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/conformance/temporary_directory.h"
#include "tests/support/api.h"
#include "tests/support/json_value.h"
#include "tests/support/process.h"
#include "tests/support/server.h"

namespace troupe::testing {

/// A folder of its own, and a server in it for the tests that ask for one.
class SystemTest : public ::testing::Test {
 protected:
  std::string data_dir() const { return dir_.file("data"); }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(dir_.file(name), std::ios::binary) << text;
    return dir_.file(name);
  }
  std::string folder() const { return dir_.path().string(); }

 private:
  TemporaryDirectory dir_;
};

class ServerTest : public SystemTest {
 protected:
  ServerTest() : server_(data_dir()), api_(started(server_)) {}

  Server server_;
  Api api_;

 private:
  static const Server& started(Server& server) {
    server.start();
    return server;
  }
};

/// `text` with every @ as a quotation mark, which keeps JSON in tests readable.
inline std::string quoted(std::string text) {
  for (char& c : text) {
    if (c == '@') c = '"';
  }
  return text;
}

/// A step that runs a script; `more` are further members, written as in quoted().
inline std::string lua(const std::string& id,
                       const std::string& script,
                       const std::string& more = "") {
  return quoted("{@id@:@" + id + "@,@type@:@lua_script@,@name@:@" + id + "@,@script@:@" + script +
                "@" + (more.empty() ? "" : "," + more) + "}");
}

}  // namespace troupe::testing
