#include "queue/claim_name.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <tuple>

namespace zklock::internal {

namespace {

constexpr std::string_view kDigits = "0123456789";

/// The whole of `text` as a number, which may begin with "-".
std::optional<std::int64_t> whole_number(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::int64_t> claim_sequence(
    std::string_view name, const std::vector<std::string>& further_markers) noexcept {
  // The further markers come first: only they show that the "-" in "__lock__-2147483648" is a sign.
  for (const std::string& marker : further_markers) {
    const std::size_t at = name.rfind(marker);  // "" is found at the end
    if (at == std::string_view::npos) continue;
    if (const auto number = whole_number(name.substr(at + marker.size()))) return number;
  }
  const std::size_t last_other = name.find_last_not_of(kDigits);
  if (last_other == std::string_view::npos || name[last_other] != '-') return std::nullopt;
  const bool has_sign = last_other > 0 && name[last_other - 1] == '-';
  return whole_number(name.substr(has_sign ? last_other : last_other + 1));
}

std::vector<ClaimName> claims_by_sequence(const std::vector<std::string>& names,
                                          const std::vector<std::string>& further_markers) {
  std::vector<ClaimName> claims;
  claims.reserve(names.size());
  for (const std::string& name : names) {
    if (const auto sequence = claim_sequence(name, further_markers)) {
      claims.push_back({*sequence, name});
    }
  }
  std::sort(claims.begin(), claims.end(), [](const ClaimName& a, const ClaimName& b) {
    return std::tie(a.sequence, a.name) < std::tie(b.sequence, b.name);
  });
  return claims;
}

bool sequence_order_is_certain(const std::vector<ClaimName>& claims) noexcept {
  constexpr std::int64_t kStuckCounter = std::numeric_limits<std::int32_t>::max();
  const bool is_wrapped = std::any_of(claims.begin(), claims.end(), [](const ClaimName& claim) {
    return claim.sequence < 0 || claim.sequence == kStuckCounter;
  });
  const auto same = [](const ClaimName& a, const ClaimName& b) { return a.sequence == b.sequence; };
  return !is_wrapped && std::adjacent_find(claims.begin(), claims.end(), same) == claims.end();
}

}  // namespace zklock::internal
