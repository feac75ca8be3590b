// What a LockError says about what happened, without the message of its code.
#ifndef ZKLOCK_SRC_CLI_ERROR_DETAIL_H_
#define ZKLOCK_SRC_CLI_ERROR_DETAIL_H_

#include <zklock/error.h>

#include <string>
#include <string_view>

namespace zklock::cli {

/// A part of `error.what()`; may be empty.
[[nodiscard]] std::string_view error_detail(const LockError& error);

/// For the user: what happened, and what helps if we know it.
[[nodiscard]] std::string text_of(const LockError& error);

/// See command_status.h.
[[nodiscard]] int exit_status_of(const LockError& error);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_ERROR_DETAIL_H_
