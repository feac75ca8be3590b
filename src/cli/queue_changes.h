// Looks at the queue of a lock again and again, each time it changes.
#ifndef ZKLOCK_SRC_CLI_QUEUE_CHANGES_H_
#define ZKLOCK_SRC_CLI_QUEUE_CHANGES_H_

#include <zklock/lock_entries.h>

#include <memory>
#include <stop_token>
#include <string>

#include "cli/command_session.h"

namespace zklock::cli {

class QueueChanges {
 public:
  /// REQUIRES: `session` outlives it.
  QueueChanges(std::string path, const CommandSession& session);

  /// The queue of now. Throws LockError.
  [[nodiscard]] LockEntries look();

  /// Waits for a change since look(). False: stop was requested.
  bool wait(const std::stop_token& stop = {});

 private:
  class Changes;

  void watch();

  const std::string path_;
  const CommandSession& session_;
  std::shared_ptr<Changes> changes_;  // of the last look
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_QUEUE_CHANGES_H_
