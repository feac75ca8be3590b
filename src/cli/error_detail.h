// What a LockError says about what happened, without the message of its code.
#ifndef ZKLOCK_SRC_CLI_ERROR_DETAIL_H_
#define ZKLOCK_SRC_CLI_ERROR_DETAIL_H_

#include <zklock/error.h>

#include <string_view>

namespace zklock::cli {

/// A part of `error.what()`; may be empty.
[[nodiscard]] std::string_view error_detail(const LockError& error);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_ERROR_DETAIL_H_
