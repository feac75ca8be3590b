// margin.h: how long before its claim is deleted at the leader a lease ends. It must be before: the
// next claim is granted when this one is gone.
#ifndef ZKLOCK_TESTS_CHAOS_MARGIN_H_
#define ZKLOCK_TESTS_CHAOS_MARGIN_H_

#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace zklock::chaos {

/// When a claim was deleted, as reported to a client of the leader.
class DeletionTime final : public Watcher {
 public:
  void on_event(const WatchEvent& event) override;
  [[nodiscard]] bool is_prompt() const noexcept override { return true; }

  /// 0: it was not.
  [[nodiscard]] std::int64_t at() const noexcept { return at_; }

 private:
  std::atomic<std::int64_t> at_ = 0;
};

/// A client, and the lease of a lock that nobody else wants.
struct Holder {
  explicit Holder(std::shared_ptr<ZooKeeperClient> connected);

  const std::shared_ptr<ZooKeeperClient> client;
  ZooKeeperLock lock;
  const Lease lease;
  const std::shared_ptr<DeletionTime> deleted = std::make_shared<DeletionTime>();
  std::int64_t ended = 0;  // when it was first seen that the lease is not valid any more
};
using Holders = std::vector<std::unique_ptr<Holder>>;

/// Notes when the claims are deleted, as `observer` hears it, which is to be a client of the
/// leader. They are expected to be there.
void watch_claims(ZooKeeperClient& observer, const Holders& holders);

/// Looks at all leases, each millisecond or so, until all claims are deleted, for a few times
/// `session_timeout` at the most.
void watch_them_end(const Holders& holders, std::chrono::milliseconds session_timeout);

/// The smallest margin, once they have ended. All are expected to be positive. What was done to
/// them was done at `broken`, by `boot_now`.
[[nodiscard]] std::chrono::nanoseconds smallest_margin(const Holders& holders, std::int64_t broken);

/// For readers of the test's output.
void print_margin(std::chrono::milliseconds session_timeout, const Holders& holders,
                  std::chrono::nanoseconds margin);

}  // namespace zklock::chaos

#endif  // ZKLOCK_TESTS_CHAOS_MARGIN_H_
