// Owns a file descriptor.
#ifndef ZKLOCK_TESTS_SUPPORT_FILE_DESCRIPTOR_H_
#define ZKLOCK_TESTS_SUPPORT_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace zklock::test {

/// Closes it at the end. A plain value otherwise, that can be moved.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;

  /// Takes what a system call returned; throws std::system_error, naming `what`, if that is -1.
  FileDescriptor(int number, const std::string& what) : number_(number) {
    if (number < 0) throw std::system_error(errno, std::generic_category(), what);
  }
  ~FileDescriptor() { reset(); }

  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
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

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_FILE_DESCRIPTOR_H_
