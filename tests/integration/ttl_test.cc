// TTLs, on a real server and between processes: holders that hang, and clocks that show something
// else. Bounds from above are generous here; in virtual time they are exact (lock_ttl_*_test.cc).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <csignal>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "queue/metadata.h"
#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A holder with a TTL in a process of its own, whose session lives on whatever becomes of it.
class TtlTest : public ::testing::Test {
 protected:
  static constexpr auto kTtl = 1s;

  void start_holder(bool is_awake, const std::vector<std::string>& variables = {}) {
    holder_.emplace(std::vector<std::string>{LOCKER, address_, "60000", "1000"}, variables,
                    Subprocess::Input::written);
    ASSERT_TRUE(holder_->write("outlast 1 " + path_ + (is_awake ? "\n" : " frozen\n")));
    ASSERT_TRUE(holder_->wait_for_line("^1 holds "))
        << holder_->standard_output() << holder_->standard_error();
  }
  void expect_lost() {
    ASSERT_TRUE(holder_->wait_for_line("^1 unlock: "))
        << holder_->standard_output() << holder_->standard_error();
    EXPECT_THAT(holder_->standard_output(),
                HasSubstr("\n1 lost: " + make_error_code(LossReason::ttl_over).message() + "\n"));
    EXPECT_THAT(holder_->standard_output(),
                HasSubstr("\n1 unlock: " + make_error_code(Errc::lock_lost).message() + "\n"));
  }
  /// The holder was granted the lock later than the test began: nobody has it for a TTL since then.
  void expect_granted_after_its_ttl(const Lease& lease) {
    EXPECT_GE(steady_clock::now(), begun_ + kTtl) << "the TTL is not over";
    EXPECT_TRUE(lease.valid());
  }

  const steady_clock::time_point begun_ = steady_clock::now();
  const std::string address_ = ZooKeeperServer::shared().address();
  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingObserver> record_ = std::make_shared<RecordingObserver>();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(address_);
  ZooKeeperLock lock_{{.path = path_, .ttl = 1min, .observer = record_}, client_};
  std::optional<Subprocess> holder_;
};

TEST_F(TtlTest, AProcessThatDoesNotUnlockLosesTheLock) {
  start_holder(true);
  expect_granted_after_its_ttl(lock_.lock(soon()));
  expect_lost();
}

TEST_F(TtlTest, AFrozenProcessIsPurgedAndTheQueueStaysInOrder) {
  start_holder(false);
  std::future<Lease> turn = lock_async(lock_);
  ASSERT_TRUE(record_->await("waiting"));
  ZooKeeperLock third({.path = path_}, client_);
  std::future<Lease> third_turn = lock_async(third);
  const Lease lease = granted(turn);
  ASSERT_TRUE(lease);
  expect_granted_after_its_ttl(lease);
  EXPECT_THAT(record_->znodes("purged"), SizeIs(1));
  EXPECT_FALSE(is_ready(third_turn));
  holder_->signal(SIGCONT);
  expect_lost();
  EXPECT_THAT(holder_->standard_output(), HasSubstr("\n1 not valid\n"));
  EXPECT_TRUE(lease.valid()) << "its unlock touched nobody else's claim";
  lock_.unlock(lease, soon());
  EXPECT_TRUE(granted(third_turn));
}

TEST_F(TtlTest, ANewcomerPurgesAHolderPastItsTtlAtOnce) {
  start_holder(false);
  // As soon as its time is over by the clocks, one short attempt is enough: it has not watched the
  // holder.
  std::size_t waits_before_the_last = 0;
  ASSERT_TRUE(becomes_true([&] {
    waits_before_the_last = record_->znodes("waiting").size();
    ZooKeeperLock newcomer({.path = path_, .ttl = 1min, .observer = record_}, client_);
    std::error_code error;
    if (!newcomer.lock(Context().with_timeout(200ms), error)) return false;
    EXPECT_GE(steady_clock::now(), begun_ + kTtl) << "the TTL is not over";
    return true;
  }));
  // If the last attempt found the queue empty, the one before has purged the holder just before its
  // deadline, and may not have been notified of that.
  if (record_->znodes("waiting").size() > waits_before_the_last) {
    EXPECT_THAT(record_->znodes("purged"), SizeIs(1));
  }
}

#ifdef FAKETIME

/// The holder's clock is an hour ahead, or behind.
class TtlClocksTest : public TtlTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void start_holder_with_its_clock() {
    start_holder(false,
                 {std::string("LD_PRELOAD=") + FAKETIME, std::string("FAKETIME=") + GetParam(),
                  "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"});
  }
  /// Which proves that its clock is another one.
  void expect_a_timestamp_that_is_wrong() {
    const LockEntries queue = lock_.entries(soon());
    ASSERT_THAT(queue, SizeIs(1));
    const Result<Znode> claim = client_->get(queue.begin()->path, soon());
    ASSERT_TRUE(claim);
    const auto metadata = internal::parse_metadata(claim->data);
    ASSERT_TRUE(metadata) << claim->data;
    const auto ahead = metadata->timestamp - std::chrono::system_clock::now();
    EXPECT_GT(std::chrono::abs(ahead), 30min) << claim->data;
  }
};

INSTANTIATE_TEST_SUITE_P(, TtlClocksTest, ::testing::Values("+1h", "-1h"), [](const auto& clock) {
  return clock.param[0] == '+' ? "AnHourAhead" : "AnHourBehind";
});

TEST_P(TtlClocksTest, NobodyPurgesEarly) {
  start_holder_with_its_clock();
  expect_a_timestamp_that_is_wrong();
  while (steady_clock::now() < begun_ + kTtl) {
    ZooKeeperLock newcomer({.path = path_, .ttl = 1min, .observer = record_}, client_);
    std::error_code error;
    const Lease lease = newcomer.lock(Context().with_timeout(200ms), error);
    if (lease) {
      expect_granted_after_its_ttl(lease);
      newcomer.unlock(lease, soon());
    }
  }
  expect_granted_after_its_ttl(lock_.lock(soon()));
  EXPECT_THAT(record_->znodes("purged"), SizeIs(1));
  holder_->signal(SIGCONT);
  expect_lost();
}

#endif

}  // namespace
}  // namespace zklock::test
