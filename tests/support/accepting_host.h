// accepting_host.h: a server that accepts connections, and then says what the test wants.
#ifndef ZKLOCK_TESTS_SUPPORT_ACCEPTING_HOST_H_
#define ZKLOCK_TESTS_SUPPORT_ACCEPTING_HOST_H_

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

#include "cli/file_descriptor.h"
#include "support/loopback_address.h"

namespace zklock::test {

/// Listens on 127.0.0.1.
class AcceptingHost {
 public:
  /// A connection to it, both ends.
  struct Connection {
    cli::FileDescriptor client;
    cli::FileDescriptor server;

    void say(const std::string& text) const {
      if (::send(server.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) fail("send");
      pollfd polled{client.get(), POLLIN, 0};
      ::poll(&polled, 1, -1);  // until it has arrived
    }
    /// Whether the client sees an end.
    [[nodiscard]] bool is_over() const {
      char byte = 0;
      return ::recv(client.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }
  };

  AcceptingHost() {
    sockaddr_in address = loopback_address(0);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), raw, size) != 0 || ::listen(socket_.get(), 1) != 0 ||
        ::getsockname(socket_.get(), raw, &size) != 0) {
      fail("listen");
    }
    port_ = ntohs(address.sin_port);
  }

  [[nodiscard]] std::string name() const { return "127.0.0.1:" + std::to_string(port_); }

  /// Connects as libzookeeper does.
  [[nodiscard]] Connection connect() const {
    cli::FileDescriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                               "socket");
    const int on = 1;
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const sockaddr_in address = loopback_address(port_);
    ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    cli::FileDescriptor server(::accept(socket_.get(), nullptr, nullptr), "accept");
    pollfd polled{client.get(), POLLOUT, 0};
    ::poll(&polled, 1, -1);
    return {std::move(client), std::move(server)};
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  }

  cli::FileDescriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"};
  std::uint16_t port_ = 0;
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_ACCEPTING_HOST_H_
