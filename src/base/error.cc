#include <zklock/error.h>

#include <string>
#include <system_error>

#include "base/mutex.h"

namespace zklock {

namespace {

class LockCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "zklock"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::already_own_lock:
        return "requestor already has an active lock";
      case Errc::locking_timed_out:
        return "attempt to acquire lock timed out";
      case Errc::invalid_seq_node:
        return "znode doesn't appear to be a sequential type";
      case Errc::not_lock_owner:
        return "non-owner attempted to call unlock";
      case Errc::owner_already_set:
        return "attempt to set owner on a claimed lock";
      case Errc::locking_failed:
        return "attempt to acquire lock failed";
      case Errc::unlocking_failed:
        return "attempt to release lock failed";
      case Errc::expire_lock_failed:
        return "failed to TTL expire lock";
      case Errc::locking_canceled:
        return "attempt to acquire lock was canceled";
      case Errc::lock_lost:
        return "lock was lost before it was released";
      case Errc::invalid_config:
        return "invalid lock configuration";
      case Errc::no_server_answered:
        return "no server answered";
      case Errc::write_failed:
        return "nothing was written";
      case Errc::write_in_doubt:
        return "it is not known whether the write was done";
      case Errc::work_still_running:
        return "the work has not returned yet";
    }
    return value == 0 ? "no error" : "unknown zklock error " + std::to_string(value);
  }

  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<Errc>(value)) {
      case Errc::locking_timed_out:
      case Errc::no_server_answered:
      case Errc::work_still_running:
        return std::errc::timed_out;
      case Errc::locking_canceled:
        return std::errc::operation_canceled;
      case Errc::invalid_config:
        return std::errc::invalid_argument;
      // The same as for std::unique_lock.
      case Errc::already_own_lock:
        return std::errc::resource_deadlock_would_occur;
      case Errc::not_lock_owner:
        return std::errc::operation_not_permitted;
      default:
        return {value, *this};
    }
  }
};

class ZooKeeperCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "zookeeper"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<ZooKeeperErrc>(value)) {
      case ZooKeeperErrc::system_error:
        return "system error";
      case ZooKeeperErrc::runtime_inconsistency:
        return "runtime inconsistency";
      case ZooKeeperErrc::data_inconsistency:
        return "data inconsistency";
      case ZooKeeperErrc::connection_loss:
        return "connection loss";
      case ZooKeeperErrc::marshalling_error:
        return "request or answer could not be encoded";
      case ZooKeeperErrc::unimplemented:
        return "the server does not implement this operation";
      case ZooKeeperErrc::operation_timeout:
        return "no answer in time";
      case ZooKeeperErrc::bad_arguments:
        return "bad arguments";
      case ZooKeeperErrc::invalid_state:
        return "the session's state does not allow this operation";
      case ZooKeeperErrc::unknown_session:
        return "session not known";
      case ZooKeeperErrc::new_config_no_quorum:
        return "no quorum of the new configuration";
      case ZooKeeperErrc::reconfig_in_progress:
        return "reconfiguration in progress";
      case ZooKeeperErrc::ssl_connection_error:
        return "no encrypted connection";
      case ZooKeeperErrc::api_error:
        return "API error";
      case ZooKeeperErrc::no_node:
        return "no such znode";
      case ZooKeeperErrc::no_auth:
        return "no permission";
      case ZooKeeperErrc::bad_version:
        return "the znode has another version";
      case ZooKeeperErrc::no_children_for_ephemerals:
        return "ephemeral znodes cannot have children";
      case ZooKeeperErrc::node_exists:
        return "the znode exists already";
      case ZooKeeperErrc::not_empty:
        return "the znode has children";
      case ZooKeeperErrc::session_expired:
        return "session expired";
      case ZooKeeperErrc::invalid_callback:
        return "invalid callback";
      case ZooKeeperErrc::invalid_acl:
        return "invalid ACL";
      case ZooKeeperErrc::auth_failed:
        return "authentication failed";
      case ZooKeeperErrc::closing:
        return "the client is closed";
      case ZooKeeperErrc::session_moved:
        return "the session moved to another server";
      case ZooKeeperErrc::not_read_only:
        return "the server is read-only";
      case ZooKeeperErrc::ephemeral_on_local_session:
        return "local sessions cannot have ephemeral znodes";
      case ZooKeeperErrc::no_watcher:
        return "no such watcher";
      case ZooKeeperErrc::request_timeout:
        return "request took too long";
      case ZooKeeperErrc::reconfig_disabled:
        return "reconfiguration is disabled";
      case ZooKeeperErrc::session_closed_require_sasl_auth:
        return "the server requires authentication: set ClientOptions::auth to an identity that it "
               "accepts, or ClientOptions::sasl to a user";
      case ZooKeeperErrc::quota_exceeded:
        return "quota exceeded";
      case ZooKeeperErrc::throttled:
        return "the server throttled the request";
      case ZooKeeperErrc::canceled:
        return "canceled";
      case ZooKeeperErrc::forked:
        return "the client was inherited through fork() and belongs to the parent process";
    }
    return value == 0 ? "no error" : "unknown ZooKeeper error " + std::to_string(value);
  }

  [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<ZooKeeperErrc>(value)) {
      case ZooKeeperErrc::operation_timeout:
        return std::errc::timed_out;
      case ZooKeeperErrc::canceled:
        return std::errc::operation_canceled;
      case ZooKeeperErrc::no_auth:
      case ZooKeeperErrc::auth_failed:
      case ZooKeeperErrc::session_closed_require_sasl_auth:
        return std::errc::permission_denied;
      case ZooKeeperErrc::no_node:
        return std::errc::no_such_file_or_directory;
      case ZooKeeperErrc::node_exists:
        return std::errc::file_exists;
      case ZooKeeperErrc::not_empty:
        return std::errc::directory_not_empty;
      case ZooKeeperErrc::bad_arguments:
      case ZooKeeperErrc::invalid_acl:
        return std::errc::invalid_argument;
      case ZooKeeperErrc::unimplemented:
        return std::errc::function_not_supported;
      case ZooKeeperErrc::connection_loss:
        return std::errc::connection_reset;
      case ZooKeeperErrc::not_read_only:
        return std::errc::read_only_file_system;
      case ZooKeeperErrc::throttled:
        return std::errc::resource_unavailable_try_again;
      default:
        return {value, *this};
    }
  }
};

class LossCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "zklock.loss"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<LossReason>(value)) {
      case LossReason::session_expired:
        return "the session expired";
      case LossReason::cut_off:
        return "no server confirmed the session in time";
      case LossReason::ttl_over:
        return "the lock was held for longer than its TTL";
      case LossReason::claim_deleted:
        return "the claim was deleted, by somebody else or with its session";
      case LossReason::client_closed:
        return "the client or the lock was closed";
    }
    return value == 0 ? "no error" : "unknown loss reason " + std::to_string(value);
  }
};

/// Error codes refer to their category, also after the end of main(): background threads and static
/// objects have some. So no destructor runs.
template <class Category>
union NeverDestroyed {
  constexpr NeverDestroyed() noexcept : value() {}
  ~NeverDestroyed() {}  // NOLINT(modernize-use-equals-default): `= default` would be deleted
  NeverDestroyed(const NeverDestroyed&) = delete;
  NeverDestroyed& operator=(const NeverDestroyed&) = delete;
  Category value;
};

constinit const NeverDestroyed<LockCategory> kLockCategory;
constinit const NeverDestroyed<ZooKeeperCategory> kZooKeeperCategory;
constinit const NeverDestroyed<LossCategory> kLossCategory;

std::string with_detail(std::error_code code, const std::string& detail, std::error_code cause) {
  if (!detail.empty()) return code.message() + ": " + detail;
  if (cause) return code.message() + ": " + cause.message();
  return code.message();
}

}  // namespace

const std::error_category& lock_category() noexcept { return kLockCategory.value; }
const std::error_category& zookeeper_category() noexcept { return kZooKeeperCategory.value; }
const std::error_category& loss_category() noexcept { return kLossCategory.value; }

std::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), lock_category()};
}
std::error_code make_error_code(ZooKeeperErrc code) noexcept {
  return {static_cast<int>(code), zookeeper_category()};
}
std::error_code make_error_code(LossReason reason) noexcept {
  return {static_cast<int>(reason), loss_category()};
}

LockError::LockError(std::error_code code, const std::string& detail, std::error_code cause)
    : std::system_error(code), text_(with_detail(code, detail, cause)), cause_(cause) {}

}  // namespace zklock
