#include "tests/support/smtp_server.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace troupe::testing {
namespace {

constexpr int kPatienceMs = 20'000;

Letter letter_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  Letter letter;
  std::string protection;
  std::getline(in, letter.to);
  std::getline(in, letter.from);
  std::getline(in, protection);
  letter.by_tls = protection == "tls";
  letter.text.assign(std::istreambuf_iterator<char>(in), {});
  std::erase(letter.text, '\r');
  return letter;
}

}  // namespace

SmtpServer::SmtpServer(std::vector<std::string> arguments) {
  // The system's Python, for which the package is.
  std::vector<std::string> command = {"/usr/bin/python3", TROUPE_SMTP_SERVER,
                                      directory_.path().string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  process_ = std::make_unique<Process>(Command{std::move(command), {}, {}, {}});
  port_ = std::stoi(process_->wait_for_line("port ", kPatienceMs).substr(5));
}

std::vector<Letter> SmtpServer::letters() const {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    if (entry.path().extension() == ".letter") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Letter> all;
  for (const auto& file : files) all.push_back(letter_in(file));
  return all;
}

std::vector<Letter> SmtpServer::wait_for(const std::string& to, std::size_t count) const {
  std::vector<Letter> found;
  static_cast<void>(eventually(kPatienceMs, [&] {
    found = letters();
    std::erase_if(found, [&](const Letter& letter) { return letter.to != to; });
    return found.size() >= count;
  }));
  return found;
}

std::string token_in(const Letter& letter) {
  const std::size_t mark = letter.text.find('#');
  if (mark == std::string::npos) return {};
  return letter.text.substr(mark + 1, letter.text.find('\n', mark) - mark - 1);
}

}  // namespace troupe::testing
