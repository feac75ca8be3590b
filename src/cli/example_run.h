// What zookeeper-example does.
#ifndef ZKLOCK_SRC_CLI_EXAMPLE_RUN_H_
#define ZKLOCK_SRC_CLI_EXAMPLE_RUN_H_

#include "cli/example_options.h"
#include "cli/termination_signals.h"

namespace zklock::cli {

/// Takes the lock, holds it until a signal arrives or the lock is lost, and releases it. With
/// `options.list` prints the queue instead. Reports on standard error. Returns the exit status.
[[nodiscard]] int run(const Options& options, TerminationSignals& signals);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_EXAMPLE_RUN_H_
