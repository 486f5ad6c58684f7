#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "runtime/json/read.h"
#include "runtime/json/text.h"

// The public JSON parsing test suite, read from outside the repository. Its three kinds of files
// are told apart by name: y_ must be accepted, n_ refused, i_ is for each parser to decide.
namespace troupe::json {
namespace {

/// RFC 8259 allows what these do, and Troupe refuses it by contract: a key stands once.
const std::set<std::string> kRefusedByContract = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
};

/// What Troupe decided where the suite leaves it open: true is accepted.
const std::map<std::string, bool> kDecisions = {
    // Too small to tell from zero is zero; too large for a double is refused.
    {"i_number_double_huge_neg_exp.json", true},
    {"i_number_real_underflow.json", true},
    {"i_number_huge_exp.json", false},
    {"i_number_neg_int_huge_exp.json", false},
    {"i_number_pos_double_huge_exp.json", false},
    {"i_number_real_neg_overflow.json", false},
    {"i_number_real_pos_overflow.json", false},
    // Integers beyond 64 bits keep their text and read as doubles.
    {"i_number_too_big_neg_int.json", true},
    {"i_number_too_big_pos_int.json", true},
    {"i_number_very_big_negative_int.json", true},
    // Half a surrogate pair stands for no character.
    {"i_object_key_lone_2nd_surrogate.json", false},
    {"i_string_1st_surrogate_but_2nd_missing.json", false},
    {"i_string_1st_valid_surrogate_2nd_invalid.json", false},
    {"i_string_incomplete_surrogate_and_escape_valid.json", false},
    {"i_string_incomplete_surrogate_pair.json", false},
    {"i_string_incomplete_surrogates_escape_valid.json", false},
    {"i_string_invalid_lonely_surrogate.json", false},
    {"i_string_invalid_surrogate.json", false},
    {"i_string_inverted_surrogates_U+1D11E.json", false},
    {"i_string_lone_second_surrogate.json", false},
    // Only UTF-8, without a byte order mark.
    {"i_string_UTF-16LE_with_BOM.json", false},
    {"i_string_UTF-8_invalid_sequence.json", false},
    {"i_string_UTF8_surrogate_U+D800.json", false},
    {"i_string_invalid_utf-8.json", false},
    {"i_string_iso_latin_1.json", false},
    {"i_string_lone_utf8_continuation_byte.json", false},
    {"i_string_not_in_unicode_range.json", false},
    {"i_string_overlong_sequence_2_bytes.json", false},
    {"i_string_overlong_sequence_6_bytes.json", false},
    {"i_string_overlong_sequence_6_bytes_null.json", false},
    {"i_string_truncated-utf-8.json", false},
    {"i_string_utf16BE_no_BOM.json", false},
    {"i_string_utf16LE_no_BOM.json", false},
    {"i_structure_UTF-8_BOM_empty_object.json", false},
    // Deeper than the limit of 64.
    {"i_structure_500_nested_arrays.json", false},
};

const std::set<std::string> kRoundedToZero = {
    "i_number_double_huge_neg_exp.json",
    "i_number_real_underflow.json",
};

std::filesystem::path corpus() {
  const char* const given = std::getenv("TROUPE_CORPORA");
  return std::filesystem::path(given != nullptr ? given : "../shared/corpora") /
         "json-parsing/test_parsing";
}

std::map<std::string, std::string> read_corpus() {
  std::map<std::string, std::string> files;
  if (!std::filesystem::is_directory(corpus())) {
    std::cerr << "NOT RUN: the JSON parsing suite, no folder " << corpus() << "\n";
    return files;
  }
  for (const auto& entry : std::filesystem::directory_iterator(corpus())) {
    std::ifstream file(entry.path(), std::ios::binary);
    files[entry.path().filename()] = {std::istreambuf_iterator<char>(file), {}};
  }
  EXPECT_GT(files.size(), 300u);
  return files;
}

TEST(JsonCorpus, EveryFileIsAcceptedOrRefusedAsStated) {
  for (const auto& [name, bytes] : read_corpus()) {
    bool expected = name.starts_with("y_") && !kRefusedByContract.contains(name);
    if (name.starts_with("i_")) {
      ASSERT_TRUE(kDecisions.contains(name)) << "no decision is written down for " << name;
      expected = kDecisions.at(name);
    }
    const Result<Text> parsed = Text::parse(bytes);
    EXPECT_EQ(parsed.ok(), expected) << name << (parsed.ok() ? "" : parsed.error().message);
  }
}

/// Another reader of the same bytes. It refuses integers beyond 64 bits, and nothing else that
/// Troupe accepts; the rest of what it makes of a text must be the same.
TEST(JsonCorpus, SimdjsonReadsWhatIsAcceptedAlike) {
  simdjson::dom::parser parser;
  for (const auto& [name, bytes] : read_corpus()) {
    const Result<Text> parsed = Text::parse(bytes);
    if (!parsed.ok()) continue;
    simdjson::dom::element other;
    const simdjson::error_code error = parser.parse(bytes).get(other);
    if (error == simdjson::NUMBER_ERROR) {
      EXPECT_TRUE(name.find("_int") != std::string::npos) << name;
      continue;
    }
    ASSERT_EQ(error, simdjson::SUCCESS) << name;
    const std::string read = simdjson::to_string(other);
    // Equality is exact here, so what simdjson rounds to zero is not equal to it.
    const bool rounded = kRoundedToZero.contains(name);
    EXPECT_EQ(equal(read, parsed->view()), !rounded) << name << ": " << read;
  }
}

TEST(JsonCorpus, NoTruncatedFileCrashesTheParser) {
  std::size_t cuts = 0;
  for (const auto& [name, bytes] : read_corpus()) {
    if (bytes.size() > 1024) continue;
    for (std::size_t size = 0; size <= bytes.size(); ++size, ++cuts) {
      const Result<Text> parsed = Text::parse(bytes.substr(0, size));
      if (!parsed.ok()) {
        EXPECT_FALSE(parsed.error().message.empty());
        continue;
      }
      EXPECT_TRUE(equal(pretty(parsed->view()), compact(parsed->view()))) << name;
    }
  }
  std::cerr << "truncated texts parsed: " << cuts << "\n";
}

}  // namespace
}  // namespace troupe::json
