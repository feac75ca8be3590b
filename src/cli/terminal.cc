#include "cli/terminal.h"

#include <fcntl.h>
#include <unistd.h>

namespace zklock::cli {

Terminal::Terminal() noexcept : file_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}

bool Terminal::is_of(pid_t group) const noexcept {
  return file_.get() >= 0 && ::tcgetpgrp(file_.get()) == group;
}

void Terminal::give_to(pid_t group) const noexcept { ::tcsetpgrp(file_.get(), group); }

}  // namespace zklock::cli
