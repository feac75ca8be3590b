// Owns a file descriptor.
#ifndef ZKLOCK_SRC_CLI_FILE_DESCRIPTOR_H_
#define ZKLOCK_SRC_CLI_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace zklock::cli {

/// Closes it at the end. A plain value otherwise, that can be moved. The tests use it too.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;
  explicit FileDescriptor(int number) noexcept : number_(number) {}
  /// Takes what a system call returned. Throws std::system_error, which names `what`, if that is
  /// -1.
  FileDescriptor(int number, const std::string& what) : number_(number) {
    if (number < 0) throw std::system_error(errno, std::generic_category(), what);
  }
  ~FileDescriptor() { reset(); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
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

#endif  // ZKLOCK_SRC_CLI_FILE_DESCRIPTOR_H_
