// Servers that are restarted one after the other, while locks are held.
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <vector>

#include "integration/tools.h"
#include "support/unique_path.h"
#include "support/zookeeper_ensemble.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

/// A holder with a session of its own.
struct Holder {
  explicit Holder(const std::string& address)
      : lock({.address = address, .path = unique_path(), .client = {.session_timeout = 10s}}),
        lease(lock.lock(soon())) {}

  ZooKeeperLock lock;
  Lease lease;
};

TEST(RollingRestartTest, HoldersKeepTheirLeases) {
  ZooKeeperEnsemble ensemble;
  std::vector<std::unique_ptr<Holder>> holders(20);
  for (std::unique_ptr<Holder>& holder : holders) {
    holder = std::make_unique<Holder>(ensemble.address());
  }
  std::vector<int> order = ensemble.followers();
  order.push_back(ensemble.leader());
  for (const int server : order) {
    ensemble.restart(server);
    ensemble.wait_until_it_serves();
  }
  for (const std::unique_ptr<Holder>& holder : holders) {
    EXPECT_NO_THROW(holder->lease.verify(soon()));
    EXPECT_TRUE(holder->lease.valid());
  }
}

}  // namespace
}  // namespace zklock::test
