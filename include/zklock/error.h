// zklock/error.h: what can go wrong, as std::error_code values, and the exception that carries
// them.
//
// Three questions have three enumerations: what became of a call on the lock (Errc), what ZooKeeper
// answered (ZooKeeperErrc), and why a grant was lost (LossReason). All three convert to
// std::error_code implicitly; values of different enumerations never compare equal. What to do
// about each: examples/errors.md.
#ifndef ZKLOCK_ERROR_H_
#define ZKLOCK_ERROR_H_

#include <zklock/export.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>

namespace zklock {

/// Outcomes of the lock's calls. Those that kafka-kit's Go package has as well have its messages,
/// word for word.
enum class Errc {
  /// `lock` was called by the owner of the instance's valid grant. Unlock first, or use another
  /// owner.
  already_own_lock = 1,
  /// The deadline passed before the claim was granted: somebody else was ahead in the queue, or the
  /// servers answered but the time was too short. No claim stays in the queue. Equivalent to
  /// std::errc::timed_out. If nothing is known of the queue: `no_server_answered`.
  locking_timed_out,
  /// A znode's name does not end in a sequence number.
  invalid_seq_node,
  /// `unlock` was called with an owner who does not hold the lock.
  not_lock_owner,
  /// `set_owner` was called for a grant that already has an owner.
  owner_already_set,
  /// It failed for a reason that waiting does not cure, or a server refused it: see
  /// LockError::cause.
  locking_failed,
  /// Nothing is held; or the claim could not be removed by the deadline, and will be removed in the
  /// background: see LockError::cause.
  unlocking_failed,
  /// The holder is past its TTL, but this client has no permission to remove its claim.
  expire_lock_failed,
  /// The wait was cancelled: by a stop token of the Context, or because the lock was destroyed.
  /// Equivalent to std::errc::operation_canceled.
  locking_canceled,
  /// The grant had ended before the call: see Lease::loss_reason.
  lock_lost,
  /// The configuration cannot work: the detail names the field, and says why.
  invalid_config,
  /// The time was over, and nothing is known of who holds the lock, because no server answered: an
  /// outage, not a busy lock. From `Lease::renew`, `verify` and `require`: no server confirmed it.
  /// Equivalent to std::errc::timed_out.
  no_server_answered,
  /// GuardedWrite::commit: nothing was written, and nothing will be. LockError::cause says why.
  write_failed,
  /// GuardedWrite::commit: nobody knows whether it was written. may_have_been_done is true for it.
  write_in_doubt,
  /// LockedWorker::stop and `wait`: the time was over, and the work has not returned yet. It goes
  /// on stopping. Equivalent to std::errc::timed_out.
  work_still_running,
};

/// What ZooKeeper, or the client on the way to it, answered. Codes that ZooKeeper defines have its
/// numbers (zookeeper.h, KeeperException.Code), so that logs of both sides can be compared. An
/// answer that is not listed here keeps its number too.
enum class ZooKeeperErrc {
  system_error = -1,
  runtime_inconsistency = -2,
  data_inconsistency = -3,
  /// The connection broke before the answer came. The request may have been carried out.
  connection_loss = -4,
  marshalling_error = -5,
  unimplemented = -6,
  /// No answer by the deadline. The request may have been carried out, or still be.
  operation_timeout = -7,
  bad_arguments = -8,
  invalid_state = -9,
  unknown_session = -12,
  new_config_no_quorum = -13,
  reconfig_in_progress = -14,
  /// libzookeeper's: the encrypted connection could not be set up.
  ssl_connection_error = -15,
  api_error = -100,
  no_node = -101,
  no_auth = -102,
  bad_version = -103,
  no_children_for_ephemerals = -108,
  node_exists = -110,
  not_empty = -111,
  session_expired = -112,
  invalid_callback = -113,
  invalid_acl = -114,
  auth_failed = -115,
  /// The client is being closed, or has been.
  closing = -116,
  session_moved = -118,
  not_read_only = -119,
  ephemeral_on_local_session = -120,
  no_watcher = -121,
  request_timeout = -122,
  reconfig_disabled = -123,
  /// The servers serve only clients that have authenticated, and this one has not. (ZooKeeper's
  /// name, though other schemes than SASL may be required.)
  session_closed_require_sasl_auth = -124,
  quota_exceeded = -125,
  throttled = -127,
  /// Not ZooKeeper's: the Context was cancelled before the answer came.
  canceled = -1000,
  /// Not ZooKeeper's: the process was forked. Only the parent can use the client.
  forked = -1001,
};

/// Why a grant ended before it was released: the value of Lease::loss_reason.
enum class LossReason {
  /// A server said that the session is gone.
  session_expired = 1,
  /// The session may be over: no server has confirmed it for too long.
  cut_off,
  /// The grant was held for longer than its TTL.
  ttl_over,
  /// The claim was deleted: by somebody else, or with its session. (When a frozen process goes on,
  /// or servers end the session of a connected client, they may report the claim first.)
  claim_deleted,
  /// The client or the lock was closed while the lock was held.
  client_closed,
};

[[nodiscard]] ZKLOCK_EXPORT const std::error_category& lock_category() noexcept;
[[nodiscard]] ZKLOCK_EXPORT const std::error_category& zookeeper_category() noexcept;
[[nodiscard]] ZKLOCK_EXPORT const std::error_category& loss_category() noexcept;

[[nodiscard]] ZKLOCK_EXPORT std::error_code make_error_code(Errc code) noexcept;
[[nodiscard]] ZKLOCK_EXPORT std::error_code make_error_code(ZooKeeperErrc code) noexcept;
[[nodiscard]] ZKLOCK_EXPORT std::error_code make_error_code(LossReason reason) noexcept;

}  // namespace zklock

template <>
struct std::is_error_code_enum<zklock::Errc> : std::true_type {};
template <>
struct std::is_error_code_enum<zklock::ZooKeeperErrc> : std::true_type {};
template <>
struct std::is_error_code_enum<zklock::LossReason> : std::true_type {};

namespace zklock {

/// Whether a request that ended with `error` may still have been carried out. After such an answer
/// to a write, only a read can tell.
[[nodiscard]] ZKLOCK_EXPORT bool may_have_been_done(std::error_code error) noexcept;

/// Thrown by the lock. `code()` is an Errc. `what()` is its message, then the detail: for a
/// time-out the holder of the lock, for a bad configuration which field and why.
class ZKLOCK_EXPORT LockError : public std::system_error {
 public:
  explicit LockError(std::error_code code, const std::string& detail = {},
                     std::error_code cause = {});

  /// "message: detail".
  [[nodiscard]] const char* what() const noexcept override { return text_.what(); }

  /// The ZooKeeperErrc that caused it, or an error of the operating system; no error if there is
  /// none.
  [[nodiscard]] std::error_code cause() const noexcept { return cause_; }

 private:
  std::runtime_error text_;  // copying an exception must not throw, and this does not
  std::error_code cause_;
};

}  // namespace zklock

#endif  // ZKLOCK_ERROR_H_
