#include "wire/resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include "base/utf8.h"

namespace zklock::internal {

namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const noexcept { freeaddrinfo(addresses); }
};

bool is_retryable(int failure) noexcept {
  return failure == EAI_AGAIN || failure == EAI_MEMORY || failure == EAI_SYSTEM;
}

std::string reason_of(int failure, int system_error) {
  if (failure == EAI_SYSTEM) return std::generic_category().message(system_error);
  return gai_strerror(failure);
}

}  // namespace

Resolved resolve(const std::vector<HostPort>& servers) {
  Resolved resolved;
  const auto fail = [&resolved](const HostPort& server, int failure, int system_error) {
    if (!resolved.problem.empty()) resolved.problem += "; ";
    resolved.problem += in_quotes(server.host) + ": " + reason_of(failure, system_error);
    resolved.try_again = resolved.try_again || is_retryable(failure);
  };
  for (const HostPort& server : servers) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int failure = getaddrinfo(server.host.c_str(), nullptr, &hints, &found)) {
      fail(server, failure, errno);
      continue;
    }
    const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
    for (const addrinfo* address = addresses.get(); address != nullptr;
         address = address->ai_next) {
      std::array<char, NI_MAXHOST> ip{};
      if (const int failure = getnameinfo(address->ai_addr, address->ai_addrlen, ip.data(),
                                          ip.size(), nullptr, 0, NI_NUMERICHOST)) {
        fail(server, failure, errno);
        continue;
      }
      std::string numeric = ip.data() + (":" + std::to_string(server.port));
      if (std::find(resolved.servers.begin(), resolved.servers.end(), numeric) ==
          resolved.servers.end()) {
        resolved.servers.push_back(std::move(numeric));
      }
    }
  }
  return resolved;
}

std::string connection_string(const std::vector<std::string>& servers, const std::string& chroot) {
  std::string result;
  for (const std::string& server : servers) {
    if (!result.empty()) result += ',';
    result += server;
  }
  if (!servers.empty() && servers.size() % 2 == 0) result += ',' + servers.front();
  return result + chroot;
}

}  // namespace zklock::internal
