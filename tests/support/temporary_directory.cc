#include "support/temporary_directory.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

namespace zklock::test {

TemporaryDirectory::TemporaryDirectory() {
  const std::filesystem::path memory = "/dev/shm";
  const bool in_memory = ::access(memory.c_str(), W_OK | X_OK) == 0;
  const std::filesystem::path parent = in_memory ? memory : std::filesystem::temp_directory_path();
  std::string name = parent / "zklock-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
  }
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // what a test leaves behind is not worth its failure
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace zklock::test
