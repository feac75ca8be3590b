// claim_name.h: the names of claims, and the order that they stand for.
//
// A claim is "_c_<32 lower-case hex>-lock-<sequence>": the hex is a random id by which a create
// whose answer was lost is found again, the sequence number is ZooKeeper's. Of other libraries'
// names only the end counts.
#ifndef ZKLOCK_SRC_QUEUE_CLAIM_NAME_H_
#define ZKLOCK_SRC_QUEUE_CLAIM_NAME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zklock::internal {

struct ClaimName {
  std::int64_t sequence = 0;
  std::string name{};

  bool operator==(const ClaimName&) const = default;
};

/// The sequence number at the end of `name`: digits after a "-", or after one of the further
/// markers. A "-" between the marker and the digits makes it negative ("lock--2147483648", with the
/// marker "__lock__" also
/// "__lock__-2147483648"): ZooKeeper's counter wraps. None: it is not a claim, also when the number
/// is larger than any counter. Empty markers count for nothing.
[[nodiscard]] std::optional<std::int64_t> claim_sequence(
    std::string_view name, const std::vector<std::string>& further_markers) noexcept;

/// Those of `names` that are claims, sorted by number, then by name.
[[nodiscard]] std::vector<ClaimName> claims_by_sequence(
    const std::vector<std::string>& names, const std::vector<std::string>& further_markers);

/// Whether the numbers tell in which order the claims were created. False if one is negative or
/// 2147483647, where ZooKeeper's counter sticks, wraps and hands out duplicates, or if two are the
/// same: `czxid` decides then. REQUIRES: as claims_by_sequence sorts them.
[[nodiscard]] bool sequence_order_is_certain(const std::vector<ClaimName>& claims) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_CLAIM_NAME_H_
