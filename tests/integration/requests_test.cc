// What a lock costs: how many requests it sends to the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/guarded_write.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsSupersetOf;
using ::testing::Pair;
using Requests = std::map<Op, int>;

int all(const Requests& requests) {
  int sum = 0;
  for (const auto& [op, times] : requests) sum += times;
  return sum;
}
int writes(const Requests& requests) {
  int sum = 0;
  for (const auto& [op, times] : requests) {
    if (op != Op::get && op != Op::children) sum += times;
  }
  return sum;
}

class RequestsTest : public ::testing::Test {
 protected:
  /// A lock with a session of its own.
  struct Contender {
    Contender(const std::string& address, const std::string& path,
              std::chrono::milliseconds ttl = 0ms)
        : client(connect(address)),
          lock({.path = path, .ttl = ttl, .observer = observer}, client) {}

    const std::shared_ptr<RecordingObserver> observer = std::make_shared<RecordingObserver>();
    const std::shared_ptr<ZooKeeperClient> client;
    ZooKeeperLock lock;
  };

  RequestsTest() { ZooKeeperLock({.address = address_, .path = path_}); }  // creates it

  /// It is counted what this one asks for.
  [[nodiscard]] Contender counted(std::chrono::milliseconds ttl = 0ms) const {
    return {proxy_.address(), path_, ttl};
  }
  /// Returns how many of them took so long that they may have watched their own claim.
  static int cycle(Lock& lock, int times = 1) {
    int slow = 0;
    for (int i = 0; i < times; ++i) {
      const auto begun = std::chrono::steady_clock::now();
      std::error_code error;
      const Lease lease = lock.lock(soon(), error);
      EXPECT_FALSE(error) << error.message();
      if (lease) lock.unlock(lease, soon(), error);
      EXPECT_FALSE(error) << error.message();
      if (std::chrono::steady_clock::now() - begun >= kShort) ++slow;
    }
    return slow;
  }
  void expect_two_requests(Lock& lock) {
    cycle(lock, 10);
    int slow = 0;
    const Requests requests = requests_of([&] { slow = cycle(lock, 100); });
    EXPECT_THAT(requests, IsSupersetOf({Pair(Op::create, 100), Pair(Op::remove, 100)}));
    EXPECT_LE(all(requests), 200 + slow);
  }
  template <class Call>
  Requests requests_of(const Call& call) {
    proxy_.count_requests(path_);
    call();
    return proxy_.requests();
  }
  [[nodiscard]] bool queue_has(std::size_t length) const {
    return becomes_true([&] {
      const Result<Children> list = looker_->children(path_, soon());
      return list && list->names.size() == length;
    });
  }

  /// A wait, or a hold, that is over sooner pays for no watch on the own claim.
  static constexpr auto kShort = 50ms;

  const std::string path_ = unique_path();
  const std::string address_ = ZooKeeperServer::shared().address();
  LoopbackProxy proxy_{ZooKeeperServer::shared().port()};
  const std::shared_ptr<ZooKeeperClient> looker_ = connect(address_);
};

TEST_F(RequestsTest, AnUncontendedCycleNeedsTwo) {
  Contender contender = counted();
  expect_two_requests(contender.lock);
}

TEST_F(RequestsTest, TheFirstCycleNeedsThree) {
  Contender other(address_, path_);
  cycle(other.lock);  // creates the path
  Contender contender = counted();
  int slow = 0;
  const Requests requests = requests_of([&] { slow = cycle(contender.lock); });
  EXPECT_EQ(requests.at(Op::create), 1);
  EXPECT_EQ(requests.at(Op::children), 1);
  EXPECT_EQ(requests.at(Op::remove), 1);
  EXPECT_LE(all(requests), 3 + slow);
}

TEST_F(RequestsTest, ACycleInADirectoryThatHasGoneNeedsThreeMore) {
  Contender contender = counted();
  cycle(contender.lock);
  ASSERT_TRUE(looker_->remove(path_, ZooKeeperClient::kAnyVersion, soon()));
  int slow = 0;
  const Requests requests = requests_of([&] { slow = cycle(contender.lock); });
  EXPECT_LE(all(requests), 6 + slow);
}

TEST_F(RequestsTest, AGuardedWriteNeedsOneAndTheFirstOfAGrantTwo) {
  Contender contender = counted();
  const Lease lease = contender.lock.lock(soon());
  const auto commit = [&] { GuardedWrite(lease).set(path_, "x").commit(soon()); };
  // The hold may begin to watch its claim meanwhile: one more read.
  const Requests first = requests_of(commit);
  EXPECT_EQ(first.at(Op::multi), 1);
  EXPECT_EQ(all(first), 1 + first.at(Op::get));
  EXPECT_LE(first.at(Op::get), 2);
  const Requests next = requests_of([&] {
    for (int i = 0; i < 10; ++i) commit();
  });
  EXPECT_EQ(next.at(Op::multi), 10);
  EXPECT_LE(all(next), 11);
}

TEST_F(RequestsTest, WaitingForAnotherHolderCostsNothingWhileOthersQueue) {
  Contender watcher = counted();
  Contender holder(address_, path_);
  const Lease lease = holder.lock.lock(soon());
  const LockEntries known = watcher.lock.entries(soon());
  LockEntries changed;
  const Requests requests = requests_of([&] {
    std::thread waiting([&] { changed = watcher.lock.wait_for_change(known, soon()); });
    for (int i = 0; i < 10; ++i) {
      Contender other(address_, path_);
      std::error_code error;
      other.lock.lock(soon().without_waiting(), error);
      EXPECT_EQ(error, Errc::locking_timed_out);
    }
    EXPECT_TRUE(queue_has(1));
    holder.lock.unlock(lease, soon());
    waiting.join();
  });
  EXPECT_TRUE(changed.empty());
  EXPECT_EQ(requests.at(Op::get), 1);
  EXPECT_EQ(requests.at(Op::children), 1);
  EXPECT_EQ(all(requests), 2);
}

TEST_F(RequestsTest, ACycleAfterAnotherHolderNeedsThree) {
  Contender contender = counted();
  Contender other(address_, path_);
  cycle(contender.lock, 10);
  for (int i = 0; i < 20; ++i) {
    cycle(other.lock);
    const Requests requests = requests_of([&] { cycle(contender.lock); });
    EXPECT_EQ(requests.at(Op::create), 1);
    EXPECT_EQ(requests.at(Op::children), 1);
    EXPECT_EQ(requests.at(Op::remove), 1);
    // It watches the directory, once in a while: the two requests of a later one need that.
    EXPECT_LE(all(requests), 4);
  }
}

TEST_F(RequestsTest, AnUncontendedCycleWithATtlNeedsNoMore) {
  Contender contender = counted(30s);
  expect_two_requests(contender.lock);
}

TEST_F(RequestsTest, TheNextInLineNeedsAtMostFour) {
  for (const auto ttl : {0ms, 30'000ms}) {
    Contender waiter = counted(ttl);
    Contender holder(address_, path_, ttl);
    for (std::size_t i = 1; i <= 10; ++i) {
      const Lease lease = holder.lock.lock(soon());
      int slow = 0;
      const Requests requests = requests_of([&] {
        std::thread waiting([&] { slow = cycle(waiter.lock); });
        EXPECT_TRUE(waiter.observer->await("waiting", i));
        holder.lock.unlock(lease, soon());
        waiting.join();
      });
      // With a TTL it writes when it becomes the holder, and, in a long wait, that it waits.
      const int more_writes = ttl > 0ms ? 2 : 0;
      EXPECT_LE(writes(requests), 2 + more_writes);
      EXPECT_LE(all(requests), 4 + more_writes + 2 * slow) << "watches of its own claim";
    }
  }
}

TEST_F(RequestsTest, WaitersFurtherBackNeedAtMostSixAndAHalfOnAverage) {
  constexpr std::size_t kWaiters = 20;
  std::vector<std::unique_ptr<Contender>> waiters;
  for (std::size_t i = 0; i < kWaiters; ++i) {
    waiters.push_back(std::make_unique<Contender>(proxy_.address(), path_));
  }
  Contender holder(address_, path_);
  const Lease lease = holder.lock.lock(soon());
  const Requests requests = requests_of([&] {
    std::vector<std::jthread> waiting;
    for (std::size_t i = 0; i < kWaiters; ++i) {
      waiting.emplace_back([&lock = waiters[i]->lock] { cycle(lock); });
      EXPECT_TRUE(queue_has(i + 2));
    }
    holder.lock.unlock(lease, soon());
  });
  EXPECT_LE(all(requests), static_cast<int>(kWaiters) * 13 / 2);
}

TEST_F(RequestsTest, AThousandWaitersNeedNoMoreEach) {
#ifdef ZKLOCK_SANITIZED
  constexpr std::size_t kWaiters = 100;  // as many take long
#else
  constexpr std::size_t kWaiters = 1'000;
#endif
  constexpr std::size_t kSessions = 10;
  std::vector<std::unique_ptr<Contender>> sessions;
  for (std::size_t i = 0; i < kSessions; ++i) {
    sessions.push_back(std::make_unique<Contender>(proxy_.address(), path_));
  }
  Contender holder(address_, path_);
  const Lease lease = holder.lock.lock(soon());
  std::vector<std::int64_t> tokens;  // guarded by the lock that is tested
  const Requests requests = requests_of([&] {
    std::vector<std::jthread> waiting;
    waiting.reserve(kWaiters);
    for (std::size_t i = 0; i < kWaiters; ++i) {
      waiting.emplace_back([&tokens, &lock = sessions[i % kSessions]->lock] {
        std::error_code error;
        const Lease own = lock.lock(soon(), error);
        if (!own) return;
        tokens.push_back(own.fencing_token());
        lock.unlock(own, soon(), error);
      });
    }
    EXPECT_TRUE(queue_has(kWaiters + 1));
    holder.lock.unlock(lease, soon());
  });
  EXPECT_EQ(tokens.size(), kWaiters);
  EXPECT_TRUE(std::is_sorted(tokens.begin(), tokens.end())) << "in the order of the claims";
  EXPECT_LE(all(requests), static_cast<int>(kWaiters) * 13 / 2);
}

}  // namespace
}  // namespace zklock::test
