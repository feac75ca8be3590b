// What each command of `zklock` works with.
#ifndef ZKLOCK_SRC_CLI_COMMAND_SESSION_H_
#define ZKLOCK_SRC_CLI_COMMAND_SESSION_H_

#include <zklock/context.h>
#include <zklock/zookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cli/queue_report.h"

namespace zklock::cli {

struct CommandSession {
  std::shared_ptr<ZooKeeperClient> client{};
  Context context{};  // of `wait`, it has the deadline
  std::chrono::milliseconds answer_timeout{};
  std::vector<std::string> claim_markers{};
  std::shared_ptr<Logger> logger{};

  [[nodiscard]] ZooKeeperLock lock(const std::string& path) const {
    return ZooKeeperLock({.path = path, .further_claim_markers = claim_markers}, client);
  }
  [[nodiscard]] Queue queue(const std::string& path) const {
    return {.path = path, .entries = lock(path).entries(soon())};
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

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_COMMAND_SESSION_H_
