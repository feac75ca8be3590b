// What our claims say over their life, to the byte; and that a kafka-kit with a TTL waits behind
// them at every moment at which we wait, or hold within our TTL.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "interop/kafka_kit.h"
#include "unit/lock/lock_fixture.h"

namespace zklock {
namespace {

using test::judge;
using test::Verdict;
using zklock::testing::TinyZooKeeper;
using zklock::testing::VirtualClock;

// The bytes, at known times, on host db7, by process 4242.

class ClaimBytesTest : public ::testing::Test {
 protected:
  static constexpr const char* kFirst = "/locks/lock-0000000001";

  ClaimBytesTest() { zk_->make("/locks"); }

  [[nodiscard]] ZooKeeperLock lock(std::chrono::milliseconds ttl) {
    return ZooKeeperLock({.path = "/locks", .ttl = ttl, .owner_key = "owner"}, zk_);
  }
  /// Of the last claim in the queue.
  [[nodiscard]] std::string bytes() {
    time_.settle();
    const std::vector<std::string> names = zk_->names("/locks");
    const auto is_ours = [](const std::string& name) { return name.starts_with("_c_"); };
    const auto own = std::find_if(names.begin(), names.end(), is_ours);
    return own == names.end() ? "there is no claim" : zk_->data("/locks/" + *own);
  }

  VirtualClock time_{
      {.host = "db7",
       .pid = 4242,
       .wall = internal::WallTime(std::chrono::seconds(1'795'423'412) + 627'752'090ns)}};
  const std::shared_ptr<TinyZooKeeper> zk_ = std::make_shared<TinyZooKeeper>();
};

TEST_F(ClaimBytesTest, WithATtl) {
  ZooKeeperLock lock = this->lock(30s);
  const Lease lease = lock.lock();
  EXPECT_EQ(bytes(), R"({"timestamp":"2026-11-23T08:43:32.627752090Z",)"
                     R"("ttl_deadline":"2026-11-23T08:44:02.627752090Z",)"
                     R"("owner_id":"","zklock":{"host":"db7","pid":4242}})");
  time_.advance(20s);
  lock.set_owner("user1");
  lease.renew();
  EXPECT_EQ(bytes(), R"({"timestamp":"2026-11-23T08:43:52.627752090Z",)"
                     R"("ttl_deadline":"2026-11-23T08:44:22.627752090Z",)"
                     R"("owner_id":"user1","zklock":{"host":"db7","pid":4242}})");
}

TEST_F(ClaimBytesTest, WithATraceAlsoWhileItWaitsAndKafkaKitReadsTheRest) {
  zk_->claim(kFirst);
  ZooKeeperLock lock({.path = "/locks", .ttl = 30s, .owner_key = "owner", .trace_key = "trace"},
                     zk_);
  Waiter waiter(lock, Context().with_value("owner", "user1").with_value("trace", "4bf9\n2f35"));
  EXPECT_EQ(bytes(), R"({"timestamp":"2026-11-23T08:43:32.627752090Z",)"
                     R"("ttl_deadline":"2026-11-23T08:44:02.627752090Z","owner_id":"user1",)"
                     R"("zklock":{"host":"db7","pid":4242,"trace":"4bf9\n2f35"}})");
  EXPECT_EQ(judge(bytes(), time_.wall_now()), Verdict::waits);
  time_.advance(50ms);
  EXPECT_EQ(bytes(), R"({"timestamp":"2026-11-23T08:43:32.677752090Z",)"
                     R"("ttl_deadline":"9999-12-31T23:59:59Z","owner_id":"user1",)"
                     R"("zklock":{"host":"db7","pid":4242,"trace":"4bf9\n2f35",)"
                     R"("waiting":true,"ttl_ms":30000}})");
  EXPECT_EQ(judge(bytes(), time_.wall_now()), Verdict::waits);
}

TEST_F(ClaimBytesTest, WithoutATtl) {
  zk_->claim(kFirst);
  ZooKeeperLock lock = this->lock(0s);
  Waiter waiter(lock, Context().with_value("owner", "user1"));
  const std::string expected = R"({"timestamp":"2026-11-23T08:43:32.627752090Z",)"
                               R"("ttl_deadline":"9999-12-31T23:59:59Z",)"
                               R"("owner_id":"user1","zklock":{"host":"db7","pid":4242}})";
  EXPECT_EQ(bytes(), expected);
  time_.advance(1h);
  EXPECT_EQ(bytes(), expected) << "waiting";
  zk_->erase(kFirst);
  const Lease lease = waiter.lease();
  EXPECT_EQ(bytes(), expected) << "held";
}

TEST_F(ClaimBytesTest, OfAWaiterUntilADeadlineWhichIsGranted) {
  zk_->claim(kFirst);
  ZooKeeperLock lock = this->lock(30s);
  Waiter waiter(lock, Context().with_value("owner", "a\"<\x01>\u00e4").with_timeout(10s));
  EXPECT_EQ(bytes(), R"({"timestamp":"2026-11-23T08:43:32.627752090Z",)"
                     R"("ttl_deadline":"2026-11-23T08:44:02.627752090Z",)"
                     "\"owner_id\":\"a\\\"<\\u0001>\u00e4\","
                     R"("zklock":{"host":"db7","pid":4242}})");
  time_.advance(50ms);
  EXPECT_EQ(bytes(), R"({"timestamp":"2026-11-23T08:43:32.677752090Z",)"
                     R"("ttl_deadline":"2026-11-23T08:44:12.627752090Z",)"
                     "\"owner_id\":\"a\\\"<\\u0001>\u00e4\","
                     R"("zklock":{"host":"db7","pid":4242,"waiting":true,"ttl_ms":30000}})");
  time_.advance(5s);
  zk_->erase(kFirst);
  const Lease lease = waiter.lease();
  EXPECT_EQ(bytes(), R"({"timestamp":"2026-11-23T08:43:37.677752090Z",)"
                     R"("ttl_deadline":"2026-11-23T08:44:07.677752090Z",)"
                     "\"owner_id\":\"a\\\"<\\u0001>\u00e4\","
                     R"("zklock":{"host":"db7","pid":4242}})");
}

TEST_F(ClaimBytesTest, OfAWaiterWithoutADeadline) {
  zk_->claim(kFirst);
  ZooKeeperLock lock = this->lock(1500ms);
  Waiter waiter(lock);
  time_.advance(1h);
  EXPECT_EQ(bytes(), R"({"timestamp":"2026-11-23T08:43:32.677752090Z",)"
                     R"("ttl_deadline":"9999-12-31T23:59:59Z",)"
                     R"("owner_id":"",)"
                     R"("zklock":{"host":"db7","pid":4242,"waiting":true,"ttl_ms":1500}})");
}

// Whole lives, at random, by seed.

/// Looks on with a kafka-kit's eyes: at all times of the test's, and at what a write replaces.
class ClaimLifeTest : public LockTest {
 protected:
  static constexpr std::chrono::nanoseconds kLong = 24h;

  ClaimLifeTest() {
    ON_CALL(*zk_, set).WillByDefault([this](const std::string& path, const std::string& data,
                                            std::int32_t version, const Context&) {
      expect_waits(path, "a write comes too late");
      return zk_->do_set(path, data, version);
    });
  }

  void expect_waits(const std::string& path, const std::string& when) {
    ASSERT_TRUE(zk_->exists(path)) << when;
    EXPECT_EQ(judge(zk_->data(path), time_.wall_now()), Verdict::waits)
        << when << ": " << zk_->data(path);
  }

  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[std::uniform_int_distribution<std::size_t>(0, choices.size() - 1)(random_)];
  }
  std::chrono::nanoseconds up_to(std::chrono::nanoseconds most) {
    return std::chrono::nanoseconds(
        std::uniform_int_distribution<std::int64_t>(0, most.count())(random_));
  }

  void advance(const std::string& path, std::chrono::nanoseconds time, const std::string& when) {
    time_.advance(time);
    expect_waits(path, when);
  }

  void live();
  void wait_in_line(const std::string& own, std::optional<std::chrono::nanoseconds> patience);
  void hold(const Lease& lease, ZooKeeperLock& lock);

  std::mt19937 random_;
};

void ClaimLifeTest::wait_in_line(const std::string& own,
                                 std::optional<std::chrono::nanoseconds> patience) {
  std::chrono::nanoseconds left = patience.value_or(kLong);
  for (int step = one_of<int>({0, 1, 2, 5}); step > 0; --step) {
    const auto time = up_to(
        std::min(left - 1ns, one_of<std::chrono::nanoseconds>({100us, 30ms, 70ms, 3s, kLong})));
    advance(own, time, "waiting");
    left -= time;
  }
  zk_->erase(kFirst);
}

void ClaimLifeTest::hold(const Lease& lease, ZooKeeperLock& lock) {
  expect_waits(lease.znode(), "just granted");
  const auto left = [&] {
    return std::min(kLong, internal::saturated_difference(lease.valid_until(), time_.steady_now()));
  };
  for (int renewals = one_of<int>({0, 1, 4}); renewals > 0; --renewals) {
    advance(lease.znode(), up_to(left() - 1ns), "held");
    if (lease.owner().empty()) lock.set_owner(lease, "named later");
    lease.renew();
    expect_waits(lease.znode(), "renewed");
  }
  advance(lease.znode(), left() - 1ns, "at the end of the TTL");
  EXPECT_TRUE(lease.valid());
}

void ClaimLifeTest::live() {
  const auto ttl = one_of<std::chrono::milliseconds>(
      {0ms, 1ms, 2ms, 3ms, 5ms, 100ms, 199ms, 3s, 15s, 1h, 24h * 3650, 24h * 36'500});
  const auto patience = one_of<std::optional<std::chrono::nanoseconds>>(
      {std::nullopt, 40ms, 60ms, 2s, 1h, 24h * 3650});
  const auto owner = one_of<std::string>(
      {"", "user1", "a\"b\\c/</>&'", std::string("\0\x01\n\x1f\x7f", 5), "\xff\xfe\xc3",
       "\xed\xa0\x80", "\xf4\x90\x80\x80", "<nil>", "\u00e4\u20ac\U0001f512",
       std::string(3'000, 'a'), "a" + std::string(1'500, '\xc3'), std::string(5'000, '"')});
  ZooKeeperLock lock({.path = "/locks", .ttl = ttl, .owner_key = "owner"}, zk_);
  const bool has_to_wait = one_of<int>({0, 1, 1}) == 1;
  if (has_to_wait) zk_->claim(kFirst);

  const Context context = this->owner(owner);
  Waiter waiter(lock, patience ? context.with_timeout(*patience) : context);
  time_.settle();
  std::vector<std::string> names = zk_->names("/locks");
  if (has_to_wait) std::erase(names, "lock-0000000001");
  ASSERT_EQ(names.size(), 1U);
  const std::string own = "/locks/" + names[0];
  expect_waits(own, "just queued");

  if (has_to_wait) wait_in_line(own, patience);
  const Lease lease = waiter.lease();
  ASSERT_EQ(lease.znode(), own) << "it was not queued anew";
  hold(lease, lock);
  lock.unlock(lease);
}

TEST_F(ClaimLifeTest, KafkaKitAlwaysWaitsBehindIt) {
  for (unsigned seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_.seed(seed);
    live();
  }
}

TEST_F(ClaimLifeTest, KafkaKitWaitsUntilAWaiterIsGone) {
  for (const std::chrono::milliseconds ttl : {1ms, 20ms, 1000ms}) {
    ZooKeeperLock lock(ttl_config(ttl), zk_);
    zk_->claim(kFirst);
    Waiter waiter(lock, Context().with_timeout(2s));
    time_.settle();
    const std::string own = seen_->all("waiting").back().znode;
    advance(own, 2s - 1ns, "just before its deadline");
    time_.advance(1ns);
    EXPECT_EQ(waiter.error().code(), Errc::locking_timed_out);
    EXPECT_FALSE(zk_->exists(own));
    zk_->erase(kFirst);
  }
}

}  // namespace
}  // namespace zklock
