// silent_host.h: an address behind which nothing answers, as that of a host that is powered off.
#ifndef ZKLOCK_TESTS_SUPPORT_SILENT_HOST_H_
#define ZKLOCK_TESTS_SUPPORT_SILENT_HOST_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/file_descriptor.h"

namespace zklock::test {

/// Listens, accepts nothing, and has its backlog full. Linux drops further attempts to connect:
/// they are neither accepted nor refused.
class SilentHost {
 public:
  /// `ip`: in 127.0.0.0/8. Port 0: one that the system chooses. Throws std::system_error.
  explicit SilentHost(std::string ip = "127.0.0.1", std::uint16_t port = 0)
      : ip_(std::move(ip)), port_(port) {
    sockaddr_in address = this->address();
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    const int on = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket_.get(), raw, size) != 0 || ::listen(socket_.get(), 0) != 0 ||
        ::getsockname(socket_.get(), raw, &size) != 0) {
      throw std::system_error(errno, std::generic_category(), "listen at " + ip_);
    }
    port_ = ntohs(address.sin_port);
    constexpr int kMoreThanItsBacklog = 3;
    for (int i = 0; i < kMoreThanItsBacklog; ++i) queued_.push_back(connect());
  }

  [[nodiscard]] std::string name() const { return ip_ + ":" + std::to_string(port_); }

  /// A socket that tries to connect to it, without blocking.
  [[nodiscard]] cli::FileDescriptor connect() const {
    cli::FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                               "socket");
    const sockaddr_in address = this->address();
    ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return socket;
  }

 private:
  [[nodiscard]] sockaddr_in address() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, ip_.c_str(), &address.sin_addr);
    address.sin_port = htons(port_);
    return address;
  }

  const std::string ip_;
  cli::FileDescriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"};
  std::uint16_t port_;
  std::vector<cli::FileDescriptor> queued_;
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_SILENT_HOST_H_
