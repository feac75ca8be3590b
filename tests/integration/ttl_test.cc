// TTLs, on a real server and between processes: holders that hang, and clocks that show something
// else. Bounds from above are generous here; in virtual time they are exact (lock_ttl_*_test.cc).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "integration/tools.h"
#include "queue/metadata.h"
#include "support/faked_clocks.h"
#include "support/subprocess.h"
#include "support/temporary_directory.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// A holder with a TTL in a process of its own, whose session lives on whatever becomes of it.
class TtlTest : public ::testing::Test {
 protected:
  explicit TtlTest(std::string address = ZooKeeperServer::shared().address(),
                   std::chrono::milliseconds ttl = 1s)
      : ttl_(ttl), address_(std::move(address)) {}

  void start_holder(bool is_awake, const std::vector<std::string>& variables = {}) {
    holder_.emplace(
        std::vector<std::string>{LOCKER, address_, "60000", std::to_string(ttl_.count())},
        variables, Subprocess::Input::written);
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
    EXPECT_GE(steady_clock::now(), begun_ + ttl_) << "the TTL is not over";
    EXPECT_TRUE(lease.valid());
  }

  const std::chrono::milliseconds ttl_;
  const steady_clock::time_point begun_ = steady_clock::now();
  const std::string address_;
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

#ifdef HAS_FAKED_CLOCKS

/// The holder's clock is an hour ahead, or behind.
class TtlClocksTest : public FakedClocks,
                      public TtlTest,
                      public ::testing::WithParamInterface<const char*> {
 protected:
  void start_holder_with_its_clock() {
    start_holder(false, variables(std::string("FAKETIME=") + GetParam()));
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
  while (steady_clock::now() < begun_ + ttl_) {
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

/// A server whose time source can be set while it runs.
class ServerWithAClock : public FakedClocks {
 protected:
  /// The server looks each second.
  void put_clock_forward(const std::string& by) const {
    const std::filesystem::path next = directory_.path() / "next";
    std::ofstream(next) << by << '\n';
    std::filesystem::rename(next, setting_);  // nobody sees a half of it
  }

 private:
  std::vector<std::string> clock() const {
    put_clock_forward("+0");
    std::vector<std::string> all = variables("FAKETIME_TIMESTAMP_FILE=" + setting_.string());
    all.emplace_back("FAKETIME_CACHE_DURATION=1");
    return all;
  }

  const TemporaryDirectory directory_;
  const std::filesystem::path setting_ = directory_.path() / "clock";

 protected:
  ZooKeeperServer server_{{.variables = clock()}};
};

class TtlTimeSourceTest : public ServerWithAClock, public TtlTest {
 protected:
  TtlTimeSourceTest() : TtlTest(server_.address(), 6s) {}

  [[nodiscard]] bool servers_clock_is_ahead() const {
    const Result<Created> now =
        client_->create_protected_ephemeral_sequential("/now-", "", Acl::open(), soon());
    return now && now->stat.ctime > std::chrono::system_clock::now() + 30min;
  }
};

TEST_F(TtlTimeSourceTest, ThatJumpsForServerAndContenderPurgesNobodyInItsTime) {
  start_holder(true);
  ASSERT_FALSE(servers_clock_is_ahead());
  put_clock_forward("+1h");
  ASSERT_TRUE(becomes_true([&] { return servers_clock_is_ahead(); }));
  Subprocess contender({LOCKER, address_, "60000", "60000"}, variables("FAKETIME=+1h"),
                       Subprocess::Input::written);
  ASSERT_TRUE(contender.write("lock 1 " + path_ + "\n"));
  ASSERT_TRUE(contender.wait_for_line("^1 granted "))
      << contender.standard_output() << contender.standard_error();
  EXPECT_GE(steady_clock::now(), begun_ + ttl_) << "the TTL is not over";
  expect_lost();
}

#endif

}  // namespace
}  // namespace zklock::test
