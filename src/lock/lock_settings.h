// lock_settings.h: the settings that all claims of one lock share.
#ifndef ZKLOCK_SRC_LOCK_LOCK_SETTINGS_H_
#define ZKLOCK_SRC_LOCK_LOCK_SETTINGS_H_

#include <zklock/acl.h>
#include <zklock/advanced/claim_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/background.h"
#include "lock/local_queue.h"
#include "lock/observed.h"
#include "queue/metadata.h"

namespace zklock::internal {

/// Constant once the lock is made. Leases share it, and may outlive the lock.
struct LockSettings : Observed {
  std::string path;
  std::chrono::milliseconds ttl{0};  // 0: none
  bool purge_without_ttl = false;
  DirectoryKind directory = DirectoryKind::container;
  WhenUncertain when_uncertain = WhenUncertain::lose;
  Acl acl = Acl::open();
  std::vector<std::string> further_claim_markers;
  std::chrono::milliseconds observer_margin{0};  // 0: endings are not reported
  std::shared_ptr<ClaimClient> client;
  std::shared_ptr<Background> background;
  std::shared_ptr<LocalQueue> local_queue;

  [[nodiscard]] bool has_ttl() const noexcept { return ttl.count() > 0; }
  /// Only locks that take the same children for claims agree on the first one.
  [[nodiscard]] bool shares_local_queue() const noexcept { return further_claim_markers.empty(); }

  /// The data of a claim that is granted now, or may be granted at once.
  [[nodiscard]] Metadata metadata(const std::string& owner, const std::string& trace = {}) const {
    const Platform& platform = Platform::current();
    Metadata metadata;
    metadata.timestamp = platform.wall_now();
    if (has_ttl()) metadata.ttl_deadline = saturated_sum(metadata.timestamp, ttl);
    metadata.owner = owner;
    metadata.host = platform.host();
    metadata.pid = platform.pid();
    metadata.trace = trace;
    return metadata;
  }
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_LOCK_SETTINGS_H_
