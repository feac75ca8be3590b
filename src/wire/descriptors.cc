#include "wire/descriptors.h"

#include <dirent.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <memory>

namespace zklock::internal {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

int socket_option(int descriptor, int option) noexcept {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

}  // namespace

std::vector<int> open_descriptors() {
  std::vector<int> all;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir("/proc/self/fd"));
  if (!directory) return all;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread reads this directory
  while (const dirent* const entry = ::readdir(directory.get())) {
    char* end = nullptr;
    const int number = static_cast<int>(std::strtol(entry->d_name, &end, 10));
    if (end != entry->d_name && *end == '\0') all.push_back(number);  // not "." and ".."
  }
  return all;
}

std::string peer_of(int descriptor) {
  const int family = socket_option(descriptor, SO_DOMAIN);
  if (family != AF_INET && family != AF_INET6) return {};
  if (socket_option(descriptor, SO_TYPE) != SOCK_STREAM) return {};
  sockaddr_storage peer{};
  socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  // Unlike getpeername, SO_PEERNAME knows it while the socket is still connecting.
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERNAME, &peer, &size) != 0) return {};
  std::array<char, NI_MAXHOST> ip{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&peer), size,  // NOLINT: C
                    ip.data(), ip.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return {};
  }
  return ip.data() + (":" + std::string(port.data()));
}

}  // namespace zklock::internal
