#include "cli/terminal.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace zklock::cli {

Terminal::Terminal() noexcept : file_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}

bool Terminal::is_of(pid_t group) const noexcept {
  return file_.get() >= 0 && ::tcgetpgrp(file_.get()) == group;
}

void Terminal::give_to(pid_t group) const noexcept {
  sigset_t stop;  // what a group in the background gets for that
  sigset_t before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &stop, &before);
  ::tcsetpgrp(file_.get(), group);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace zklock::cli
