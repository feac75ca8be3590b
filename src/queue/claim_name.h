// claim_name.h: the names of claims, and the order that they give.
//
// A claim is named "_c_<32 lower-case hex>-lock-<sequence>". The hex is a random id: it identifies
// a claim after the answer to its create was lost. The sequence number is ZooKeeper's. In names of
// other libraries only the end counts.
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
/// "__lock__-2147483648"): ZooKeeper's counter wraps. None: it is not a claim, or the number does
/// not fit. Empty markers are ignored.
[[nodiscard]] std::optional<std::int64_t> claim_sequence(
    std::string_view name, const std::vector<std::string>& further_markers) noexcept;

/// The claims among `names`, sorted by number, then by name.
[[nodiscard]] std::vector<ClaimName> claims_by_sequence(
    const std::vector<std::string>& names, const std::vector<std::string>& further_markers);

/// Whether the numbers give the order in which the claims were created. ZooKeeper's counter sticks
/// at 2147483647, wraps, and gives duplicates. So it returns false if a number is 2147483647 or
/// negative, or occurs twice: then `czxid` decides. REQUIRES: sorted as by claims_by_sequence.
[[nodiscard]] bool sequence_order_is_certain(const std::vector<ClaimName>& claims) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_CLAIM_NAME_H_
