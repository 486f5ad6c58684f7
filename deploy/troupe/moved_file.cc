#include "deploy/troupe/moved_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "deploy/troupe/output.h"
#include "runtime/json/read.h"
#include "runtime/json/write.h"

namespace troupe::cli {
namespace {

std::string path_in(const std::string& data_dir) { return data_dir + "/moved.json"; }

Error failed(const std::string& path) {
  return {Code::kUnavailable, "cannot write " + path + ": " + std::strerror(errno), {}};
}

/// Writes, and waits until the disk has it.
bool write_synced(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                       std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  return std::fclose(file) == 0 && written;
}

bool sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return false;
  const bool synced = ::fsync(directory) == 0;
  ::close(directory);
  return synced;
}

std::string text_of(std::string_view object, std::string_view name) {
  const auto value = json::member(object, name);
  return value ? json::decode_string(*value) : std::string();
}

}  // namespace

std::optional<MovedFile> read_moved_file(const std::string& data_dir) {
  std::error_code unknown;
  if (!std::filesystem::exists(path_in(data_dir), unknown)) return std::nullopt;
  Result<std::string> bytes = read_file(path_in(data_dir));
  const auto text = bytes ? json::Text::parse(std::move(*bytes)) : Result<json::Text>(Error{});
  if (!text) return MovedFile{};
  MovedFile moved;
  moved.to = text_of(text->view(), "to");
  moved.schema = text_of(text->view(), "schema");
  moved.at = text_of(text->view(), "at");
  const auto move = json::member(text->view(), "move");
  const auto number = move ? json::as_int(*move) : std::nullopt;
  moved.move = number ? static_cast<std::uint64_t>(*number) : 0;
  moved.is_certain = text_of(text->view(), "state") == "moved";
  return moved;
}

Status write_moved_file(const std::string& data_dir, const MovedFile& moved) {
  json::Writer out;
  out.begin_object().member("to", moved.to).member("schema", moved.schema);
  out.member("move", moved.move).member("at", moved.at);
  out.member("state", moved.is_certain ? "moved" : "ending").end_object();
  const std::string draft = path_in(data_dir) + ".new";
  if (!write_synced(draft, out.take() + "\n") ||
      std::rename(draft.c_str(), path_in(data_dir).c_str()) != 0 || !sync_directory(data_dir)) {
    return failed(path_in(data_dir));
  }
  return ok();
}

Status remove_moved_file(const std::string& data_dir) {
  if (std::remove(path_in(data_dir).c_str()) != 0 && errno != ENOENT) {
    return failed(path_in(data_dir));
  }
  return ok();
}

Status require_not_moved(const std::string& data_dir) {
  const std::optional<MovedFile> moved = read_moved_file(data_dir);
  if (!moved) return ok();
  const std::string place = moved->to + ", schema " + moved->schema;
  if (!moved->is_certain) {
    return Error{Code::kConfigInvalid,
                 "A move of " + data_dir + " to " + place +
                     " was interrupted at its very end: run the same `troupe migrate` again, "
                     "which finds out where the runs are.",
                 {}};
  }
  return Error{Code::kConfigInvalid,
               "What " + data_dir + " held was moved to " + place + " on " + moved->at +
                   " and must not run twice: set store.kind = \"postgres\". The way back is told "
                   "by `troupe migrate --help`.",
               {}};
}

}  // namespace troupe::cli
