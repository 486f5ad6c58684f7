#include "adapters/mail/message.h"

#include <gtest/gtest.h>

namespace troupe::mail {
namespace {

constexpr TimePoint kNow{1'795'451'769'000'000};

TEST(Message, IsALetterAsTheStandardWantsIt) {
  const std::string letter =
      render({"ada@example.org", "Hello", "Zürich\n.\nend\n"}, "troupe@example.net", kNow, "x1");
  EXPECT_EQ(letter,
            "Date: Mon, 23 Nov 2026 16:36:09 +0000\r\n"
            "From: troupe@example.net\r\n"
            "To: ada@example.org\r\n"
            "Message-ID: <x1@example.net>\r\n"
            "Subject: Hello\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "\r\n"
            "Zürich\r\n.\r\nend\r\n");
}

TEST(Message, KeepsControlCharactersOut) {
  const std::string letter = render({"a@b.c", "s", "a\rb\0c\x1b[1m\td"}, "x@y.z", kNow, "1");
  const std::string body = letter.substr(letter.find("\r\n\r\n") + 4);
  EXPECT_EQ(body, "a b");  // the literal ends at its zero
  const std::string escaped = render({"a@b.c", "s", "a\x1b[1m\x7f"}, "x@y.z", kNow, "1");
  EXPECT_TRUE(escaped.ends_with("\r\n\r\na [1m "));
}

TEST(Message, NamesItsDomain) {
  EXPECT_EQ(domain_of("a@b.example"), "b.example");
  EXPECT_EQ(domain_of("nobody"), "localhost");
}

}  // namespace
}  // namespace troupe::mail
