#include "runtime/base/secret_text.h"

#include <cstring>
#include <utility>

#include "runtime/base/ensure.h"

namespace troupe {

void wipe(void* bytes, std::size_t size) noexcept {
  if (size == 0) return;
  std::memset(bytes, 0, size);
  // To the compiler this may read all memory, so the zeroes have to be there.
  __asm__ __volatile__("" : : "r"(bytes) : "memory");
}

void wipe(std::string& text) noexcept {
  text.resize(text.capacity());
  wipe(text.data(), text.size());
  text.clear();
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  // Volatile, so that the loop is not left at the first difference.
  const volatile char* const left = a.data();
  const volatile char* const right = b.data();
  int difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= left[i] ^ right[i];
  return difference == 0;
}

SecretText::SecretText(std::string_view bytes, std::pmr::memory_resource* memory)
    : SecretText(of_size(bytes.size(), memory)) {
  if (!bytes.empty()) std::memcpy(data_, bytes.data(), bytes.size());
}

SecretText SecretText::of_size(std::size_t size, std::pmr::memory_resource* memory) {
  SecretText made;
  made.memory_ = memory != nullptr ? memory : std::pmr::new_delete_resource();
  if (size == 0) return made;
  made.data_ = static_cast<char*>(made.memory_->allocate(size, 1));
  made.size_ = made.capacity_ = size;
  std::memset(made.data_, 0, size);
  return made;
}

SecretText SecretText::take(std::string& text) {
  SecretText taken{std::string_view(text)};
  wipe(text);
  return taken;
}

SecretText& SecretText::operator=(SecretText&& other) noexcept {
  if (this != &other) {
    clear();
    swap(other);
  }
  return *this;
}

std::span<unsigned char> SecretText::writable() {
  return {reinterpret_cast<unsigned char*>(data_), size_};
}

void SecretText::truncate(std::size_t size) {
  TROUPE_ENSURE(size <= size_);
  if (size == size_) return;
  wipe(data_ + size, size_ - size);
  size_ = size;
}

void SecretText::clear() noexcept {
  if (data_ == nullptr) return;
  wipe(data_, capacity_);
  memory_->deallocate(data_, capacity_, 1);
  data_ = nullptr;
  size_ = capacity_ = 0;
}

void SecretText::swap(SecretText& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

}  // namespace troupe
