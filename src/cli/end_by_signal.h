// Ends the process by a signal, as a shell expects it of what a signal has ended: a script or a
// loop ends with it.
#ifndef ZKLOCK_SRC_CLI_END_BY_SIGNAL_H_
#define ZKLOCK_SRC_CLI_END_BY_SIGNAL_H_

namespace zklock::cli {

/// From now on the process ends by the signal that end_by_signal() has named last, if it is called,
/// when it exits: after all exit handlers that are registered later. Without a core.
void prepare_to_end_by_signal();
void end_by_signal(int signal) noexcept;

/// Ends it now, without exit handlers.
[[noreturn]] void end_by_signal_at_once(int signal) noexcept;

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_END_BY_SIGNAL_H_
