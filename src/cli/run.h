// What zookeeper-example does.
#ifndef ZKLOCK_SRC_CLI_RUN_H_
#define ZKLOCK_SRC_CLI_RUN_H_

#include "cli/options.h"
#include "cli/termination_signals.h"

namespace zklock::cli {

/// Takes the lock, holds it until a signal comes or it is lost, and releases it; or lists the
/// queue. Says on standard error what happens. Returns the exit status.
[[nodiscard]] int run(const Options& options, TerminationSignals& signals);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_RUN_H_
