#include "cli/error_detail.h"

#include "cli/command_status.h"

namespace zklock::cli {

std::string_view error_detail(const LockError& error) {
  const std::string message = error.code().message();
  std::string_view detail = error.what();
  if (detail.starts_with(message)) detail.remove_prefix(message.size());
  if (detail.starts_with(": ")) detail.remove_prefix(2);
  return detail;
}

std::string text_of(const LockError& error) {
  const std::string detail(error_detail(error));
  return (detail.empty() ? error.what() : detail) + (exit_status_of(error) == status::kNoPermission
                                                         ? " (ZKLOCK_AUTH_FILE says who you are)"
                                                         : "");
}

int exit_status_of(const LockError& error) {
  if (error.code() == Errc::invalid_config) return status::kWrongUsage;
  const bool is_unanswered = error.code() == Errc::no_server_answered ||
                             error.code() == Errc::locking_timed_out ||
                             error.cause() == ZooKeeperErrc::operation_timeout ||
                             error.cause() == ZooKeeperErrc::connection_loss;
  if (is_unanswered) return status::kNoServer;
  const bool is_refused =
      error.cause() == ZooKeeperErrc::no_auth || error.cause() == ZooKeeperErrc::auth_failed;
  return is_refused ? status::kNoPermission : status::kFailed;
}

}  // namespace zklock::cli
