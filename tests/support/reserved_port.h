// A loopback port that belongs to a server of ours, also while it is down.
#ifndef ZKLOCK_TESTS_SUPPORT_RESERVED_PORT_H_
#define ZKLOCK_TESTS_SUPPORT_RESERVED_PORT_H_

#include <cstdint>

#include "cli/file_descriptor.h"

namespace zklock::test {

/// Binds a port that the system chooses, without listening on it. Linux lets two sockets with
/// SO_REUSEADDR, which Java's servers set, share a port until one of them listens; meanwhile it
/// gives the port to nobody who asks for a free one. So the port belongs to our server before it
/// starts, and between its lives.
class ReservedPort {
 public:
  /// Throws std::system_error if there is none.
  ReservedPort();

  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }

 private:
  cli::FileDescriptor socket_;
  std::uint16_t number_ = 0;
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_RESERVED_PORT_H_
