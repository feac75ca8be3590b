// What `zklock` says to the user, besides its results.
#ifndef ZKLOCK_SRC_CLI_STANDARD_ERROR_H_
#define ZKLOCK_SRC_CLI_STANDARD_ERROR_H_

#include <string_view>

namespace zklock::cli {

/// A line on standard error, behind the program's name.
void say(std::string_view line);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_STANDARD_ERROR_H_
