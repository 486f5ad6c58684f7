#include "tests/support/answer_log.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/support/json_value.h"

namespace troupe::testing {

void log_answer(std::string_view method, std::string_view path, int status, std::string_view body) {
  const char* const file = std::getenv("TROUPE_ANSWERS");
  if (file == nullptr) return;
  const Json line = {{"method", method}, {"path", path}, {"status", status}, {"body", body}};
  // One write per line: several threads and programs may have the same file.
  std::ofstream out(file, std::ios::app);
  const std::string text = boost::json::serialize(line) + "\n";
  if (!out.write(text.data(), static_cast<std::streamsize>(text.size())).flush()) {
    throw std::runtime_error(std::string("cannot write ") + file);
  }
}

}  // namespace troupe::testing
