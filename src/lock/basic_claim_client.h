// basic_claim_client.h: adapts any client of the user's to what the lock needs.
#ifndef ZKLOCK_SRC_LOCK_BASIC_CLAIM_CLIENT_H_
#define ZKLOCK_SRC_LOCK_BASIC_CLAIM_CLIENT_H_

#include <zklock/advanced/claim_client.h>

#include <memory>
#include <string>

#include "base/background.h"
#include "base/log.h"

namespace zklock::internal {

/// A ClaimClient made of the basic operations, which a subclass defines. It knows no session, sends
/// one request after the other, and makes one attempt of what belongs in the background.
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

/// Returns `client` itself if it is a ClaimClient that never throws. Otherwise returns an adapter,
/// which logs every exception of the client and reports it as ZooKeeperErrc::system_error. (A mock
/// throws when a test has not said what it returns. An exception that left one of our threads would
/// end the process.) REQUIRES: `client` is not null.
[[nodiscard]] std::shared_ptr<ClaimClient> claim_client_of(std::shared_ptr<ZooKeeperClient> client,
                                                           std::shared_ptr<Background> background,
                                                           Log log);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_BASIC_CLAIM_CLIENT_H_
