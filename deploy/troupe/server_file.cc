#include "deploy/troupe/server_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "deploy/troupe/output.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

std::string path_in(const std::string& data_dir) { return data_dir + "/server.json"; }

}  // namespace

std::optional<ServerFile> read_server_file(const std::string& data_dir) {
  Result<std::string> bytes = read_file(path_in(data_dir));
  if (!bytes) return std::nullopt;
  const Result<json::Text> text = json::Text::parse(std::move(*bytes));
  if (!text) return std::nullopt;
  const auto url = json::member(text->view(), "url");
  const auto pid = json::member(text->view(), "pid");
  const auto number = pid ? json::as_int(*pid) : std::nullopt;
  if (!url || !number) return std::nullopt;
  return ServerFile{json::decode_string(*url), static_cast<int>(*number)};
}

Status write_server_file(const std::string& data_dir, const ServerFile& server) {
  json::Writer out;
  out.begin_object().member("url", server.url).member("pid", server.pid).end_object();
  const std::string text = out.take() + "\n";
  // Renamed into place, so that a client never reads half of it.
  const std::string temporary = path_in(data_dir) + ".new";
  std::FILE* file = std::fopen(temporary.c_str(), "wbe");
  if (file == nullptr) {
    return {Code::kUnavailable, "cannot write " + temporary + ": " + std::strerror(errno)};
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed || std::rename(temporary.c_str(), path_in(data_dir).c_str()) != 0) {
    return {Code::kUnavailable, "cannot write " + path_in(data_dir) + ": " + std::strerror(errno)};
  }
  return ok();
}

void remove_server_file(const std::string& data_dir) { std::remove(path_in(data_dir).c_str()); }

}  // namespace troupe::cli
