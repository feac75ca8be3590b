// Kafka-kit's contenders and ours on a real server. What takes exact times is played on the fake:
// kafka_kit_lock_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/platform.h"
#include "integration/tools.h"
#include "interop/foreign_samples.h"
#include "interop/kafka_kit.h"
#include "interop/kafka_kit_lock.h"
#include "support/as_claim_client.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;
using Outcome = KafkaKitLock::Outcome;

class KafkaKitServerTest : public ::testing::Test {
 protected:
  [[nodiscard]] ZooKeeperLockConfig config(std::chrono::milliseconds ttl) const {
    return {.path = path_, .ttl = ttl, .owner_key = "owner"};
  }
  [[nodiscard]] static std::shared_ptr<ClaimClient> client() {
    return testing::connect_claim_client(ZooKeeperServer::shared().address());
  }
  [[nodiscard]] std::string data(const std::string& znode) const {
    const Result<Znode> read = client_->get(znode, soon());
    return read ? read->data : read.error().message();
  }
  [[nodiscard]] std::vector<std::string> names() const {
    return client_->children(path_, soon()).value().names;
  }
  /// Of the claim with the largest number.
  [[nodiscard]] std::string last_claim() const {
    const auto queue = kafka_kit_queue(names());
    return queue.empty() ? "" : path_ + "/" + queue.rbegin()->second;
  }
  [[nodiscard]] static bool is_watched(const std::string& znode, const ClaimClient& by) {
    std::ostringstream session;
    session << "0x" << std::hex << by.session()->id();
    // The path, and a line for each session behind it.
    const std::string watches = ZooKeeperServer::shared().ask("wchp");
    const std::size_t begin = watches.find(znode + "\n");
    if (begin == std::string::npos) return false;
    const std::size_t end = watches.find('/', begin + 1 + znode.rfind('/'));
    return watches.substr(begin, end - begin).find(session.str()) != std::string::npos;
  }

  const std::string path_ = unique_path();
  const std::shared_ptr<ClaimClient> client_ = client();
  ZooKeeperLock lock_{config(0ms), client_};
};

TEST_F(KafkaKitServerTest, BytesOnTheServerAreThoseOfTheDesign) {
  const Lease lease = lock_.lock(soon().with_value("owner", "us\"er\u00e41"));
  std::string bytes = data(lease.znode());
  constexpr std::size_t kTime = 14;
  constexpr std::size_t kTimeLength = std::string_view("2026-11-23T08:43:32.627752090Z").size();
  ASSERT_GT(bytes.size(), kTime + kTimeLength);
  EXPECT_EQ(judge(bytes, internal::Platform::current().wall_now()), Verdict::waits);
  bytes.replace(kTime, kTimeLength, "TIME");
  EXPECT_EQ(bytes,
            "{\"timestamp\":\"TIME\",\"ttl_deadline\":\"9999-12-31T23:59:59Z\","
            "\"owner_id\":\"us\\\"er\u00e41\",\"zklock\":{\"host\":\"" +
                internal::Platform::current().host() + "\",\"pid\":" + std::to_string(::getpid()) +
                "}}");
}

TEST_F(KafkaKitServerTest, AWaiterOfOursIsNotPurgedAfterItsTtl) {
  constexpr auto kTtl = 500ms;
  lock_.unlock(lock_.lock(soon()));  // makes the directory
  KafkaKitLock holder(client(), path_, 0ms);
  ASSERT_EQ(holder.lock(soon()), Outcome::locked);
  ZooKeeperLock lock(config(kTtl), client());
  std::future<Lease> waiting = lock_async(lock);
  std::string claim;
  // From then on its deadline covers the wait.
  ASSERT_TRUE(becomes_true([&] {
    claim = last_claim();
    return data(claim).find("\"waiting\":true") != std::string::npos;
  }));
  const auto marked = Clock::now();
  ASSERT_TRUE(becomes_true([&] { return Clock::now() > marked + kTtl; }));

  const auto other_client = client();
  KafkaKitLock contender(other_client, path_, 10min);
  auto outcome = std::async(std::launch::async, [&] { return contender.lock(soon()); });
  EXPECT_TRUE(becomes_true([&] { return is_watched(claim, *other_client); }));
  EXPECT_EQ(judge(data(claim), internal::Platform::current().wall_now()), Verdict::waits);
  EXPECT_FALSE(is_ready(waiting));
  EXPECT_TRUE(holder.unlock(soon()));
  const Lease lease = granted(waiting);
  EXPECT_EQ(lease.znode(), claim) << "it was not queued anew";
  std::error_code ignored;  // its short TTL may be over
  lock.unlock(lease, soon(), ignored);
  EXPECT_EQ(outcome.get(), Outcome::locked);
}

TEST_F(KafkaKitServerTest, KafkaKitWithoutATtlIsNotPurgedByUs) {
  lock_.unlock(lock_.lock(soon()));
  KafkaKitLock holder(client(), path_, 0ms);
  ASSERT_EQ(holder.lock(soon()), Outcome::locked);
  ZooKeeperLock lock(config(50ms), client_);
  const LockError error = error_of([&] { lock.lock(in_vain()); });
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  const LockEntries entries = lock.entries(soon());
  ASSERT_THAT(entries, Not(IsEmpty()));
  EXPECT_EQ(entries.begin()->path, holder.znode());
  EXPECT_EQ(entries.begin()->owner, "") << "\"<nil>\" is nobody";
  EXPECT_TRUE(holder.unlock(soon()));
}

TEST_F(KafkaKitServerTest, KafkaKitIsPurgedByUsOnceItsTimeIsOver) {
  lock_.unlock(lock_.lock(soon()));
  KafkaKitLock holder(client(), path_, 300ms);
  const auto begun = Clock::now();
  ASSERT_EQ(holder.lock(soon()), Outcome::locked);
  ZooKeeperLock lock(config(60s), client_);
  const Lease lease = lock.lock(soon());
  EXPECT_GE(Clock::now() - begun, 300ms);
  EXPECT_TRUE(lease.valid());
  EXPECT_FALSE(holder.unlock(soon())) << "its claim is gone";
}

TEST_F(KafkaKitServerTest, ForeignDataIsWaitedFor) {
  // A child that looks like a claim, but is persistent, is in nobody's way.
  lock_.unlock(lock_.lock(soon()));
  ASSERT_TRUE(client_->create(path_ + "/shard-1", "{}", Acl::open(), soon()));
  const auto foreigner = client();
  ZooKeeperLock lock(config(5s), client_);
  for (const ForeignSample& sample : foreign_samples()) {
    const bool is_one_of_a_few = sample.name == "EmptyObject" || sample.name == "Empty" ||
                                 sample.name == "Binary" || sample.name == "BracesWithoutEnd" ||
                                 sample.name == "LastDuplicatePast";
    if (!is_one_of_a_few) continue;
    SCOPED_TRACE(sample.name);
    const auto claim = foreigner->create_protected_ephemeral_sequential(
        path_ + "/lock-", sample.data, Acl::open(), soon());
    ASSERT_TRUE(claim);
    const LockError error = error_of([&] { lock.lock(in_vain()); });
    EXPECT_EQ(error.code(), Errc::locking_timed_out);
    std::future<Lease> waiting = lock_async(lock);
    EXPECT_TRUE(foreigner->remove(claim->path, 0, soon())) << "nobody has touched it";
    const Lease lease = granted(waiting);
    ASSERT_TRUE(lease);
    lock.unlock(lease, soon());
    ASSERT_TRUE(becomes_true([&] { return names() == std::vector<std::string>{"shard-1"}; }));
  }
}

/// What only the holder of a lock touches, and what it finds if that was not so.
class Resource {
 public:
  void use(const std::string& znode) {
    EXPECT_FALSE(in_use_.exchange(true)) << "two hold the lock: " << znode;
    const std::scoped_lock lock(mutex_);
    sequences_.push_back(sequence_number(znode));
    in_use_ = false;
  }
  [[nodiscard]] std::vector<std::int64_t> sequences() const {
    const std::scoped_lock lock(mutex_);
    return sequences_;
  }

 private:
  std::atomic<bool> in_use_ = false;
  mutable std::mutex mutex_;
  std::vector<std::int64_t> sequences_;  // guarded by mutex_
};

TEST_F(KafkaKitServerTest, AMixedConvoyTakesTurnsInTheOrderOfItsClaims) {
  constexpr std::size_t kOfEachKind = 3;
  constexpr int kTurns = 6;
  constexpr auto kTtl = 10min;  // nothing is purged, however slow the machine is
  Resource resource;
  const Lease start = lock_.lock(soon());
  std::vector<std::future<int>> running;
  for (std::size_t i = 0; i < kOfEachKind; ++i) {
    running.push_back(std::async(std::launch::async, [&] {
      ZooKeeperLock lock(config(kTtl), client());
      for (int turn = 0; turn < kTurns; ++turn) {
        const Lease lease = lock.lock(soon());
        resource.use(lease.znode());
        lock.unlock(lease, soon());
      }
      return 0;
    }));
    running.push_back(std::async(std::launch::async, [&] {
      KafkaKitLock lock(client(), path_, kTtl);
      for (int turn = 0; turn < kTurns; ++turn) {
        EXPECT_EQ(lock.lock(soon()), Outcome::locked) << "turn " << turn;
        resource.use(lock.znode());
        EXPECT_TRUE(lock.unlock(soon()));
      }
      return static_cast<int>(lock.purged().size());
    }));
  }
  EXPECT_TRUE(becomes_true([&] { return names().size() == 2 * kOfEachKind + 1; }));
  lock_.unlock(start, soon());
  for (std::future<int>& contender : running) EXPECT_EQ(contender.get(), 0) << "it has purged";
  const std::vector<std::int64_t> sequences = resource.sequences();
  EXPECT_THAT(sequences, SizeIs(2 * kOfEachKind * kTurns));
  EXPECT_TRUE(std::is_sorted(sequences.begin(), sequences.end(), std::less_equal<>()));
  EXPECT_THAT(names(), IsEmpty());
}

}  // namespace
}  // namespace zklock::test
