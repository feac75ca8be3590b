// Standard output, whose failures count.
#ifndef ZKLOCK_SRC_CLI_STANDARD_OUTPUT_H_
#define ZKLOCK_SRC_CLI_STANDARD_OUTPUT_H_

#include <string_view>
#include <system_error>

namespace zklock::cli {

/// Writes all of it before it returns. Throws std::system_error: the disk is full, nobody reads.
void write_out(std::string_view text);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_STANDARD_OUTPUT_H_
