#include "runtime/base/base64url.h"

#include <gtest/gtest.h>

namespace troupe {
namespace {

TEST(Base64Url, BytesHaveOneForm) {
  const struct {
    std::string_view bytes, text;
  } cases[] = {{"", ""},         {"f", "Zg"},        {"fo", "Zm8"},       {"foo", "Zm9v"},
               {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"},
               {"\xfb\xff\xfe", "-__-"}};
  for (const auto& one : cases) {
    EXPECT_EQ(encode_base64url(one.bytes), one.text);
    EXPECT_EQ(decode_base64url(one.text), one.bytes);
  }
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all.push_back(static_cast<char>(byte));
    EXPECT_EQ(decode_base64url(encode_base64url(all)), all);
  }
}

TEST(Base64Url, WhatIsNotThatFormIsRefused) {
  for (const std::string_view text : {"Z", "Zg==", "Zm9v\n", "Zm9v ", "+__+", "Zm9/", "Zh",
                                      "Zm9vYh",
                                      "Z\xc3\xa4", "Zm.v"}) {
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace troupe
