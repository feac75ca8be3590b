#include "wire/address.h"

#include <arpa/inet.h>
#include <zklock/error.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/utf8.h"
#include "base/znode_path.h"

namespace zklock::internal {

namespace {

constexpr std::uint16_t kDefaultPort = 2181;

[[noreturn]] void refuse(const std::string& why) {
  throw LockError(Errc::invalid_config, "address: " + why);
}

bool is_number(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::uint16_t> port_of(std::string_view text) noexcept {
  std::uint16_t port = 0;
  if (!is_number(text)) return std::nullopt;
  if (std::from_chars(text.data(), text.data() + text.size(), port).ec != std::errc() ||
      port == 0) {
    return std::nullopt;
  }
  return port;
}

bool is_ipv6(std::string_view text) {
  const std::string address(text.substr(0, text.find('%')));  // without the zone: "fe80::1%eth0"
  in6_addr unused{};
  return inet_pton(AF_INET6, address.c_str(), &unused) == 1;
}

HostPort parse_server(std::string_view text, std::string_view address) {
  if (text.empty()) refuse("a server is missing in " + in_quotes(address));
  if (text.find_first_of("[]") != std::string_view::npos) {
    refuse(in_quotes(text) + " has brackets: write an IPv6 address without them, such as ::1:2181");
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {std::string(text), kDefaultPort};

  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.find(':') != std::string_view::npos && !(is_ipv6(host) && is_number(port))) {
    if (is_ipv6(text)) return {std::string(text), kDefaultPort};
    if (!is_ipv6(host)) {
      refuse(in_quotes(text) + " has more than one \":\", but " + in_quotes(host) +
             " is not an IPv6 address");
    }
  }
  if (host.empty()) refuse("the host is missing in " + in_quotes(text));
  const auto number = port_of(port);
  if (!number) {
    refuse("the port " + in_quotes(port) + " in " + in_quotes(text) +
           " is not a number from 1 to 65535");
  }
  return {std::string(host), *number};
}

std::string parse_chroot(std::string_view text) {
  if (text.find(',') != std::string_view::npos) {
    refuse("the path " + in_quotes(text) +
           " does not end the address: it stands once, behind the last server");
  }
  if (text == "/") return {};
  std::string_view chroot = text;
  if (chroot.back() == '/' && chroot.find("//") == std::string_view::npos) chroot.remove_suffix(1);
  if (const auto problem = path_problem(chroot))
    refuse("the path " + in_quotes(text) + ": " + *problem);
  return std::string(chroot);
}

}  // namespace

Address parse_address(std::string_view address) {
  if (address.empty()) refuse("it is empty");
  const auto unfit = std::find_if(address.begin(), address.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
  if (unfit != address.end()) {
    refuse(in_quotes(address) + " has a blank or a control character in it, at byte " +
           std::to_string(unfit - address.begin()));
  }

  Address result;
  const std::size_t slash = address.find('/');
  std::string_view servers = address.substr(0, slash);
  if (servers.empty()) refuse(in_quotes(address) + " names no server");
  while (true) {
    const std::size_t comma = servers.find(',');
    result.servers.push_back(parse_server(servers.substr(0, comma), address));
    if (comma == std::string_view::npos) break;
    servers.remove_prefix(comma + 1);
  }
  if (slash != std::string_view::npos) result.chroot = parse_chroot(address.substr(slash));
  return result;
}

}  // namespace zklock::internal
