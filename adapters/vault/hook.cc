#include "adapters/vault/hook.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "adapters/vault/base64.h"
#include "adapters/vault/program.h"
#include "adapters/vault/redact.h"

namespace troupe::vault {
namespace {

/// Nothing if it has ended well.
std::string misfortune(const ProgramEnd& end) {
  switch (end.how) {
    case ProgramEnd::How::kExited:
      return end.number == 0 ? "" : "exited with status " + std::to_string(end.number);
    case ProgramEnd::How::kSignalled:
      return "was ended by signal " + std::to_string(end.number);
    case ProgramEnd::How::kOverDeadline:
      return "did not answer in time";
    case ProgramEnd::How::kTooMuchOutput:
      return "answered more than a key";
  }
  return "did something unknown";
}

SecretText as_line(std::string_view bytes) {
  const SecretText text = encode_base64(bytes);
  SecretText line = SecretText::of_size(text.size() + 1);
  std::copy(text.reveal().begin(), text.reveal().end(), line.writable().begin());
  line.writable().back() = '\n';
  return line;
}

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace

void Hook::report(std::string_view verb, const std::string& said, bool went_well) const {
  constexpr std::string_view kMessage = "the program of a master key wrote to standard error";
  if (went_well) {
    log_.info(kMessage, {{"master_key", options_.id}, {"verb", verb}, {"said", said}});
  } else {
    log_.warning(kMessage, {{"master_key", options_.id}, {"verb", verb}, {"said", said}});
  }
}

Result<SecretText> Hook::call(std::string_view verb,
                              std::string_view bytes,
                              std::size_t answer_bytes_max) const {
  const auto failed = [&](const std::string& what) {
    return Error{
        Code::kUnavailable,
        "The program of master key " + options_.id + " " + what + " (" + std::string(verb) + ").",
        {}};
  };
  std::vector<std::string> argv = options_.argv;
  argv.emplace_back(verb);
  // With room for the padding and a line end.
  const ProgramLimits limits{options_.deadline, (answer_bytes_max + 2) / 3 * 4 + 2};
  const Result<ProgramEnd> end = run_program(argv, as_line(bytes).reveal(), limits);
  if (!end) return end.error();
  const std::string wrong = misfortune(*end);
  if (!end->complaints.empty()) {
    // One that was killed may have been in the middle of a word.
    const bool is_cut = end->are_complaints_cut || end->how != ProgramEnd::How::kExited;
    report(verb, redact(end->complaints.reveal(), is_cut), wrong.empty());
  }
  if (!wrong.empty()) return failed(wrong);
  std::optional<SecretText> answer = decode_base64(without_line_end(end->output.reveal()));
  if (!answer || answer->empty() || answer->size() > answer_bytes_max) {
    return failed("answered something that is no base64 of the right size");
  }
  return std::move(*answer);
}

}  // namespace troupe::vault
