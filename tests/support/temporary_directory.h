// A directory of its own for a test.
#ifndef ZKLOCK_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_
#define ZKLOCK_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_

#include <filesystem>

namespace zklock::test {

/// Exists, empty at first, as long as the object does. In memory (/dev/shm) where that is possible:
/// a ZooKeeper server waits for its disk with every write.
class TemporaryDirectory {
 public:
  /// Throws std::system_error if it cannot be created.
  TemporaryDirectory();

  /// Removes it, with all that is in it.
  ~TemporaryDirectory();

  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_TEMPORARY_DIRECTORY_H_
