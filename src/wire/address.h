// address.h: "host:port,host:port/chroot" taken apart and checked. libzookeeper takes much of what
// is wrong in it for something else: port 87386 for 21850, no host for a reason to spin.
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

/// Throws LockError(invalid_config), saying what is wrong with the address.
///
/// A port may be left out: 2181, as in Go. IPv6 addresses have no brackets, so their last part is
/// the port if it is a number and what is left is an address ("::1:2181" is port 2181 of ::1);
/// otherwise the whole is an address without a port ("fe80::1:abcd"). Write the port.
[[nodiscard]] Address parse_address(std::string_view address);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_ADDRESS_H_
