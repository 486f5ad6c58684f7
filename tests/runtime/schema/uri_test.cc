#include "runtime/schema/uri.h"

#include <gtest/gtest.h>

namespace troupe::schema {
namespace {

TEST(SchemaUri, ReferencesResolveAsInRfc3986) {
  constexpr std::string_view kBase = "http://a/b/c/d;p?q";
  const std::pair<const char*, const char*> cases[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"g..", "http://a/b/c/g.."},
      {"./../g", "http://a/b/g"},
      {"g;x=1/../y", "http://a/b/c/y"},
  };
  for (const auto& [reference, expected] : cases) {
    EXPECT_EQ(resolve_uri(kBase, reference), expected) << reference;
  }
  EXPECT_EQ(resolve_uri("urn:uuid:1234", "#part"), "urn:uuid:1234#part");
  EXPECT_EQ(resolve_uri("", "item.json#x"), "item.json#x");
}

TEST(SchemaUri, FragmentsAreSplitAndDecoded) {
  EXPECT_EQ(split_fragment("a#b").first, "a");
  EXPECT_EQ(split_fragment("a#b").second, "b");
  EXPECT_EQ(split_fragment("a").second, "");
  EXPECT_EQ(percent_decode("%25a%2Fb%zz%4"), "%a/b%zz%4");
}

}  // namespace
}  // namespace troupe::schema
