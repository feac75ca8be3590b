// The exit status of what a signal has ended.
#ifndef ZKLOCK_SRC_CLI_SIGNAL_STATUS_H_
#define ZKLOCK_SRC_CLI_SIGNAL_STATUS_H_

namespace zklock::cli {

/// As shells report it: 130 for SIGINT, 143 for SIGTERM.
constexpr int exit_status_of_signal(int signal) { return 128 + signal; }

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_SIGNAL_STATUS_H_
