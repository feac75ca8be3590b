// descriptors.h: finds the descriptors of libzookeeper among those of the process. It does not say
// which they are.
#ifndef ZKLOCK_SRC_WIRE_DESCRIPTORS_H_
#define ZKLOCK_SRC_WIRE_DESCRIPTORS_H_

#include <string>
#include <vector>

namespace zklock::internal {

/// The open descriptors of this process. None if there is no /proc.
[[nodiscard]] std::vector<int> open_descriptors();

/// "ip:port" of the other end of a TCP socket, as `resolve` writes it, also while the socket is
/// still connecting; "" if it has none.
[[nodiscard]] std::string peer_of(int descriptor);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_DESCRIPTORS_H_
