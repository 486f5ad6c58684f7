#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/keys.h"
#include "config/load.h"
#include "config/suggest.h"

namespace troupe::config {
namespace {

Sources file(const std::string& text) {
  Sources sources;
  sources.file_name = "t.toml";
  sources.file_text = text;
  return sources;
}

std::string message_of(const Sources& sources) {
  const Result<Loaded> loaded = load(sources);
  if (loaded) return "valid";
  EXPECT_EQ(loaded.error().code, Code::kConfigInvalid);
  return loaded.error().message;
}

const Setting& setting(const Loaded& loaded, const std::string& key) {
  for (const Setting& one : loaded.settings) {
    if (one.key == key) return one;
  }
  ADD_FAILURE() << "no setting " << key;
  return loaded.settings.front();
}

TEST(Config, FlagsWinOverVariablesOverFileOverDefaults) {
  Sources sources =
      file("[server]\nlisten = \"127.0.0.1:1\"\nio_threads = 2\n[log]\nlevel = \"debug\"\n");
  sources.environment = {{"TROUPE_SERVER__LISTEN", "127.0.0.1:2"},
                         {"TROUPE_LOG__LEVEL", "error"},
                         {"PATH", "/bin"},
                         {"TROUPE_URL", "http://127.0.0.1:9"}};
  sources.flags = {{"server.listen", "127.0.0.1:3"}};
  const Result<Loaded> loaded = load(sources);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->options.server.listen, "127.0.0.1:3");
  EXPECT_EQ(loaded->options.log.level, "error");
  EXPECT_EQ(loaded->options.server.io_threads, 2);
  EXPECT_EQ(loaded->options.node.data_dir, "./.troupe");
  EXPECT_EQ(setting(*loaded, "server.listen").origin, "flag");
  EXPECT_EQ(setting(*loaded, "log.level").origin, "TROUPE_LOG__LEVEL");
  EXPECT_EQ(setting(*loaded, "server.io_threads").origin, "t.toml:3");
  EXPECT_EQ(setting(*loaded, "node.data_dir").origin, "default");
}

TEST(Config, EveryMistakeIsReportedWithItsPlace) {
  EXPECT_EQ(
      message_of(file("[server]\nlisen = \"x\"\nio_threads = \"two\"\n\n[engine]\nworkers = -1\n")),
      "t.toml:6:1: engine.workers must lie between 0 and 1024\n"
      "t.toml:3:1: server.io_threads must be a whole number\n"
      "t.toml:2:1: unknown key server.lisen; did you mean server.listen?");
}

TEST(Config, TextThatIsNotTomlHasItsLine) {
  EXPECT_EQ(message_of(file("[server]\nlisten = \n")).substr(0, 9), "t.toml:2:");
}

TEST(Config, AMistypedVariableIsAnErrorToo) {
  Sources sources;
  sources.environment = {{"TROUPE_ENGINE__DURABILTY", "strict"}};
  EXPECT_EQ(
      message_of(sources),
      "TROUPE_ENGINE__DURABILTY: unknown key engine.durabilty; did you mean engine.durability?");
  sources.environment = {{"TROUPE_ENGINE__DURABILITY", "stict"}};
  EXPECT_EQ(message_of(sources),
            "TROUPE_ENGINE__DURABILITY: engine.durability must be one of run_ahead, strict");
}

TEST(Config, SectionsAndTypesAreChecked) {
  EXPECT_NE(message_of(file("listen = 1\n")), "valid");
  EXPECT_NE(message_of(file("[server]\nbehind_proxy = \"yes\"\n")), "valid");
  EXPECT_NE(message_of(file("[node]\ndata_dir = \"\"\n")), "valid");
  EXPECT_EQ(message_of(file("[server]\nhost_names = \"\"\n")), "valid");
}

TEST(Config, ReferenceFileHasEveryKeyWithItsDefault) {
  std::ifstream in("config/troupe.reference.toml");
  ASSERT_TRUE(in.good());
  std::string text;
  for (std::string line; std::getline(in, line);) {
    const bool key = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    text += (key ? line.substr(1) : line) + "\n";
  }
  const Result<Loaded> written = load(file(text));
  const Result<Loaded> defaults = load(Sources{});
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_TRUE(defaults);
  for (std::size_t i = 0; i < keys().size(); ++i) {
    EXPECT_EQ(written->settings[i].value, defaults->settings[i].value) << keys()[i].name;
    EXPECT_NE(written->settings[i].origin, "default") << keys()[i].name << " is not in the file";
  }
}

TEST(Config, OnlyNearWordsAreSuggested) {
  const std::vector<std::string> known = {"run", "resume", "runs", "serve"};
  EXPECT_EQ(nearest("rseume", known), "resume");
  EXPECT_EQ(nearest("sevre", known), "serve");
  EXPECT_EQ(nearest("frobnicate", known), "");
}

}  // namespace
}  // namespace troupe::config
