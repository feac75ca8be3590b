// loopback_address.h: where the tests' servers and proxies listen.
#ifndef ZKLOCK_TESTS_SUPPORT_LOOPBACK_ADDRESS_H_
#define ZKLOCK_TESTS_SUPPORT_LOOPBACK_ADDRESS_H_

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <string>

namespace zklock::test {

/// Port 0: one that the system chooses.
inline sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

/// `ip`: all of 127.0.0.0/8 is this machine.
inline sockaddr_in loopback_address(const std::string& ip, std::uint16_t port) {
  sockaddr_in address = loopback_address(port);
  ::inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_LOOPBACK_ADDRESS_H_
