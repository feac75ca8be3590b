// Programs whose clocks show something else, by libfaketime.
#ifndef ZKLOCK_TESTS_SUPPORT_FAKED_CLOCKS_H_
#define ZKLOCK_TESTS_SUPPORT_FAKED_CLOCKS_H_

#include <string>
#include <vector>

namespace zklock::test {

/// REQUIRES: the programs end before the object does.
class FakedClocks {
 public:
  FakedClocks() = default;
  /// libfaketime leaves files in /dev/shm when a program is killed. Removes those.
  ~FakedClocks();

  FakedClocks(const FakedClocks&) = delete;
  FakedClocks& operator=(const FakedClocks&) = delete;

  /// For the environment of such a program. `setting`: "FAKETIME=+1h", say.
  [[nodiscard]] static std::vector<std::string> variables(const std::string& setting);
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_FAKED_CLOCKS_H_
