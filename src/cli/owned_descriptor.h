// Owns a file descriptor.
#ifndef ZKLOCK_SRC_CLI_OWNED_DESCRIPTOR_H_
#define ZKLOCK_SRC_CLI_OWNED_DESCRIPTOR_H_

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace zklock::cli {

class OwnedDescriptor {
 public:
  OwnedDescriptor() noexcept = default;
  explicit OwnedDescriptor(int number) noexcept : number_(number) {}
  /// Takes what a system call returned. Throws std::system_error, which names `what`, if that is
  /// -1.
  OwnedDescriptor(int number, const char* what) : number_(number) {
    if (number < 0) throw std::system_error(errno, std::generic_category(), what);
  }
  ~OwnedDescriptor() { reset(); }
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  /// -1: none.
  [[nodiscard]] int get() const noexcept { return number_; }

  void reset() noexcept {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_OWNED_DESCRIPTOR_H_
