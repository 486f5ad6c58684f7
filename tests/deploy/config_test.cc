#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "config/keys.h"
#include "config/load.h"
#include "config/mask.h"
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

TEST(Config, AClusterIsReadFromItsFourSections) {
  const Result<Loaded> loaded = load(
      file("[store]\nkind = \"postgres\"\n[postgres]\nurl_file = \"/run/url\"\nschema = \"s_1\"\n"
           "[nats]\nurl = \"nats://h:4222\"\nevents = \"all\"\n"
           "[cluster]\nnode_name = \"n-1\"\nlease_ms = 1000\n"));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->options.postgres.url_file, "/run/url");
  EXPECT_EQ(loaded->options.postgres.schema, "s_1");
  EXPECT_EQ(loaded->options.nats.events, "all");
  EXPECT_EQ(loaded->options.cluster.node_name, "n-1");
  EXPECT_EQ(loaded->options.cluster.lease_ms, 1000);
  EXPECT_EQ(loaded->options.cluster.drain_timeout_s, 10);
}

TEST(Config, KeysThatContradictEachOtherAreReportedTogether) {
  EXPECT_EQ(message_of(file("[store]\nkind = \"postgres\"\n[nats]\nevents = \"all\"\n")),
            "t.toml:2: store.kind is postgres, but neither postgres.url nor postgres.url_file says "
            "where it is\nt.toml:4: nats.events needs nats.url");
  EXPECT_EQ(message_of(file("[postgres]\nurl = \"postgres://h\"\n")),
            "t.toml:2: postgres.url is set, but store.kind is sqlite");
  EXPECT_EQ(message_of(file("[store]\nkind = \"postgres\"\n[postgres]\nurl = \"postgres://h\"\n"
                            "url_file = \"f\"\nschema = \"a-b\"\n")),
            "t.toml:5: postgres.url and postgres.url_file are both set\n"
            "t.toml:6: postgres.schema must be [a-z_][a-z0-9_]{0,39}");
  EXPECT_EQ(message_of(file("[nats]\nurl = \"nats://h\"\ncreds_file = \"c\"\nnkey_file = \"k\"\n"
                            "tls_key_file = \"t\"\n")),
            "t.toml:4: nats.creds_file and nats.nkey_file are both set\n"
            "t.toml:5: nats.tls_cert_file and nats.tls_key_file need each other");
  EXPECT_EQ(message_of(file("[cluster]\nnode_name = \"a b\"\nadvertise_url = \"h:7420\"\n")),
            "t.toml:2: cluster.node_name must be [A-Za-z0-9._-]{1,63}\n"
            "t.toml:3: cluster.advertise_url must begin with http:// or https://");
  EXPECT_EQ(message_of(file("[nats]\nurl = \"nats://h:4222\"\n")), "valid");
}

TEST(Config, MailIsWholeOrNotThere) {
  const std::string good = "[mail]\nurl = \"smtps://h\"\nfrom = \"a@b.c\"\n";
  EXPECT_EQ(message_of(file(good + "pages = \"https://p\"\n")), "valid");
  EXPECT_EQ(message_of(file("[server]\npublic_url = \"https://p\"\n" + good)), "valid");
  EXPECT_EQ(message_of(file(good)),
            "t.toml:2: mail.url needs mail.pages or server.public_url, where letters lead to");
  EXPECT_EQ(message_of(file("[mail]\nurl = \"http://u:p@h\"\nfrom = \"a\"\nusername = \"u\"\n"
                            "pages = \"p/\"\n")),
            "t.toml:2: mail.url must begin with smtps:// or smtp://\n"
            "t.toml:2: mail.url has a user in it: set mail.username\n"
            "t.toml:3: mail.from must be an e-mail address\n"
            "t.toml:4: mail.username and mail.password_file need each other\n"
            "t.toml:5: mail.pages must be as https://app.example.org/account, with no / behind "
            "it");
  EXPECT_EQ(message_of(file("[access]\nverification = \"required\"\n")),
            "t.toml:2: access.verification needs mail.url");
}

TEST(Config, NoPasswordIsShown) {
  Sources sources;
  sources.environment = {{"TROUPE_STORE__KIND", "postgres"},
                         {"TROUPE_POSTGRES__URL", "postgres://u:hidden@h/d"},
                         {"TROUPE_NATS__URL", "nats://hidden@h:4222"}};
  const Result<Loaded> loaded = load(sources);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->options.postgres.url, "postgres://u:hidden@h/d");
  for (const Setting& one : loaded->settings) {
    EXPECT_EQ(one.value.find("hidden"), std::string::npos) << one.key;
  }
  EXPECT_EQ(setting(*loaded, "postgres.url").value, "\"postgres://u:***@h/d\"");
}

TEST(Config, PasswordsAreHiddenWhereverLibpqLooksForThem) {
  EXPECT_EQ(mask_conninfo("postgres://h:5432/d?sslmode=require"),
            "postgres://h:5432/d?sslmode=require");
  EXPECT_EQ(mask_conninfo("postgresql://u@h1:1,h2:2/d"), "postgresql://u@h1:1,h2:2/d");
  EXPECT_EQ(mask_conninfo("postgres://u:a/b?c@d@h/d?user=x"), "postgres://u:***@h/d?user=x");
  EXPECT_EQ(mask_conninfo("postgres:///d?host=h&password=a&sslpassword=b&p%61ssword=c"),
            "postgres:///d?host=h&password=***&sslpassword=***&p%61ssword=***");
  EXPECT_EQ(mask_conninfo("host=h  password = 'a \\' b' dbname=d"), "host=h password=*** dbname=d");
  EXPECT_EQ(mask_conninfo("host=h password=a\\ b user='x y'"), "host=h password=*** user='x y'");
  EXPECT_EQ(mask_conninfo("host='h'password=a"), "host='h' password=***");
  for (const std::string broken :
       {"host=h password='a b", "host='h password=a", "host h password=a", "=a"}) {
    EXPECT_EQ(mask_conninfo(broken), "***") << broken;
  }
  EXPECT_EQ(mask_conninfo("secret"), "***");
  EXPECT_EQ(mask_conninfo(""), "");
}

TEST(Config, PasswordsAndTokensAreHiddenInEachNatsUrl) {
  EXPECT_EQ(mask_nats_urls("nats://h1:4222,tls://u:p@h2:4222,t@h3"),
            "nats://h1:4222,tls://u:***@h3");
  EXPECT_EQ(mask_nats_urls("nats://t@h1,nats://u:p,q@h2"), "nats://***@h1,nats://u:***@h2");
  EXPECT_EQ(mask_nats_urls("h:4222"), "h:4222");
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
