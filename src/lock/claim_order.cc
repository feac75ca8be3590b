#include "lock/claim_order.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/znode_path.h"

namespace zklock::internal {

namespace {

/// The czxid is always right, but costs a request for each claim. Leaves out claims that are gone.
Result<std::vector<ClaimName>> order_by_czxid(ZooKeeperClient& client, const std::string& directory,
                                              std::vector<ClaimName> claims,
                                              const Context& context) {
  std::vector<std::pair<std::int64_t, ClaimName>> dated;
  for (ClaimName& claim : claims) {
    const Result<Znode> znode = client.get(join_path(directory, claim.name), context);
    if (znode) {
      if (znode->stat.ephemeral_owner != 0) dated.emplace_back(znode->stat.czxid, std::move(claim));
    } else if (znode.error() != ZooKeeperErrc::no_node) {
      return znode.error();
    }
  }
  std::sort(dated.begin(), dated.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  claims.clear();
  for (auto& [czxid, claim] : dated) claims.push_back(std::move(claim));
  return claims;
}

}  // namespace

Result<std::vector<ClaimName>> claims_in_order(ZooKeeperClient& client,
                                               const std::string& directory,
                                               const std::vector<std::string>& names,
                                               const std::vector<std::string>& further_markers,
                                               const std::set<std::string>& not_claims,
                                               const Context& context) {
  std::vector<ClaimName> claims = claims_by_sequence(names, further_markers);
  std::erase_if(claims, [&](const ClaimName& claim) { return not_claims.contains(claim.name); });
  if (sequence_order_is_certain(claims)) return claims;
  return order_by_czxid(client, directory, std::move(claims), context);
}

}  // namespace zklock::internal
