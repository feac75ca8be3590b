#include "lock/check_config.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/znode_path.h"

namespace zklock::internal {

namespace {

/// The longest TTL: sums of times stay far below the limits of their types.
constexpr std::chrono::hours kLongestTtl{24 * 365 * 100};

[[noreturn]] void refuse(const std::string& field, const std::string& reason) {
  throw LockError(Errc::invalid_config, field + ": " + reason);
}

void check_acl(const Acl& acl, const ClientOptions* options) {
  const auto& entries = acl.entries();
  const bool is_readable = std::any_of(entries.begin(), entries.end(), [](const AclEntry& entry) {
    return (entry.permissions & Permission::read) == Permission::read;
  });
  if (!is_readable) refuse("acl", "nobody could read the claims, and so wait behind them");
  const bool needs_auth = std::any_of(entries.begin(), entries.end(),
                                      [](const AclEntry& entry) { return entry.scheme == "auth"; });
  if (needs_auth && options != nullptr && options->auth.empty()) {
    refuse("acl", "the scheme \"auth\" needs an identity in client.auth");
  }
}

}  // namespace

void check_config(const ZooKeeperLockConfig& config, const ClientOptions* options) {
  const std::string path = normalized_path(config.path);
  if (const auto problem = path_problem(path)) refuse("path", *problem);
  if (config.ttl.count() < 0) refuse("ttl", "it is negative");
  if (config.ttl > kLongestTtl) refuse("ttl", "it is longer than 100 years; 0 means forever");
  if (config.observer_margin.count() < 0) refuse("observer_margin", "it is negative");
  for (const std::string& marker : config.further_claim_markers) {
    if (marker.empty()) refuse("further_claim_markers", "one of them is empty");
    if (marker.back() >= '0' && marker.back() <= '9') {
      refuse(
          "further_claim_markers",
          "\"" + marker + "\" ends with a digit, and could not be told from the number after it");
    }
  }
  check_acl(config.acl, options);
}

}  // namespace zklock::internal
