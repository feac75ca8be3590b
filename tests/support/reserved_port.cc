#include "support/reserved_port.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "support/loopback_address.h"

namespace zklock::test {

ReservedPort::ReservedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket") {
  const int on = 1;
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = loopback_address(0);
  socklen_t length = sizeof address;
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
      ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "bind");
  }
  number_ = ntohs(address.sin_port);
}

}  // namespace zklock::test
