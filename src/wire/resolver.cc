#include "wire/resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

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

HostAddresses look_up(const std::string& host) {
  HostAddresses result;
  const auto fail = [&result](int failure, int system_error) {
    result.problem = reason_of(failure, system_error);
    result.try_again = is_retryable(failure);
  };
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failure = getaddrinfo(host.c_str(), nullptr, &hints, &found)) {
    fail(failure, errno);
    return result;
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    std::array<char, NI_MAXHOST> ip{};
    if (const int failure = getnameinfo(address->ai_addr, address->ai_addrlen, ip.data(), ip.size(),
                                        nullptr, 0, NI_NUMERICHOST)) {
      fail(failure, errno);
      continue;
    }
    result.numeric.emplace_back(ip.data());
  }
  return result;
}

Resolved Resolver::resolve() {
  Resolved resolved;
  for (const HostPort& server : servers_) {
    HostAddresses found = look_up_(server.host);
    std::vector<std::string>& known = known_[server.host];
    if (!found.numeric.empty()) known = std::move(found.numeric);
    if (!found.problem.empty()) {
      if (!resolved.problem.empty()) resolved.problem += "; ";
      resolved.problem += in_quotes(server.host) + ": " + found.problem;
      resolved.try_again = resolved.try_again || found.try_again;
    }
    for (const std::string& ip : known) {
      std::string numeric = ip + ":" + std::to_string(server.port);
      if (std::find(resolved.servers.begin(), resolved.servers.end(), numeric) ==
          resolved.servers.end()) {
        resolved.servers.push_back(std::move(numeric));
      }
    }
  }
  return resolved;
}

std::vector<std::string> padded(std::vector<std::string> servers, std::size_t other_than) {
  for (std::size_t next = 0; servers.size() % 2 == 0 || servers.size() == other_than; ++next) {
    std::string again = servers[next];
    servers.push_back(std::move(again));
  }
  return servers;
}

std::string connection_string(const std::vector<std::string>& servers, const std::string& chroot) {
  std::string result;
  for (const std::string& server : padded(servers)) {
    if (!result.empty()) result += ',';
    result += server;
  }
  return result + chroot;
}

}  // namespace zklock::internal
