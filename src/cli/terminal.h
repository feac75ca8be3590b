// The terminal's job control, for a command in a process group of its own.
#ifndef ZKLOCK_SRC_CLI_TERMINAL_H_
#define ZKLOCK_SRC_CLI_TERMINAL_H_

#include <sys/types.h>
#include <unistd.h>

#include "cli/file_descriptor.h"

namespace zklock::cli {

/// The terminal that controls this process, if there is one.
///
/// The command gets it when it asks for it: when it reads, it is stopped by SIGTTIN, as any group
/// in the background is. Until then what is typed (^C, ^Z) is for zklock's group, also for the
/// other programs in a pipeline, and zklock forwards it.
class Terminal {
 public:
  Terminal() noexcept;

  [[nodiscard]] bool exists() const noexcept { return file_.get() >= 0; }
  /// Whether what is typed is for this process's group.
  [[nodiscard]] bool is_ours() const noexcept { return is_of(::getpgrp()); }
  [[nodiscard]] bool is_of(pid_t group) const noexcept;
  /// REQUIRES: SIGTTOU is blocked.
  void give_to(pid_t group) const noexcept;

 private:
  FileDescriptor file_;
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_TERMINAL_H_
