#include "support/slow_disk.h"

#include <fstream>
#include <stdexcept>

namespace zklock::test {

std::vector<std::string> SlowDisk::variables() const {
  return {"LD_PRELOAD=" ZKLOCK_SLOW_FSYNC, "ZKLOCK_SLOW_DISK=" + file().string()};
}

void SlowDisk::stall() const {
  if (!std::ofstream(file())) throw std::runtime_error("cannot make " + file().string());
}

void SlowDisk::recover() const { std::filesystem::remove(file()); }

}  // namespace zklock::test
