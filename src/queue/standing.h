// standing.h: where a claim stands in the queue, by a list of the lock's directory.
#ifndef ZKLOCK_SRC_QUEUE_STANDING_H_
#define ZKLOCK_SRC_QUEUE_STANDING_H_

#include <zklock/context.h>
#include <zklock/result.h>
#include <zklock/zookeeper_client.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "queue/claim_name.h"

namespace zklock::internal {

/// The claims of `directory` among `names`, in the order of granting. `not_claims`: those that look
/// like claims but are not (persistent children). Pure, unless the numbers do not tell the order:
/// then every claim is read, and its czxid decides. Errors: those of reading.
Result<std::vector<ClaimName>> claims_in_order(ZooKeeperClient& client,
                                               const std::string& directory,
                                               const std::vector<std::string>& names,
                                               const std::vector<std::string>& further_markers,
                                               const std::set<std::string>& not_claims,
                                               const Context& context);

struct Standing {
  enum class Place {
    missing,  // the claim is not in the list: it is gone, whoever else is there or not
    first,
    behind,
  };
  Place place = Place::missing;
  std::string holder{};        // name of the first claim
  std::string ahead{};         // name of the claim just ahead
  std::string second_ahead{};  // name of the one in front of that; "" if there is none
  std::size_t claims_ahead = 0;

  [[nodiscard]] bool is_next() const noexcept { return place == Place::behind && ahead == holder; }
};

/// Pure.
[[nodiscard]] Standing standing_of(const std::string& own_name,
                                   const std::vector<ClaimName>& claims);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_STANDING_H_
