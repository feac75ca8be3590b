// Standard output, whose failures count.
#ifndef ZKLOCK_SRC_CLI_STANDARD_OUTPUT_H_
#define ZKLOCK_SRC_CLI_STANDARD_OUTPUT_H_

#include <string_view>
#include <system_error>

namespace zklock::cli {

/// The disk is full, or nobody reads.
class OutputError : public std::system_error {
 public:
  using std::system_error::system_error;
};

/// Writes all of it before it returns. Throws OutputError.
void write_out(std::string_view text);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_STANDARD_OUTPUT_H_
