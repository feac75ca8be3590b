#include "queue/standing.h"

#include <algorithm>

namespace zklock::internal {

Standing standing_of(const std::string& own_name, const std::vector<ClaimName>& claims) {
  const auto own = std::find_if(claims.begin(), claims.end(),
                                [&](const ClaimName& claim) { return claim.name == own_name; });
  if (own == claims.end()) return {};
  if (own == claims.begin()) return {Standing::Place::first, own_name};
  const auto count = static_cast<std::size_t>(own - claims.begin());
  return {Standing::Place::behind, claims.front().name, std::prev(own)->name,
          count > 1 ? std::prev(own, 2)->name : std::string(), count};
}

}  // namespace zklock::internal
