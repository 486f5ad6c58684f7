#pragma once

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/vault/key_ring.h"
#include "runtime/base/secret_text.h"
#include "runtime/port/data_keys.h"
#include "runtime/port/log.h"
#include "tests/conformance/temporary_directory.h"

namespace troupe::vault {

using troupe::testing::TemporaryDirectory;

/// Bytes from their hexadecimal digits.
inline std::string unhex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// `size` bytes that count up from `first`.
inline std::string counting(unsigned char first, std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(first + i);
  return bytes;
}

inline WorkspaceId workspace(unsigned char first = 0) {
  return WorkspaceId(Uuid::from_bytes(counting(first, 16).data()));
}

inline DataKey data_key(const WorkspaceId& workspace, std::uint32_t version, std::string_view key) {
  return {workspace, version, SecretText(key)};
}

inline std::string flipped(std::string bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  return bytes;
}

/// What was logged. For one thread.
class KeptLog final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override {
    text_.append(message);
    for (const LogField& field : fields) {
      text_.append(" ").append(field.key).append("=").append(field.text);
    }
    text_ += "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// A directory for key files and programs.
class VaultTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view bytes, mode_t mode = 0600) {
    const std::string path = directory_.file(name);
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  /// A program of the shell's language.
  std::string script(const std::string& name, const std::string& lines) {
    return write(name, "#!/bin/sh\n" + lines + "\n", 0700);
  }
  /// A master key whose bytes count up from `first`, which is no printable character.
  KeyFile key_file(unsigned char first) {
    return {write("key" + std::to_string(first), counting(first, 32))};
  }
  Result<std::unique_ptr<VaultKeyRing>> try_open(MasterKeySource current,
                                                 std::vector<MasterKeySource> older = {}) {
    return VaultKeyRing::open({std::move(current), std::move(older)}, log_);
  }
  std::unique_ptr<VaultKeyRing> open(MasterKeySource current,
                                     std::vector<MasterKeySource> older = {}) {
    auto ring = try_open(std::move(current), std::move(older));
    if (ring) return std::move(*ring);
    ADD_FAILURE() << ring.error().message;
    return nullptr;
  }

  TemporaryDirectory directory_;
  KeptLog log_;
};

}  // namespace troupe::vault
