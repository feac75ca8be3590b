// `zklock ls --watch`: shows the queue of a lock, each time it changes.
#ifndef ZKLOCK_SRC_CLI_FOLLOW_QUEUE_H_
#define ZKLOCK_SRC_CLI_FOLLOW_QUEUE_H_

#include "cli/command_line.h"
#include "cli/command_session.h"

namespace zklock::cli {

/// Goes on until the process is ended. Throws LockError and OutputError.
[[noreturn]] void follow_queue(const ListOptions& options, const CommandSession& session);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_FOLLOW_QUEUE_H_
