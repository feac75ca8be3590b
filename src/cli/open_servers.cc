#include "cli/open_servers.h"

#include <zklock/libzookeeper_client.h>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace zklock::cli {
namespace {

/// Says which line is wrong, but not what is in it: that is secret.
std::vector<AuthInfo> read_identities(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw std::invalid_argument("ZKLOCK_AUTH_FILE: cannot read " + path + ": " +
                                std::generic_category().message(errno));
  }
  std::vector<AuthInfo> identities;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.find(' ');
    if (space == 0 || space == std::string::npos || space + 1 == line.size()) {
      throw std::invalid_argument("ZKLOCK_AUTH_FILE: " + path + ", line " + std::to_string(number) +
                                  ": not a scheme, a space and credentials");
    }
    identities.push_back({.scheme = line.substr(0, space), .credentials = line.substr(space + 1)});
  }
  if (file.bad()) throw std::invalid_argument("ZKLOCK_AUTH_FILE: cannot read " + path);
  return identities;
}

}  // namespace

std::shared_ptr<ZooKeeperClient> open_servers(const Servers& servers, ClientOptions options) {
  options.connect_timeout = servers.answer_timeout;
  if (!servers.auth_file.empty()) options.auth = read_identities(servers.auth_file);
  if (!servers.ca_file.empty() || !servers.certificate_file.empty() || !servers.key_file.empty()) {
    options.tls = TlsOptions{.ca_file = servers.ca_file,
                             .certificate_file = servers.certificate_file,
                             .key_file = servers.key_file};
  }
  if (!servers.sasl_user.empty() || !servers.sasl_password_file.empty()) {
    options.sasl =
        SaslOptions{.user = servers.sasl_user, .password_file = servers.sasl_password_file};
  }
  return connect(servers.address, std::move(options));
}

}  // namespace zklock::cli
