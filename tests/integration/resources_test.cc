// What the library takes, it gives back: threads, descriptors, watches, claims.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Optional;

std::size_t count_in(const std::filesystem::path& directory) {
  const std::filesystem::directory_iterator entries(directory);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}
std::size_t threads() { return count_in("/proc/self/task"); }
std::size_t descriptors() { return count_in("/proc/self/fd"); }

/// What was allocated and is not freed yet. Not what the process occupies: that depends on how many
/// threads allocated at the same time, and on the most that was ever allocated.
std::ptrdiff_t allocated_bytes() {
  const struct mallinfo2 heap = ::mallinfo2();
  return static_cast<std::ptrdiff_t>(heap.uordblks + heap.hblkhd);
}

// The sanitizers take time, and memory of their own.
#ifdef ZKLOCK_SANITIZED
constexpr bool kIsSanitized = true;
constexpr int kCycles = 2'000;
#else
constexpr bool kIsSanitized = false;
constexpr int kCycles = 10'000;
#endif

/// So many attempts that time out. Four run at a time, so that they also wait behind each other,
/// that is, behind claims that give up. A fifth of them does not wait.
void time_out(ZooKeeperLock& lock, int cycles) {
  constexpr int kThreads = 4;
  std::vector<std::thread> contending;
  for (int thread = 0; thread < kThreads; ++thread) {
    contending.emplace_back([&lock, thread, cycles_of_each = cycles / kThreads] {
      for (int i = 0; i < cycles_of_each; ++i) {
        std::error_code error;
        lock.lock(Context().with_timeout(1ms * ((thread + i) % 5)), error);
        // A millisecond may be too short for an answer.
        ASSERT_TRUE(error == Errc::locking_timed_out || error == Errc::no_server_answered) << error;
      }
    });
  }
  for (std::thread& thread : contending) thread.join();
}

class ResourcesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(becomes_true([&] { return server_number("zk_ephemerals_count") == 0; }))
        << "what the case before has left";
    ASSERT_TRUE(becomes_true([&] { return server_number("zk_watch_count") == 0; }));
  }

  /// A number that the server reports: "zk_watch_count" and such.
  [[nodiscard]] int server_number(const std::string& name) const {
    const std::string answer = server_.ask("mntr");
    const std::size_t at = answer.find(name + "\t");
    return at == std::string::npos ? -1 : std::stoi(answer.substr(at + name.size() + 1));
  }

  const ZooKeeperServer& server_ = ZooKeeperServer::shared();
  const std::string path_ = unique_path();
};

TEST_F(ResourcesTest, DestroyedInstancesLeaveNoThreadsNorDescriptors) {
  const std::size_t threads_before = threads();
  const std::size_t descriptors_before = descriptors();
  const int connections_before = server_number("zk_num_alive_connections");
  for (int i = 0; i < 20; ++i) {
    ZooKeeperLock first({.address = server_.address(), .path = path_});
    ZooKeeperLock second({.address = server_.address(), .path = path_});
    const Lease lease = first.lock(soon());
    EXPECT_FALSE(second.try_lock());
    EXPECT_GT(threads(), threads_before);
    EXPECT_GT(descriptors(), descriptors_before);
  }
  EXPECT_TRUE(becomes_true([&] { return threads() <= threads_before; }))
      << threads() << " threads, " << threads_before << " before";
  EXPECT_TRUE(becomes_true([&] { return descriptors() <= descriptors_before; }))
      << descriptors() << " descriptors, " << descriptors_before << " before";
  // The question is a connection itself, then and now.
  EXPECT_TRUE(becomes_true(
      [&] { return server_number("zk_num_alive_connections") <= connections_before; }));
}

TEST_F(ResourcesTest, FailedConnectionsLeaveNothing) {
  ZooKeeperServer down;
  down.kill();
  const std::size_t threads_before = threads();
  const std::size_t descriptors_before = descriptors();
  for (int i = 0; i < 10; ++i) {
    EXPECT_THROW(static_cast<void>(connect(down.address(), {.connect_timeout = 20ms})), LockError);
  }
  EXPECT_TRUE(becomes_true([&] { return threads() <= threads_before; }));
  EXPECT_TRUE(becomes_true([&] { return descriptors() <= descriptors_before; }));
}

TEST_F(ResourcesTest, LocksOfOneClientShareItsThreads) {
  const std::shared_ptr<ClaimClient> client = testing::connect_claim_client(server_.address());
  std::vector<std::unique_ptr<ZooKeeperLock>> locks;
  std::vector<Lease> leases;
  const auto add = [&] {
    const std::string path = path_ + "/" + std::to_string(locks.size());
    locks.push_back(
        std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = path, .ttl = 60s}, client));
    leases.push_back(locks.back()->lock(soon()));
  };
  add();
  const std::size_t threads_with_one = threads();
  const std::size_t descriptors_with_one = descriptors();
  for (int i = 0; i < 100; ++i) add();
  EXPECT_LE(threads(), threads_with_one);
  EXPECT_LE(descriptors(), descriptors_with_one);
  for (const Lease& lease : leases) EXPECT_TRUE(lease.valid());
}

TEST_F(ResourcesTest, ThousandsOfTimeoutsLeaveNothing) {
  const std::shared_ptr<ClaimClient> client = testing::connect_claim_client(server_.address());
  ZooKeeperLock lock({.path = path_}, client);
  ZooKeeperLock holder({.address = server_.address(), .path = path_});
  const Lease lease = holder.lock(soon());

  time_out(lock, kCycles / 10);  // what is used for the first time is not a leak
  const std::size_t threads_before = threads();
  const std::size_t descriptors_before = descriptors();
  const auto nothing_is_pending = [&] { return client->pending_removals().count == 0; };
  ASSERT_TRUE(becomes_true(nothing_is_pending));
  // A leak shows in every round; a table or a text that grows once, in one of them.
  constexpr int kRounds = 4;
  std::ptrdiff_t least_growth = std::numeric_limits<std::ptrdiff_t>::max();
  for (int round = 0; round < kRounds; ++round) {
    const std::ptrdiff_t allocated_before = allocated_bytes();
    time_out(lock, kCycles / kRounds);
    ASSERT_TRUE(becomes_true(nothing_is_pending));
    least_growth = std::min(least_growth, allocated_bytes() - allocated_before);
  }

  EXPECT_TRUE(becomes_true([&] { return server_number("zk_ephemerals_count") == 1; }))
      << "only the holder's claim is left";
  // The contender's and the holder's of that claim.
  EXPECT_TRUE(becomes_true([&] { return server_number("zk_watch_count") <= 2; }));
  EXPECT_TRUE(becomes_true([&] { return threads() <= threads_before; }))
      << threads() << " threads, " << threads_before << " before";
  EXPECT_TRUE(becomes_true([&] { return descriptors() <= descriptors_before; }))
      << descriptors() << " descriptors, " << descriptors_before << " before";
  if (!kIsSanitized) {                   // it has a heap of its own, and looks for leaks itself
    constexpr int kMostBytesOfEach = 4;  // less than the smallest allocation in every fifth attempt
    EXPECT_LE(least_growth, kCycles / kRounds * kMostBytesOfEach);
  }

  holder.unlock(lease, soon());
  EXPECT_TRUE(becomes_true([&] { return server_number("zk_watch_count") == 0; }));
  EXPECT_TRUE(lock.try_lock());
}

TEST_F(ResourcesTest, ForkedChildLeavesTheParentsSessionAndLocksAlone) {
  // The child does not destroy what is the parent's, which looks like a leak there.
  Subprocess forker({FORKER, server_.address(), path_}, {"ASAN_OPTIONS=detect_leaks=0"});
  EXPECT_THAT(forker.wait_for_exit(), Optional(0)) << forker.standard_error();
  EXPECT_EQ(forker.standard_error(), "");
}

TEST_F(ResourcesTest, ProgramsInheritNoConnection) {
  Subprocess heir({HEIR, server_.address()});
  EXPECT_THAT(heir.wait_for_exit(), Optional(0)) << heir.standard_error();
  EXPECT_EQ(heir.standard_error(), "");
}

}  // namespace
}  // namespace zklock::test
