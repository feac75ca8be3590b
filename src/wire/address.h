// address.h: parses and checks "host:port,host:port/chroot". libzookeeper misreads many errors in
// it: it takes port 87386 for 21850, and spins without a host.
#ifndef ZKLOCK_SRC_WIRE_ADDRESS_H_
#define ZKLOCK_SRC_WIRE_ADDRESS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zklock::internal {

struct HostPort {
  std::string host{};
  std::uint16_t port = 0;

  bool operator==(const HostPort&) const = default;
};

struct Address {
  std::vector<HostPort> servers{};  // at least one
  std::string chroot{};             // normalised; "": none

  bool operator==(const Address&) const = default;
};

/// Throws LockError(invalid_config), which says what is wrong with the address.
///
/// The default port is 2181, as in Go. IPv6 addresses have no brackets: their last part is the port
/// if it is a number and the rest is an address ("::1:2181" is port 2181 of ::1); otherwise the
/// whole text is an address without a port ("fe80::1:abcd"). It is clearer to write the port.
[[nodiscard]] Address parse_address(std::string_view address);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_ADDRESS_H_
