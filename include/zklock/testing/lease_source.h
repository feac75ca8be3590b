// zklock/testing/lease_source.h: leases for the tests of a service. The test can end them.
//
//     zklock::testing::LeaseSource source;
//     zklock::Lease lease = source.grant();
//     ... hand it to the code under test ...
//     source.lose(lease, zklock::LossReason::session_expired);
//
// No server, no client, no waiting. Together with MockLock (mock_lock.h) it replaces a lock.
#ifndef ZKLOCK_TESTING_LEASE_SOURCE_H_
#define ZKLOCK_TESTING_LEASE_SOURCE_H_

#include <zklock/lock.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace zklock::testing {

/// The contents of a lease. Every member has a default.
struct LeaseOptions {
  std::string owner{};
  std::string znode = "/locks/_c_00000000000000000000000000000000-lock-0000000000";
  std::int64_t fencing_token = 0;    // 0: larger than the earlier ones
  std::chrono::milliseconds ttl{0};  // > 0: the lease is lost (`ttl_over`) then, unless renewed
  std::string trace{};
};

/// Makes leases. `renew`, `verify` and `require` of a lease succeed while it is valid, wait while
/// it is suspended, and throw `lock_lost` once it has ended. Thread safety: all members may be
/// called from any thread.
class LeaseSource {
 public:
  /// Makes a valid lease.
  [[nodiscard]] Lease grant(const LeaseOptions& options = {});

  /// So much is left from now on, as if no server answered any more. When this returns, stop is
  /// requested on the `ending` tokens that are due. `renew` moves the end on again: by the TTL, or
  /// to "nothing bounds it" without one. At the end the lease is lost (`ttl_over`). Does nothing to
  /// a lease that has ended.
  static void set_remaining(const Lease& lease, std::chrono::milliseconds remaining);
  /// Suspends the lease, as a lock with WhenUncertain::suspend does in an outage: when this
  /// returns, `valid()` is false, and stop is requested on `suspended()` and on `ending` tokens.
  /// Does nothing to a lease that is suspended or has ended.
  static void suspend(const Lease& lease);
  /// A suspended lease is valid again. Does nothing to any other.
  static void resume(const Lease& lease);
  /// Ends the lease as lost: when this returns, `valid()` is false and `lost()` has requested stop.
  /// Does nothing to a lease that has ended.
  static void lose(const Lease& lease, LossReason reason = LossReason::session_expired);
  /// Ends the lease as an unlock does: `valid()` is false, and `lost()` does not request stop.
  static void release(const Lease& lease);

 private:
  std::atomic<std::int64_t> last_token_{0};
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTING_LEASE_SOURCE_H_
