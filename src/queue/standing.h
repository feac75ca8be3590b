// standing.h: the place of a claim in the queue, according to one list of the queue. Pure.
#ifndef ZKLOCK_SRC_QUEUE_STANDING_H_
#define ZKLOCK_SRC_QUEUE_STANDING_H_

#include <cstddef>
#include <string>
#include <vector>

#include "queue/claim_name.h"

namespace zklock::internal {

struct Standing {
  enum class Place {
    missing,  // the list does not have the claim: it is gone, even if the list is empty
    first,
    behind,
  };
  Place place = Place::missing;
  std::string holder{};        // name of the first claim
  std::string ahead{};         // name of the claim just ahead
  std::string second_ahead{};  // name of the claim in front of that one; "" if there is none
  std::size_t claims_ahead = 0;

  /// Only the holder is ahead.
  [[nodiscard]] bool is_next() const noexcept { return place == Place::behind && ahead == holder; }
};

/// The place of `own_name`. REQUIRES: `claims` are in the order of granting.
[[nodiscard]] Standing standing_of(const std::string& own_name,
                                   const std::vector<ClaimName>& claims);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_STANDING_H_
