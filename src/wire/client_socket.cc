#include "wire/client_socket.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "wire/descriptors.h"

namespace zklock::internal {

namespace {

/// Of tcp_info::tcpi_state. They are in <netinet/tcp.h>, whose tcp_info has no count of bytes.
constexpr int kEstablished = 1;
constexpr int kSynSent = 2;

/// The kernel counts in ticks of up to 10 ms.
constexpr std::chrono::milliseconds kMoment{25};

bool contains(const std::vector<std::string>& servers, const std::string& server) {
  return std::find(servers.begin(), servers.end(), server) != servers.end();
}

}  // namespace

ClientSocket::ClientSocket(int descriptor) noexcept
    : number_(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) {}

ClientSocket::~ClientSocket() {
  if (number_ >= 0) ::close(number_);
}

std::string ClientSocket::server() const { return peer_of(number_); }

ino_t ClientSocket::inode() const noexcept {
  struct stat status {};
  return ::fstat(number_, &status) == 0 ? status.st_ino : 0;
}

ClientSocket::Connection ClientSocket::connection() const noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(number_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  if (info.tcpi_state == kSynSent) return {State::connecting};
  const bool is_known =  // not to Linux 4.0
      size >= offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
  if (info.tcpi_state != kEstablished || !is_known) return {};
  return {info.tcpi_bytes_received == 0 ? State::silent : State::connected,
          info.tcpi_bytes_received, std::chrono::milliseconds(info.tcpi_last_data_recv),
          std::chrono::milliseconds(info.tcpi_last_data_sent)};
}

bool ClientSocket::has_just_sent() const noexcept {
  const Connection now = connection();
  return now.state == State::connected && now.sent_before < kMoment;
}

bool ClientSocket::has_read_nothing() const noexcept {
  const Connection now = connection();
  if (now.state != State::silent && now.state != State::connected) return false;
  int unread = 0;
  return ::ioctl(number_, FIONREAD, &unread) == 0 &&
         static_cast<std::uint64_t>(std::max(unread, 0)) >= now.received;
}

bool ClientSocket::is_of_libzookeeper() const noexcept {
  int sends_at_once = 0;
  socklen_t size = sizeof sends_at_once;
  return (::fcntl(number_, F_GETFL) & O_NONBLOCK) != 0 &&
         ::getsockopt(number_, IPPROTO_TCP, TCP_NODELAY, &sends_at_once, &size) == 0 &&
         sends_at_once != 0;
}

bool ClientSocket::shut_down() const noexcept { return ::shutdown(number_, SHUT_RDWR) == 0; }

std::vector<ClientSocket> client_sockets_to(const std::vector<std::string>& servers) {
  std::vector<ClientSocket> found;
  for (const int descriptor : open_descriptors()) {
    if (!contains(servers, peer_of(descriptor))) continue;
    ClientSocket socket(descriptor);
    if (contains(servers, socket.server()) && socket.is_of_libzookeeper()) {
      found.push_back(std::move(socket));
    }
  }
  return found;
}

}  // namespace zklock::internal
