#include "runtime/tenancy/password.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <vector>

#include "runtime/tenancy/utf8.h"

namespace troupe::tenancy {
namespace {

constexpr std::string_view kWords[] = {
#include "runtime/tenancy/common_words.inc"
};

constexpr bool is_sorted_set() {
  for (std::size_t i = 1; i < std::size(kWords); ++i) {
    if (!(kWords[i - 1] < kWords[i])) return false;
  }
  return true;
}
static_assert(is_sorted_set(), "the words are looked up by halving");

// Ways that a finger takes over a keyboard (US, German, French; rows, columns, both hands, keypad),
// and the alphabet.
constexpr std::string_view kWalks[] = {
    "`1234567890-=",
    "01234567890",
    "!@#$%^&*()_+",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1qa2ws3ed4rf5tg6yh7uj8ik9ol0p",
    "zaq12wsxcde34rfvbgt56yhnmju78ik",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qawsedrftgyhujikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1a2s3d4f5g6h7j8k9l",
    "a1s2d3f4g5h6j7k8l9",
    "1z2x3c4v5b6n7m",
    "a1b2c3d4e5f6g7h8i9j0",
    "1a2b3c4d5e6f7g8h9i0j",
    "147258369",
    "159357",
    "14789632147",
    "abcdefghijklmnopqrstuvwxyz",
};
constexpr std::size_t kPieceMin = 3;
constexpr std::size_t kPiecesMax = 4;
constexpr std::size_t kPaddingMax = 4;
constexpr std::size_t kPaddedMax = 64;  // bounds the time; longer ones are not what is tried first
constexpr std::size_t kBlockMax = 4;
constexpr std::size_t kWordMin = 3;
constexpr std::size_t kCutSize = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

/// Other scripts have no letter case here: the words are of ASCII.
std::string lower(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

/// How far the text goes along with the way, which begins where the text does.
template <class Iterator>
std::size_t steps_along(std::string_view text, Iterator way, Iterator end) {
  std::size_t steps = 0;
  while (steps < text.size() && way != end && text[steps] == *way) ++steps, ++way;
  return steps;
}

/// Size of the longest walk, or of the same character again and again, that the text begins with.
std::size_t walk_size(std::string_view text) {
  std::size_t longest = std::min(text.find_first_not_of(text.front()), text.size());
  for (const std::string_view walk : kWalks) {
    for (auto at = walk.begin(); at != walk.end(); ++at) {
      const auto back = std::make_reverse_iterator(at + 1);
      longest = std::max(
          {longest, steps_along(text, at, walk.end()), steps_along(text, back, walk.rend())});
    }
  }
  return longest;
}

/// Whether all of it is a few pieces of walks, as "qwe123" is.
bool is_walk(std::string_view text) {
  std::size_t pieces = 0;
  while (!text.empty()) {
    const std::size_t size = walk_size(text);
    if (size < kPieceMin || ++pieces > kPiecesMax) return false;
    text.remove_prefix(size);
  }
  return pieces > 0;
}

/// "11223344" walks as "1234" does.
bool is_doubled_walk(const std::string& text) {
  std::string once = text;
  once.erase(std::unique(once.begin(), once.end()), once.end());
  return is_walk(text) || (once.size() * 2 <= text.size() && is_walk(once));
}

bool repeats_block(std::string_view text) {
  for (std::size_t block = 1; block <= kBlockMax && block * 2 <= text.size(); ++block) {
    // What is equal to itself, moved on by a block, is that block again and again.
    if (text.substr(block) == text.substr(0, text.size() - block)) return true;
  }
  return false;
}

/// Eight digits, alone or with separators, of a day in the last or this century.
bool is_date(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (is_digit(c)) digits += c;
    if (!is_digit(c) && c != '-' && c != '.' && c != '/') return false;
  }
  if (digits.size() != 8) return false;
  const auto number = [&digits](std::size_t at, std::size_t size) {
    int value = 0;
    for (const char c : std::string_view(digits).substr(at, size)) value = value * 10 + (c - '0');
    return value;
  };
  const auto is_day = [](int day, int month) {
    return day >= 1 && day <= 31 && month >= 1 && month <= 12;
  };
  const auto is_year = [](int year) { return year >= 1900 && year < 2100; };
  const int first = number(0, 2);
  const int second = number(2, 2);
  const bool ends_in_year =
      is_year(number(4, 4)) && (is_day(first, second) || is_day(second, first));
  const bool two_years = is_year(number(0, 4)) && is_year(number(4, 4));
  return ends_in_year || two_years || (is_year(number(0, 4)) && is_day(number(6, 2), number(4, 2)));
}

/// A listed word; or what is left of one where a system keeps eight characters of a password, as
/// many have done for long enough that people go on choosing "liverpoo".
bool is_word(std::string_view text, std::span<const std::string> more) {
  if (text.size() < kWordMin) return false;
  const auto* const word = std::lower_bound(std::begin(kWords), std::end(kWords), text);
  if (word != std::end(kWords) &&
      (text.size() == kCutSize ? word->starts_with(text) : *word == text)) {
    return true;
  }
  return std::find(more.begin(), more.end(), text) != more.end();
}

/// One word, or two: "monkey", "monkeymonkey", "bluemoon".
bool is_words(std::string_view text, std::span<const std::string> more) {
  if (is_word(text, more)) return true;
  for (std::size_t cut = kWordMin; cut + kWordMin <= text.size(); ++cut) {
    if (is_word(text.substr(0, cut), more) && is_word(text.substr(cut), more)) return true;
  }
  return false;
}

/// Letters for the digits and marks that stand for them; 1 can stand for two.
std::string without_substitutes(std::string_view text, char one) {
  constexpr std::string_view kFrom = "@4301!$57";
  const std::array<char, 9> to = {'a', 'a', 'e', 'o', one, 'i', 's', 's', 't'};
  std::string letters(text);
  for (char& c : letters) {
    if (const std::size_t at = kFrom.find(c); at != std::string_view::npos) c = to[at];
  }
  return letters;
}

/// What the characters around a word add; a walk adds next to nothing.
std::size_t padding_cost(std::string_view text) { return is_walk(text) ? 0 : text.size(); }

/// Looks for words in what is left between a padding before and one behind.
bool is_padded_words(std::string_view text, std::span<const std::string> more) {
  if (text.size() > kPaddedMax) return false;
  for (std::size_t from = 0; from + kWordMin <= text.size(); ++from) {
    // Only what is no letter pads: "xmonkey" is another word.
    if (from > 0 && is_letter(text[from - 1])) break;
    const std::size_t before = padding_cost(text.substr(0, from));
    if (before > kPaddingMax) continue;
    for (std::size_t to = text.size(); to >= from + kWordMin; --to) {
      if (to < text.size() && is_letter(text[to])) break;
      if (before + padding_cost(text.substr(to)) > kPaddingMax) continue;
      const std::string_view core = text.substr(from, to - from);
      if (is_words(core, more) || is_words(without_substitutes(core, 'i'), more) ||
          is_words(without_substitutes(core, 'l'), more)) {
        return true;
      }
    }
  }
  return false;
}

bool is_guessed_first(const std::string& folded, std::span<const std::string> more) {
  const std::string backwards(folded.rbegin(), folded.rend());
  return is_doubled_walk(folded) || repeats_block(folded) || is_date(folded) ||
         is_padded_words(folded, more) || is_padded_words(backwards, more);
}

/// The parts of a name or an address that can stand alone: "ada", "lovelace", "ada.lovelace".
std::vector<std::string> parts_of(std::span<const std::string> own_words) {
  std::vector<std::string> parts;
  for (const std::string& own : own_words) {
    const std::string word = lower(own);
    if (word.size() >= kWordMin) parts.push_back(word);
    std::string part;
    for (const char c : word + " ") {
      const bool separates = static_cast<unsigned char>(c) < 0x80 && !is_letter(c) && !is_digit(c);
      if (!separates) part += c;
      if (separates && part.size() >= kWordMin) parts.push_back(part);
      if (separates) part.clear();
    }
  }
  return parts;
}

}  // namespace

bool is_common_password(std::string_view password) {
  return !password.empty() && is_guessed_first(lower(password), {});
}

Status check_password(std::string_view password, const PasswordContext& context) {
  const Error too_long{
      Code::kLimitExceeded, "is longer than " + std::to_string(kPasswordMax) + " characters.", {}};
  if (password.size() > kPasswordMax * 4) return too_long;  // before anything walks over it
  const std::optional<std::size_t> size = count_code_points(password);
  if (!size) return {Code::kInvalidField, "is not valid UTF-8."};
  if (*size < kPasswordMin) {
    return {Code::kInvalidField,
            "must have " + std::to_string(kPasswordMin) + " characters or more."};
  }
  if (*size > kPasswordMax) return too_long;
  const std::string folded = lower(password);
  if (std::binary_search(context.refused.begin(), context.refused.end(), folded) ||
      is_guessed_first(folded, {})) {
    return {Code::kInvalidField, "is among those that are guessed first: choose another one."};
  }
  if (is_guessed_first(folded, parts_of(context.own_words))) {
    return {Code::kInvalidField, "must not be made of your own name or address."};
  }
  return ok();
}

}  // namespace troupe::tenancy
