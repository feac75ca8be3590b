// error_kinds.h: what an error of ZooKeeper says about the request that ended with it.
#ifndef ZKLOCK_SRC_BASE_ERROR_KINDS_H_
#define ZKLOCK_SRC_BASE_ERROR_KINDS_H_

#include <zklock/context.h>
#include <zklock/error.h>
#include <zklock/export.h>

#include <system_error>

namespace zklock::internal {

// One table in error_kinds.cc answers all of these. It has a row for each ZooKeeperErrc; a code
// that is not in it is none of these kinds. (The public question, may_have_been_done of
// zklock/error.h, is answered from the same table.)

/// Another attempt, on this connection or the next one, may succeed. The other errors are final.
[[nodiscard]] bool is_retryable(std::error_code error) noexcept;

/// Says nothing about the znode: the request may have been carried out, and the same session can
/// find out.
[[nodiscard]] ZKLOCK_EXPORT bool is_ambiguous(std::error_code error) noexcept;

/// Only a server gives this answer. No error is such an answer, too.
[[nodiscard]] bool is_from_server(std::error_code error) noexcept;

/// A quorum write that ended so was decided by the quorum. No error is such an end, too.
[[nodiscard]] bool is_decided(std::error_code error) noexcept;

/// The request went down with its connection or its session: no new attempt before the next one.
[[nodiscard]] bool ends_with_connection(std::error_code error) noexcept;

/// No answer to the request was seen: no server, or none in time. Another attempt may have one.
[[nodiscard]] bool is_unanswered(std::error_code error) noexcept;

/// May be the end of the context. (`operation_timeout` may also be libzookeeper's, of a server that
/// does not answer.)
[[nodiscard]] bool is_end_of_context(std::error_code error) noexcept;

/// The context has ended.
[[nodiscard]] inline bool has_ended(const Context& context) noexcept {
  return context.canceled() || context.expired();
}

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_ERROR_KINDS_H_
