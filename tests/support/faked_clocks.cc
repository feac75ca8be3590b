#include "support/faked_clocks.h"

#include <filesystem>
#include <system_error>

namespace zklock::test {

FakedClocks::~FakedClocks() {
  std::error_code ignored;  // another test may have removed it
  for (const auto& file : std::filesystem::directory_iterator("/dev/shm", ignored)) {
    const std::string name = file.path().filename();
    if (!name.starts_with("faketime_shm_") && !name.starts_with("sem.faketime_sem_")) continue;
    const std::string process = "/proc/" + name.substr(name.rfind('_') + 1);
    if (!std::filesystem::exists(process, ignored)) std::filesystem::remove(file, ignored);
  }
}

// Not with the program `faketime`: it fails when a process that was killed had the same number.
std::vector<std::string> FakedClocks::variables(const std::string& setting) {
  return {"LD_PRELOAD=" ZKLOCK_FAKETIME, setting, "DONT_FAKE_MONOTONIC=1",
          "FAKETIME_DONT_FAKE_MONOTONIC=1",
          "FAKETIME_FORCE_MONOTONIC_FIX=0"};  // with it, Java's waits for a time end at once
}

}  // namespace zklock::test
