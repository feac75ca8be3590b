#include "base/error_kinds.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace zklock {

namespace internal {

namespace {

using Kinds = std::uint8_t;
constexpr Kinds kRetryable = 1;
constexpr Kinds kAmbiguous = 2;
constexpr Kinds kFromServer = 4;
constexpr Kinds kDecided = 8;
constexpr Kinds kWithConnection = 16;
constexpr Kinds kEndOfContext = 32;
constexpr Kinds kMaybeDone = 64;  // may_have_been_done
constexpr Kinds kUnanswered = 128;

struct Row {
  ZooKeeperErrc error;
  Kinds kinds;
};

constexpr std::array kTable{
    // Faults of the client or the server on the way: nothing is certain.
    Row{ZooKeeperErrc::system_error, kMaybeDone},
    Row{ZooKeeperErrc::runtime_inconsistency, kRetryable | kAmbiguous | kMaybeDone},
    Row{ZooKeeperErrc::data_inconsistency, kMaybeDone},
    Row{ZooKeeperErrc::marshalling_error, kMaybeDone},
    // The request left, or may have left, and its answer was not seen: the connection broke, it
    // took too long, or the caller stopped waiting.
    Row{ZooKeeperErrc::connection_loss,
        kRetryable | kAmbiguous | kWithConnection | kMaybeDone | kUnanswered},
    Row{ZooKeeperErrc::operation_timeout,
        kRetryable | kAmbiguous | kWithConnection | kEndOfContext | kMaybeDone | kUnanswered},
    Row{ZooKeeperErrc::ssl_connection_error,
        kRetryable | kAmbiguous | kWithConnection | kMaybeDone | kUnanswered},
    Row{ZooKeeperErrc::request_timeout, kRetryable | kAmbiguous | kMaybeDone},
    Row{ZooKeeperErrc::closing, kWithConnection | kMaybeDone},
    Row{ZooKeeperErrc::canceled, kEndOfContext | kMaybeDone},
    // The session or its handle ended while the request was under way. What the request did in an
    // expired session is gone only if it was ephemeral.
    Row{ZooKeeperErrc::session_expired, kRetryable | kAmbiguous | kWithConnection | kMaybeDone},
    Row{ZooKeeperErrc::invalid_state,
        kRetryable | kAmbiguous | kWithConnection | kMaybeDone | kUnanswered},
    Row{ZooKeeperErrc::auth_failed, kMaybeDone},
    Row{ZooKeeperErrc::unknown_session, kMaybeDone},
    // Refused by a server that no longer has the session. That server does not know where else the
    // session's requests went.
    Row{ZooKeeperErrc::session_moved, kRetryable | kAmbiguous | kWithConnection | kMaybeDone},
    // Refused before anything was done.
    Row{ZooKeeperErrc::unimplemented, 0},
    Row{ZooKeeperErrc::bad_arguments, 0},
    Row{ZooKeeperErrc::forked, 0},
    Row{ZooKeeperErrc::session_closed_require_sasl_auth, 0},
    // Refused for a time; a quorum has not seen the request.
    Row{ZooKeeperErrc::throttled, kRetryable},
    Row{ZooKeeperErrc::not_read_only, kRetryable},
    // The server's own answers, which it gives in place of carrying out the request.
    Row{ZooKeeperErrc::no_node, kFromServer | kDecided},
    Row{ZooKeeperErrc::no_auth, kFromServer | kDecided},
    Row{ZooKeeperErrc::bad_version, kFromServer},
    Row{ZooKeeperErrc::node_exists, kFromServer},
    Row{ZooKeeperErrc::not_empty, kFromServer},
    Row{ZooKeeperErrc::api_error, 0},
    Row{ZooKeeperErrc::no_children_for_ephemerals, 0},
    Row{ZooKeeperErrc::invalid_callback, 0},
    Row{ZooKeeperErrc::invalid_acl, 0},
    Row{ZooKeeperErrc::ephemeral_on_local_session, 0},
    Row{ZooKeeperErrc::quota_exceeded, 0},
    Row{ZooKeeperErrc::no_watcher, 0},
    // Answers to requests that this library does not send.
    Row{ZooKeeperErrc::new_config_no_quorum, 0},
    Row{ZooKeeperErrc::reconfig_in_progress, 0},
    Row{ZooKeeperErrc::reconfig_disabled, 0},
};

const Row* find_row(std::error_code error) noexcept {
  if (error.category() != zookeeper_category()) return nullptr;
  const auto* const row = std::find_if(kTable.begin(), kTable.end(), [&](const Row& known) {
    return static_cast<int>(known.error) == error.value();
  });
  return row == kTable.end() ? nullptr : row;
}

bool is_one_of(std::error_code error, Kinds kinds) noexcept {
  const Row* const row = find_row(error);
  return row != nullptr && (row->kinds & kinds) != 0;
}

}  // namespace

bool is_retryable(std::error_code error) noexcept { return is_one_of(error, kRetryable); }
bool is_ambiguous(std::error_code error) noexcept { return is_one_of(error, kAmbiguous); }
bool is_from_server(std::error_code error) noexcept {
  return !error || is_one_of(error, kFromServer);
}
bool is_decided(std::error_code error) noexcept { return !error || is_one_of(error, kDecided); }
bool ends_with_connection(std::error_code error) noexcept {
  return is_one_of(error, kWithConnection);
}
bool is_unanswered(std::error_code error) noexcept { return is_one_of(error, kUnanswered); }
bool is_end_of_context(std::error_code error) noexcept { return is_one_of(error, kEndOfContext); }

}  // namespace internal

bool may_have_been_done(std::error_code error) noexcept {
  if (!error) return false;
  if (error == Errc::write_in_doubt) return true;
  if (error.category() != zookeeper_category()) {
    // The other Errc and LossReason are no answers to a request. What a foreign client means by
    // errors of its own is unknown, so the request may have been done.
    return error.category() != lock_category() && error.category() != loss_category();
  }
  if (const internal::Row* const row = internal::find_row(error)) {
    return (row->kinds & internal::kMaybeDone) != 0;
  }
  // A newer code: from -100 on it is the server's own refusal; -1 to -99 are faults on the way.
  return error.value() > static_cast<int>(ZooKeeperErrc::api_error);
}

}  // namespace zklock
