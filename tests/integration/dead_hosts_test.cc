// Hosts that are powered off: nothing answers there, not even to refuse.
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "integration/tools.h"
#include "support/silent_host.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

constexpr int kStarts = 20;

class DeadHostsTest : public ::testing::Test {
 protected:
  /// The same server at several addresses, as if these were servers of one ensemble.
  [[nodiscard]] std::string live_servers(int count) const {
    std::string servers;
    for (int i = 1; i <= count; ++i) {
      if (i > 1) servers += ',';
      servers += "127.0.0." + std::to_string(i) + ":" + std::to_string(server_.port());
    }
    return servers;
  }

  /// Starts at the same time: each shuffles the servers for itself. Returns the longest.
  static std::chrono::nanoseconds longest_first_lock(const std::string& address,
                                                     const ClientOptions& options) {
    std::atomic<std::chrono::nanoseconds> longest{0ns};
    std::vector<std::thread> starts;
    for (int i = 0; i < kStarts; ++i) {
      starts.emplace_back([&] {
        const auto begin = std::chrono::steady_clock::now();
        try {
          ZooKeeperLock lock({.address = address, .path = unique_path(), .client = options});
          EXPECT_TRUE(lock.lock(soon()));
        } catch (const LockError& error) {
          ADD_FAILURE() << error.what();
        }
        const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begin;
        std::chrono::nanoseconds known = longest;
        while (took > known && !longest.compare_exchange_weak(known, took)) {
        }
      });
    }
    for (std::thread& start : starts) start.join();
    return longest;
  }

  ZooKeeperServer server_{{.settings = {"clientPortAddress=0.0.0.0", "maxClientCnxns=0"}}};
};

TEST_F(DeadHostsTest, OneOfThreeDoesNotDelayTheFirstLockByMuch) {
  const SilentHost dead("127.0.0.7");
  const std::string address = live_servers(2) + "," + dead.name();
  EXPECT_LT(longest_first_lock(address, {.session_timeout = 30s}), 3s);
}

TEST_F(DeadHostsTest, TwoOfFiveDoNotDelayTheFirstLockByMuch) {
  const SilentHost dead("127.0.0.7");
  const SilentHost other("127.0.0.8");
  const std::string address = live_servers(3) + "," + dead.name() + "," + other.name();
  EXPECT_LT(longest_first_lock(address, {}), 3s);
}

TEST_F(DeadHostsTest, ALeaseOutlivesASearchPastThem) {
  const SilentHost dead("127.0.0.7");
  const SilentHost other("127.0.0.8");
  ZooKeeperLock lock({.address = live_servers(1) + "," + dead.name() + "," + other.name(),
                      .path = unique_path(),
                      .client = {.session_timeout = 40s}});
  const Lease lease = lock.lock(soon());
  server_.restart();  // the client tries the dead ones before it returns
  EXPECT_NO_THROW(lease.verify(soon()));
  EXPECT_TRUE(lease.valid());
}

}  // namespace
}  // namespace zklock::test
