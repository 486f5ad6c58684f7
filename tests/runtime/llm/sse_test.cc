#include "runtime/llm/sse.h"

#include <gtest/gtest.h>

#include <vector>

namespace troupe::llm {
namespace {

/// What a stream says, as "type:data|…", read in pieces of a size.
std::string read(std::string_view stream, std::size_t piece, std::size_t bytes_max = 1000) {
  std::string said;
  SseReader reader(bytes_max, [&](const SseEvent& event) {
    said += event.type + ":" + event.data + "|";
    return ok();
  });
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    if (Status fed = reader.feed(stream.substr(at, piece)); !fed) return "error";
  }
  return said;
}

TEST(Sse, AnyPiecesGiveTheSameEvents) {
  const struct {
    std::string_view stream, said;
  } kTable[] = {
      {"data: a\n\n", ":a|"},
      {"data:a\n\ndata:  b\n\n", ":a|: b|"},
      {"event: x\ndata: 1\ndata: 2\n\n", "x:1\n2|"},
      {"data: a\r\n\r\ndata: b\r\r", ":a|:b|"},
      {"\xef\xbb\xbf" "data: a\n\n", ":a|"},
      {": comment\n\n:\n\ndata: a\n\n", ":a|"},
      {"id: 7\nretry: 3\nnonsense\ndata: a\n\n", ":a|"},
      {"event: x\n\ndata: a\n\n", ":a|"},
      {"data\n\n", ":|"},
      {"data: a\n", ""},
      {"data: a\ndata\ndata: b\n\n", ":a\n\nb|"},
  };
  for (const auto& row : kTable) {
    for (std::size_t piece = 1; piece <= row.stream.size(); ++piece) {
      EXPECT_EQ(read(row.stream, piece), row.said) << row.stream << " by " << piece;
    }
  }
}

TEST(Sse, AnEventThatIsTooLongEndsIt) {
  EXPECT_EQ(read("data: " + std::string(90, 'x') + "\n\n", 7, 100),
            ":" + std::string(90, 'x') + "|");
  EXPECT_EQ(read("data: " + std::string(200, 'x') + "\n\n", 7, 100), "error");
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += "data: xxxx\n";
  EXPECT_EQ(read(lines + "\n", 7, 100), "error");
}

}  // namespace
}  // namespace troupe::llm
