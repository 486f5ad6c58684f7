// Which provider key serves a model, which hosts a connection is for.
#include "runtime/directory/models.h"

#include <gtest/gtest.h>

#include "runtime/directory/connections.h"

namespace troupe::directory {
namespace {

ProviderKey key_of(const std::string& name, const std::string& provider,
                   std::vector<std::string> models = {}) {
  ProviderKey key;
  key.name = name;
  key.provider = provider;
  for (std::string& model : models) key.models.push_back({std::move(model), {1, 0, 0, 2}});
  return key;
}

/// "key:model …" of what is chosen, or the code.
std::string chosen(const ModelCatalogue& own, const ModelWanted& wanted,
                   const ModelCatalogue& operators = {}) {
  const auto all = choose_models(own, operators, wanted);
  if (!all) return std::string(info(all.error().code).name);
  std::string text;
  for (const ModelChosen& one : *all) {
    text += (text.empty() ? "" : " ") + one.key.name + ":" + one.model;
  }
  return text;
}

ModelWanted model(const std::string& name, const std::string& credential = "") {
  ModelWanted wanted;
  wanted.model = name;
  wanted.credential = credential;
  return wanted;
}

TEST(ChooseModels, TheKeyThatListsItThenTheOneThatIsNamedThenTheVendorThenTheOnlyOne) {
  const ModelCatalogue own{{key_of("open", "openai"), key_of("mine", "openai_compatible", {"m"}),
                            key_of("claude", "anthropic")},
                           {}};
  EXPECT_EQ(chosen(own, model("m")), "mine:m");
  EXPECT_EQ(chosen(own, model("open/any-model")), "open:any-model");
  EXPECT_EQ(chosen(own, model("mine/other")), "model_not_configured") << "it lists what it has";
  EXPECT_EQ(chosen(own, model("gpt-4o-mini")), "open:gpt-4o-mini");
  EXPECT_EQ(chosen(own, model("claude-x")), "claude:claude-x");
  EXPECT_EQ(chosen(own, model("gemini-x")), "model_not_configured");
  EXPECT_EQ(chosen(own, model("m", "claude")), "claude:m");
  EXPECT_EQ(chosen(own, model("m", "nobody")), "credential_missing");
  const ModelCatalogue one{{key_of("local", "openai_compatible")}, {}};
  EXPECT_EQ(chosen(one, model("gpt-4o-mini")), "local:gpt-4o-mini");
  EXPECT_EQ(chosen({{key_of("a", "anthropic")}, {}}, model("gpt-4o")), "model_not_configured");
}

TEST(ChooseModels, AWorkspacesOwnBeforeTheOperatorsAndOnlyWhatIsOnHere) {
  const ModelCatalogue operators{{key_of("house", "openai")}, {}};
  ModelCatalogue own{{key_of("open", "openai")}, {}};
  EXPECT_EQ(chosen(own, model("gpt-4o"), operators), "open:gpt-4o");
  own.keys[0].is_enabled = false;
  EXPECT_EQ(chosen(own, model("gpt-4o"), operators), "house:gpt-4o");
  own.keys[0].is_enabled = true;
  own.keys[0].environment = "staging";
  EXPECT_EQ(chosen(own, model("gpt-4o"), operators), "house:gpt-4o");
  own.keys[0].environment = "production";
  EXPECT_EQ(chosen(own, model("gpt-4o"), operators), "open:gpt-4o");
}

TEST(ChooseModels, AChainPassesOverWhatNobodyServes) {
  ModelCatalogue own{{key_of("open", "openai"), key_of("claude", "anthropic", {"claude-x"})}, {}};
  ModelRef ref;
  ref.name = "best";
  ref.chain = {{"gemini-x", ""}, {"gpt-x", ""}, {"claude-x", "claude"}, {"m", "gone"}};
  own.refs.push_back(ref);
  ModelWanted wanted;
  wanted.ref = "best";
  EXPECT_EQ(chosen(own, wanted), "open:gpt-x claude:claude-x");
  own.refs[0].chain = {{"gemini-x", ""}};
  EXPECT_EQ(chosen(own, wanted), "model_not_configured");
  wanted.ref = "worst";
  EXPECT_EQ(chosen(own, wanted), "model_not_configured");
}

TEST(ModelDocuments, ComeBackAsTheyWere) {
  ProviderKey key = key_of("open", "openai", {"a", "b"});
  key.id = Uuid{1, 2};
  key.workspace = WorkspaceId(Uuid{3, 4});
  key.dialect = llm::Dialect::kGemini;
  key.base_url = "https://x.example";
  key.environment = "staging";
  key.secret = "provider-keys/1";
  const auto back = decode_provider_key(encode(key));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(encode(*back), encode(key));
  EXPECT_EQ(back->models[1].price.output, 2);
  store::Document damaged = encode(key);
  damaged.body = R"({"provider":"openai"})";
  EXPECT_EQ(decode_provider_key(damaged).error().code, Code::kCorrupt);
}

TEST(ConnectionHosts, AreMatchedByNameAndPortAndNothingElse) {
  Connection connection;
  connection.hosts = {"api.example.com", "*.shop.example", "10.0.0.5:8080", "[::1]:9"};
  const std::pair<const char*, bool> kTable[] = {
      {"https://api.example.com/a?b", true},
      {"https://API.example.com./a", true},
      {"https://api.example.com:443", true},
      {"https://api.example.com:8443/", false},
      {"https://api.example.com.evil.example/", false},
      {"https://evil.example/api.example.com", false},
      {"https://api.example.com@evil.example/", false},
      {"https://evil.example#@api.example.com", false},
      {"https://evil.example\\@api.example.com", false},
      {"https://xapi.example.com/", false},
      {"https://eu.shop.example/", true},
      {"https://a.b.shop.example/", true},
      {"https://shop.example/", false},
      {"https://notshop.example/", false},
      {"http://10.0.0.5:8080/x", true},
      {"http://10.0.0.5/x", false},
      {"http://[::1]:9/", true},
      {"nonsense", false},
  };
  for (const auto& [url, is] : kTable) EXPECT_EQ(is_for(connection, url), is) << url;
}

TEST(ConnectionHosts, AreCheckedWhenTheyAreGiven) {
  for (const char* good : {"a", "api.example.com", "*.example.com", "10.0.0.5:8080", "[::1]:9"}) {
    EXPECT_TRUE(check_host_pattern(good)) << good;
  }
  EXPECT_EQ(*check_host_pattern("API.Example.com"), "api.example.com");
  for (const char* bad : {"", "*", "*.com", "https://a", "a/b", "a b", "a:", "a:x", "a:123456",
                          "*.*.com", "a@b", "[::1"}) {
    EXPECT_FALSE(check_host_pattern(bad)) << bad;
  }
}

}  // namespace
}  // namespace troupe::directory
