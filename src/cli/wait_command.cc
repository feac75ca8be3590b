#include "cli/wait_command.h"

#include <string>

#include "cli/command_status.h"
#include "cli/error_detail.h"
#include "cli/standard_error.h"

namespace zklock::cli {

int run(const WaitOptions& options, const CommandSession& session) {
  const ZooKeeperLock lock = session.lock(options.path);
  LockEntries queue = lock.entries(session.soon());
  while (!queue.empty()) {
    if (!options.quiet) say("waiting for " + describe_holder(queue, now()));
    try {
      queue = lock.wait_for_change(queue, session.context);
    } catch (const LockError& error) {
      if (error.code() != Errc::locking_timed_out) throw;
      say("gave up: " + std::string(error_detail(error)) + "; last seen: held by " +
          describe_holder(queue, now()));
      return status::kNotYet;
    }
  }
  return status::kDone;
}

}  // namespace zklock::cli
