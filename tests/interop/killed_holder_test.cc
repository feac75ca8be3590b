// A process that is killed while it holds the lock. For all kinds at the same time, each on a path
// of its own, as the sessions take their time to expire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "interop/peer.h"
#include "interop/server_queue.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

/// Of those that are killed: longer than a busy machine may keep one from sending a ping.
constexpr auto kSessionTimeout = 6s;

std::vector<PeerKind> kinds() {
  return {curator(), go_zookeeper(), write_lock(), kazoo_with_patterns(), kazoo_with_lock_names()};
}

TEST(KilledHolderTest, OurWaiterFollowsTheirKilledHolder) {
  struct Pair {
    std::string path = unique_path();
    std::unique_ptr<Peer> theirs{};
    int holder = 0;
    std::unique_ptr<ZooKeeperLock> ours{};
    std::future<Lease> waiting{};
  };
  const std::string address = ZooKeeperServer::shared().address();
  std::vector<Pair> pairs;
  for (const PeerKind& kind : kinds()) {
    Pair& pair = pairs.emplace_back();
    pair.ours = std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{
        .address = address, .path = pair.path, .further_claim_markers = kind.markers});
    pair.theirs = std::make_unique<Peer>(kind, address, kSessionTimeout);
    pair.holder = pair.theirs->begin_to_lock(pair.path);
  }
  for (Pair& pair : pairs) {
    const std::optional<std::string> claim = pair.theirs->granted(pair.holder);
    ASSERT_TRUE(claim) << pair.theirs->said();
    pair.waiting = lock_async(*pair.ours);
    ASSERT_TRUE(ServerQueue(pair.path).waiter_behind(*claim));
    pair.theirs->kill();
  }
  for (Pair& pair : pairs) {
    EXPECT_TRUE(granted(pair.waiting)) << pair.theirs->said();
  }
}

TEST(KilledHolderTest, TheirWaiterFollowsOurKilledHolder) {
  struct Pair {
    Peer* theirs = nullptr;
    std::string path = unique_path();
    int holder = 0;
    int waiter = 0;
  };
  Peer holders(ours(), ZooKeeperServer::shared().address(), kSessionTimeout);
  std::vector<Pair> pairs;
  for (const PeerKind& kind : kinds()) {
    Pair& pair = pairs.emplace_back();
    pair.theirs = &Peer::shared(kind);
    pair.holder = holders.begin_to_lock(pair.path);
  }
  for (Pair& pair : pairs) {
    const std::optional<std::string> claim = holders.granted(pair.holder);
    ASSERT_TRUE(claim) << holders.said();
    pair.waiter = pair.theirs->begin_to_lock(pair.path);
    ASSERT_TRUE(ServerQueue(pair.path).waiter_behind(*claim)) << pair.theirs->said();
  }
  holders.kill();
  for (Pair& pair : pairs) {
    EXPECT_TRUE(pair.theirs->granted(pair.waiter)) << pair.theirs->said();
    EXPECT_TRUE(pair.theirs->unlock(pair.waiter)) << pair.theirs->said();
  }
}

}  // namespace
}  // namespace zklock::test
