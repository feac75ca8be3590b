// Work that is done once for a key, on the fake ensemble.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/once.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/testing/lease_source.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <string>

#include "support/error_of.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using ::testing::HasSubstr;
using Operation = FakeZooKeeper::Operation;

class OnceTest : public ::testing::Test {
 protected:
  /// Returns what the work said; each run counts.
  AfterRun run(Lock& lock, const std::string& key, bool is_done = true) {
    return run_once(lock, {}, once(key, [this, is_done](const Lease&, const std::stop_token&) {
                      ++runs_;
                      return is_done;
                    }));
  }
  [[nodiscard]] bool is_marked(const std::string& key) const {
    return zookeeper_.get("/cron/report.once/" + key).has_value();
  }

  FakeZooKeeper zookeeper_{{.servers = 3, .latency = 1ms}};
  ZooKeeperLock lock_{{.path = "/cron/report"}, zookeeper_.connect()};
  ZooKeeperLock other_{{.path = "/cron/report"}, zookeeper_.connect()};
  int runs_ = 0;
};

TEST_F(OnceTest, TheWorkIsDoneAndMarked) {
  EXPECT_EQ(run(lock_, "monday"), AfterRun::stop);
  EXPECT_EQ(runs_, 1);
  ASSERT_TRUE(is_marked("monday"));
  EXPECT_THAT(zookeeper_.get("/cron/report.once/monday")->data, HasSubstr("\"pid\":"));
}

TEST_F(OnceTest, WhatAnotherHasDoneIsNotDoneAgain) {
  run(lock_, "monday");
  EXPECT_EQ(run(other_, "monday"), AfterRun::stop);
  EXPECT_EQ(run(lock_, "monday"), AfterRun::stop);
  EXPECT_EQ(runs_, 1);
}

TEST_F(OnceTest, EachKeyIsDoneForItself) {
  run(lock_, "monday");
  run(other_, "tuesday-2");  // ends like a claim's name
  EXPECT_EQ(runs_, 2);
  EXPECT_TRUE(is_marked("tuesday-2"));
}

TEST_F(OnceTest, WhatWasNotDoneMayBeDoneByTheNextOne) {
  EXPECT_EQ(run(lock_, "monday", false), AfterRun::pause);
  EXPECT_FALSE(is_marked("monday"));
  EXPECT_EQ(run(other_, "monday"), AfterRun::stop);
  EXPECT_EQ(runs_, 2);
}

TEST_F(OnceTest, WhatHasThrownMayBeDoneByTheNextOne) {
  const LockedWork fails = once("monday", [](const Lease&, const std::stop_token&) -> bool {
    throw std::runtime_error("no paper");
  });
  EXPECT_THROW(run_once(lock_, {}, fails), std::runtime_error);
  EXPECT_FALSE(is_marked("monday"));
  EXPECT_EQ(run(other_, "monday"), AfterRun::stop);
}

TEST_F(OnceTest, AHolderWhoIsLateMarksNothing) {
  const LockedWork late = once("monday", [this](const Lease& lease, const std::stop_token&) {
    zookeeper_.remove(lease.znode());
    return true;
  });
  EXPECT_EQ(error_of([&] { run_once(lock_, {}, late); }).code(), Errc::lock_lost);
  EXPECT_FALSE(is_marked("monday"));
  EXPECT_EQ(run(other_, "monday"), AfterRun::stop);
  EXPECT_EQ(runs_, 1);
}

TEST_F(OnceTest, NothingIsBegunUnderAClaimThatIsGone) {
  const LockedWork work = once("monday", [this](const Lease&, const std::stop_token&) {
    ++runs_;
    return true;
  });
  const Lease lease = lock_.lock();
  zookeeper_.remove(lease.znode());
  EXPECT_EQ(error_of([&] { work(lease, {}); }).code(), Errc::lock_lost);
  EXPECT_EQ(runs_, 0);
}

TEST_F(OnceTest, ADeletedMarkLetsItBeDoneAgain) {
  run(lock_, "monday");
  zookeeper_.remove("/cron/report.once/monday");
  run(other_, "monday");
  EXPECT_EQ(runs_, 2);
}

TEST_F(OnceTest, NothingIsBegunThatCouldNotBeMarked) {
  const LockedWork work =
      once("monday", [this](const Lease&, const std::stop_token&) { return ++runs_ > 0; });
  const Lease lease = lock_.lock();
  zookeeper_.fail_next(Operation::create, ZooKeeperErrc::no_auth);
  EXPECT_EQ(error_of([&] { work(lease, {}); }).code(), Errc::locking_failed);
  zookeeper_.fail_next(Operation::multi, ZooKeeperErrc::unimplemented);
  EXPECT_EQ(error_of([&] { work(lease, {}); }).code(), Errc::write_failed);
  EXPECT_EQ(runs_, 0);
}

TEST_F(OnceTest, ADirectoryThatMayNotBeCreatedMayExist) {
  run(lock_, "monday");
  const LockedWork work =
      once("tuesday", [this](const Lease&, const std::stop_token&) { return ++runs_ > 0; });
  const Lease lease = lock_.lock();
  zookeeper_.fail_next(Operation::create, ZooKeeperErrc::no_auth);
  EXPECT_EQ(work(lease, {}), AfterRun::stop);
  EXPECT_TRUE(is_marked("tuesday"));
}

TEST_F(OnceTest, RefusesKeysThatCannotNameAZnode) {
  for (const char* key : {"", "a/b", ".", "..", "a\nb"}) {
    EXPECT_EQ(error_of([&] { run(lock_, key); }).code(), Errc::invalid_config) << key;
  }
  EXPECT_EQ(runs_, 0);
}

TEST_F(OnceTest, RefusesAnEmptyWork) {
  EXPECT_EQ(error_of([] { static_cast<void>(once("monday", nullptr)); }).code(),
            Errc::invalid_config);
}

TEST(OnceWithoutAClientTest, IsRefused) {
  LeaseSource source;
  const LockedWork work = once("monday", [](const Lease&, const std::stop_token&) { return true; });
  EXPECT_EQ(error_of([&] { work(source.grant(), {}); }).code(), Errc::locking_failed);
}

}  // namespace
}  // namespace zklock::testing
