// What `zklock status`, `wait` and `break` do. Each returns the exit status, and throws LockError.
#ifndef ZKLOCK_SRC_CLI_COMMANDS_H_
#define ZKLOCK_SRC_CLI_COMMANDS_H_

#include <zklock/context.h>
#include <zklock/zookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cli/command_line.h"

namespace zklock::cli {

/// What each command needs.
struct Session {
  std::shared_ptr<ZooKeeperClient> client{};
  Context context{};  // of `wait`, it has the deadline
  std::chrono::milliseconds answer_timeout{};
  std::vector<std::string> claim_markers{};

  [[nodiscard]] ZooKeeperLock lock(const std::string& path) const {
    return ZooKeeperLock({.path = path, .further_claim_markers = claim_markers}, client);
  }

  /// For one answer.
  [[nodiscard]] Context soon() const { return context.with_timeout(answer_timeout); }

  /// Reads with `operation(context)`, until the answer is not lost with its connection. Without a
  /// connection the client waits for one.
  template <class Operation>
  [[nodiscard]] auto ask(const Operation& operation) const {
    const Context limit = soon();
    for (;;) {
      auto answer = operation(limit);
      const bool is_lost = answer.error() == ZooKeeperErrc::connection_loss ||
                           answer.error() == ZooKeeperErrc::session_expired;
      if (!is_lost) return answer;
    }
  }
};

[[nodiscard]] int tell_status(const StatusOptions& options, const Session& session);

/// Returns when nobody holds the lock.
[[nodiscard]] int wait_until_free(const WaitOptions& options, const Session& session);

/// Removes a claim, if the user agrees.
[[nodiscard]] int break_claim(const BreakOptions& options, const Session& session);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_COMMANDS_H_
