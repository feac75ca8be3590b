// error_kinds.h: what the lock makes of ZooKeeper's answers.
#ifndef ZKLOCK_SRC_BASE_ERROR_KINDS_H_
#define ZKLOCK_SRC_BASE_ERROR_KINDS_H_

#include <zklock/context.h>
#include <zklock/error.h>

#include <system_error>

namespace zklock::internal {

/// Answers that another attempt, on this connection or the next one, may cure. The others are
/// final.
[[nodiscard]] inline bool is_retryable(std::error_code error) noexcept {
  return error == ZooKeeperErrc::connection_loss || error == ZooKeeperErrc::operation_timeout ||
         error == ZooKeeperErrc::session_expired || error == ZooKeeperErrc::session_moved ||
         error == ZooKeeperErrc::invalid_state || error == ZooKeeperErrc::throttled ||
         error == ZooKeeperErrc::runtime_inconsistency || error == ZooKeeperErrc::not_read_only;
}

/// The context has ended.
[[nodiscard]] inline bool has_ended(const Context& context) noexcept {
  return context.canceled() || context.expired();
}

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_ERROR_KINDS_H_
