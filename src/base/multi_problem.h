// multi_problem.h: finds transactions that must not be sent.
#ifndef ZKLOCK_SRC_BASE_MULTI_PROBLEM_H_
#define ZKLOCK_SRC_BASE_MULTI_PROBLEM_H_

#include <zklock/multi.h>

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace zklock::internal {

struct MultiProblem {
  std::error_code error;
  std::size_t operation = 0;
  std::string text;  // a sentence about the operation, or about all of them
};

/// Why these operations must not be sent: libzookeeper crashes on some bad paths, and servers break
/// the connection on a request that is too large, each time that it is sent. `chroot_length`: the
/// number of bytes that the servers see in front of each path.
[[nodiscard]] std::optional<MultiProblem> multi_problem(
    const std::vector<MultiOperation>& operations, std::size_t chroot_length);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_MULTI_PROBLEM_H_
