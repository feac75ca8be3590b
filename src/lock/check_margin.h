// check_margin.h: whether a warning can come so long before the end of a lease.
#ifndef ZKLOCK_SRC_LOCK_CHECK_MARGIN_H_
#define ZKLOCK_SRC_LOCK_CHECK_MARGIN_H_

#include <zklock/advanced/claim_client.h>

#include <chrono>

namespace zklock::internal {

/// A warning must not come while all is well. Throws LockError(invalid_config) if it would.
/// `ttl`: 0 for none. `session`: null if it is not known.
void check_margin(std::chrono::milliseconds margin, std::chrono::milliseconds ttl,
                  const Session* session);

/// The longest margin that passes check_margin. The servers grant no session below 4 ms.
[[nodiscard]] std::chrono::milliseconds longest_margin(std::chrono::milliseconds ttl,
                                                       const Session* session) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_CHECK_MARGIN_H_
