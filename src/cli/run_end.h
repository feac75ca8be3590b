// How `zklock run` comes to its end.
#ifndef ZKLOCK_SRC_CLI_RUN_END_H_
#define ZKLOCK_SRC_CLI_RUN_END_H_

#include "cli/signal_status.h"

namespace zklock::cli {

/// As a shell sees it. With a signal, zklock ends by that signal, too.
struct RunEnd {
  int exit_status = 0;
  int signal = 0;  // 0: none

  [[nodiscard]] static RunEnd by_signal(int signal) {
    return {.exit_status = exit_status_of_signal(signal), .signal = signal};
  }
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_RUN_END_H_
