// Renews the TTL of a lease while a command runs.
#ifndef ZKLOCK_SRC_CLI_RENEWAL_H_
#define ZKLOCK_SRC_CLI_RENEWAL_H_

#include <zklock/lock.h>

#include <chrono>
#include <thread>

namespace zklock::cli {

/// Renews on a thread of its own, as long as it lives. What fails is tried again: the lease says
/// when it ends.
class Renewal {
 public:
  /// `ttl`: 0 for none; then there is nothing to do.
  Renewal(const Lease& lease, std::chrono::milliseconds ttl);

 private:
  std::jthread thread_;
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_RENEWAL_H_
