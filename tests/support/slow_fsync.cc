// Preloaded into a server: its disk stalls, as SlowDisk says. Nothing of the C++ library is used,
// as this runs in a Java virtual machine.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace {

/// Returns when the file is removed. A file created later does not prolong the wait: each stall is
/// over when it ends, however soon the next one begins.
void wait_while_it_stalls() {
  const int error = errno;
  const char* const name = std::getenv("ZKLOCK_SLOW_DISK");  // NOLINT: it does not change
  const int file = name != nullptr ? ::open(name, O_RDONLY | O_CLOEXEC) : -1;
  if (file >= 0) {
    struct stat status {};
    while (::fstat(file, &status) == 0 && status.st_nlink > 0) {
      const timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
      ::nanosleep(&pause, nullptr);
    }
    ::close(file);
  }
  errno = error;
}

}  // namespace

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's are its own
extern "C" {

int fsync(int file) {
  wait_while_it_stalls();
  return static_cast<int>(::syscall(SYS_fsync, file));
}

int fdatasync(int file) {
  wait_while_it_stalls();
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
