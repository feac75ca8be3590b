// A disk that stalls when a test wants it to.
#ifndef ZKLOCK_TESTS_SUPPORT_SLOW_DISK_H_
#define ZKLOCK_TESTS_SUPPORT_SLOW_DISK_H_

#include <filesystem>
#include <string>
#include <vector>

#include "support/temporary_directory.h"

namespace zklock::test {

/// That of the processes that are started with its `variables`: while it stalls, their fsync and
/// fdatasync do not return. It must outlive them. Thread safety: none.
class SlowDisk {
 public:
  /// For their environment.
  [[nodiscard]] std::vector<std::string> variables() const;

  /// Throws std::runtime_error if that fails.
  void stall() const;
  void recover() const;

 private:
  [[nodiscard]] std::filesystem::path file() const { return directory_.path() / "stalls"; }

  TemporaryDirectory directory_;  // the file is there while the disk stalls
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_SLOW_DISK_H_
