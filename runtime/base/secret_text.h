#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

namespace troupe {

/// Overwrites with zeroes, also where the compiler sees that nobody will read them.
void wipe(void* bytes, std::size_t size) noexcept;
/// Overwrites a text together with what it has reserved, and leaves it empty.
void wipe(std::string& text) noexcept;

/// Takes a time that depends on the sizes alone. Texts of different sizes differ at once: a size is
/// no secret here.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

/// Bytes that must not be found in memory once they are done with: passwords, keys, values of the
/// vault. Wiped when it goes; a move leaves the source empty, without bytes. It is copied only by
/// name, printed never, and what `reveal` shows must not be put into an ordinary string.
/// A value: one owner, one thread at a time.
class SecretText {
 public:
  SecretText() = default;
  /// Copies the bytes; what they came from stays the caller's to wipe. `memory` outlives this and
  /// whatever is moved from it; none is the ordinary heap.
  explicit SecretText(std::string_view bytes, std::pmr::memory_resource* memory = nullptr);
  /// Zeroes, to be written through `writable`.
  static SecretText of_size(std::size_t size, std::pmr::memory_resource* memory = nullptr);
  /// Takes the bytes out of a text and wipes that.
  static SecretText take(std::string& text);
  ~SecretText() { clear(); }
  SecretText(SecretText&& other) noexcept { swap(other); }
  SecretText& operator=(SecretText&& other) noexcept;
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;

  /// In the same kind of memory.
  SecretText copy() const { return SecretText(reveal(), memory_); }
  std::string_view reveal() const { return {data_, size_}; }
  std::span<unsigned char> writable();
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Keeps the first `size` bytes, of which there are as many or more, and wipes the rest.
  void truncate(std::size_t size);
  void clear() noexcept;

  friend bool operator==(const SecretText& a, const SecretText& b) noexcept {
    return equal_in_constant_time(a.reveal(), b.reveal());
  }

 private:
  void swap(SecretText& other) noexcept;

  std::pmr::memory_resource* memory_ = nullptr;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

std::ostream& operator<<(std::ostream& out, const SecretText& secret) = delete;

}  // namespace troupe
