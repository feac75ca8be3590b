// basic_claim_client.h: makes any client of the user's one that the lock can work with.
#ifndef ZKLOCK_SRC_LOCK_BASIC_CLAIM_CLIENT_H_
#define ZKLOCK_SRC_LOCK_BASIC_CLAIM_CLIENT_H_

#include <zklock/advanced/claim_client.h>

#include <memory>
#include <string>

#include "base/log.h"

namespace zklock::internal {

/// A ClaimClient that has nothing but the basic operations, which a subclass defines: it knows no
/// session, does one thing after the other, and does in the background what can be done at once.
class BasicClaimClient : public ClaimClient {
 public:
  /// Reads the znode, and compares the version.
  Result<void> check(const std::string& path, std::int32_t version,
                     const Context& context) override;
  /// Creates, then lists; watches nothing.
  Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context) override;
  /// One attempt, for at most a second.
  void watch_in_background(const std::string& path,
                           const std::shared_ptr<Watcher>& watcher) override;
  /// One attempt, for at most a second.
  void remove_in_background(const std::string& path) override;
  [[nodiscard]] PendingRemovals pending_removals() const override { return {}; }
  [[nodiscard]] std::shared_ptr<const Session> session() const override { return nullptr; }
  [[nodiscard]] std::shared_ptr<ClaimClient> with_capacity() override { return nullptr; }
};

/// `client` itself if it is a ClaimClient that never throws; otherwise one that works through it,
/// and turns an exception into a line in the log and ZooKeeperErrc::system_error. (A mock throws
/// when a test has not set a return value, and an exception that left a thread of ours would
/// end the process.) REQUIRES: `client` is not null.
[[nodiscard]] std::shared_ptr<ClaimClient> claim_client_of(std::shared_ptr<ZooKeeperClient> client,
                                                           Log log);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_BASIC_CLAIM_CLIENT_H_
