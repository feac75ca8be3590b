// Lock paths of their own for tests that share a server.
#ifndef ZKLOCK_TESTS_SUPPORT_UNIQUE_PATH_H_
#define ZKLOCK_TESTS_SUPPORT_UNIQUE_PATH_H_

#include <unistd.h>

#include <atomic>
#include <string>

namespace zklock::test {

/// A path of a lock that nobody else uses: "/zklock-test/<pid>-<count>".
inline std::string unique_path() {
  static std::atomic<int> count = 0;
  return "/zklock-test/" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_UNIQUE_PATH_H_
