// Writes under the lock, on the fake ensemble.
#include <gmock/gmock.h>
#include <zklock/guarded_write.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/testing/lease_source.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>

#include "support/error_of.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using ::testing::HasSubstr;
using Operation = FakeZooKeeper::Operation;

/// A message's way takes 1 ms.
class GuardedWriteTest : public ::testing::Test {
 protected:
  /// A fake ensemble with what is there before the grant.
  struct Servers : FakeZooKeeper {
    Servers() : FakeZooKeeper({.servers = 3, .latency = 1ms}) {
      for (const char* path : {"/job", "/job/todo"}) create(path, "before");
    }
  };

  /// Runs `write` on another thread, and returns how it ended.
  template <class Write>
  [[nodiscard]] std::future<std::error_code> in_background(Write write) {
    auto end = zookeeper_.in_background([write] {
      try {
        write();
      } catch (const LockError& error) {
        return error.code();
      }
      return std::error_code();
    });
    zookeeper_.settle();
    return end;
  }
  [[nodiscard]] static std::error_code outcome_of(std::future<std::error_code>& end) {
    if (end.wait_for(0s) == std::future_status::ready) return end.get();
    return std::make_error_code(std::errc::operation_in_progress);
  }
  [[nodiscard]] std::string data() const { return zookeeper_.get("/job")->data; }
  [[nodiscard]] std::int32_t version() const { return zookeeper_.get("/job")->stat.version; }
  void break_connection() {
    zookeeper_.break_connection(client_);
    zookeeper_.advance(1s);
  }

  Servers zookeeper_;
  const FakeZooKeeper::Client client_ = zookeeper_.connect_to(1);
  ZooKeeperLock lock_{{.path = "/locks"}, client_};
  const Lease lease_ = lock_.lock();
};

TEST_F(GuardedWriteTest, IsDoneWhileTheClaimStands) {
  GuardedWrite write(lease_);
  write.set("/job", "cursor", 0).create("/job/run", "summary").remove("/job/todo", 0);
  write.commit();
  EXPECT_EQ(data(), "cursor");
  EXPECT_EQ(zookeeper_.get("/job/run")->data, "summary");
  EXPECT_FALSE(zookeeper_.get("/job/todo"));
}

TEST_F(GuardedWriteTest, IsNotDoneOnceTheClaimIsGone) {
  zookeeper_.remove(lease_.znode());
  ASSERT_TRUE(lease_.valid()) << "nobody has told the holder";
  GuardedWrite write(lease_);
  write.set("/job", "late");
  EXPECT_EQ(error_of([&] { write.commit(); }).code(), Errc::lock_lost);
  EXPECT_EQ(data(), "before");
  EXPECT_FALSE(lease_.valid());
  EXPECT_EQ(lease_.loss_reason(), LossReason::claim_deleted);
}

TEST_F(GuardedWriteTest, OfAHolderThatWasOvertakenIsNotDone) {
  GuardedWrite write(lease_);
  write.set("/job", "late", 0);
  zookeeper_.stall(client_);  // the write does not get through
  auto end = in_background([&] { write.commit(); });
  ZooKeeperLock next({.path = "/locks"}, zookeeper_.connect_to(0));
  const Lease later = next.lock(Context().with_timeout(1min));
  GuardedWrite(later).set("/job", "next", 0).commit();
  zookeeper_.restore(client_);
  zookeeper_.advance(10s);
  EXPECT_EQ(outcome_of(end), Errc::lock_lost);
  EXPECT_EQ(data(), "next");
}

TEST_F(GuardedWriteTest, AfterTheEndOfTheLeaseIsRefusedAtOnce) {
  GuardedWrite write(lease_);
  write.set("/job", "late");
  lock_.unlock(lease_);
  EXPECT_THAT(error_of([&] { write.commit(); }).what(), HasSubstr("the lease was released"));
  EXPECT_EQ(error_of([] { const GuardedWrite none{Lease()}; }).code(), Errc::lock_lost);
  EXPECT_EQ(data(), "before");
}

TEST_F(GuardedWriteTest, IsRefusedOnceTheTtlIsOver) {
  ZooKeeperLock brief({.path = "/brief", .ttl = 10s}, client_);
  const Lease lease = brief.lock();
  zookeeper_.advance(9s);
  lease.renew();  // changes the version of the claim
  GuardedWrite(lease).set("/job", "in time").commit();
  EXPECT_EQ(data(), "in time");
  zookeeper_.advance(10s);
  EXPECT_EQ(error_of([&] { GuardedWrite(lease).set("/job", "late").commit(); }).code(),
            Errc::lock_lost);
  EXPECT_EQ(data(), "in time");
}

TEST_F(GuardedWriteTest, NamesTheOperationThatWasRefused) {
  const LockError error = error_of([&] {
    GuardedWrite(lease_).set("/job", "new").create("/job/run").remove("/job/todo", 7).commit();
  });
  EXPECT_EQ(error.code(), Errc::write_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::bad_version);
  EXPECT_STREQ(error.what(),
               "nothing was written: operation 3 of 3, remove /job/todo: the znode has another "
               "version");
  EXPECT_FALSE(may_have_been_done(error.code()));
  EXPECT_EQ(data(), "before");
  EXPECT_FALSE(zookeeper_.get("/job/run"));
}

TEST_F(GuardedWriteTest, DependsOnAZnodeThatItChecks) {
  GuardedWrite(lease_).check("/job/todo", 0).set("/job", "new").commit();
  EXPECT_EQ(data(), "new");
  const LockError error =
      error_of([&] { GuardedWrite(lease_).check("/job/none").set("/job", "newer").commit(); });
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_node);
  EXPECT_THAT(error.what(), HasSubstr("operation 1 of 2, check /job/none"));
  EXPECT_TRUE(lease_.valid());
}

TEST_F(GuardedWriteTest, WhatCannotBeSentIsRefusedBefore) {
  const auto refusal = [](GuardedWrite write) {
    const LockError error = error_of([&] { write.commit(); });
    EXPECT_EQ(error.code(), Errc::write_failed);
    EXPECT_EQ(error.cause(), ZooKeeperErrc::bad_arguments);
    return std::string(error.what());
  };
  const GuardedWrite empty(lease_);
  EXPECT_THAT(refusal(empty), HasSubstr("there is no operation"));
  EXPECT_THAT(refusal(GuardedWrite(empty).set("/job", "").create("/job//run")),
              HasSubstr("operation 2 of 2, create /job//run: its path is bad: it has \"//\""));
  EXPECT_THAT(refusal(GuardedWrite(empty).set("/job", std::string(1'000'000, 'x'))),
              HasSubstr("operation 1 of 1, set /job: up to here"));
  EXPECT_THAT(refusal(GuardedWrite(client_, "claim", 1).set("/job", "")),
              HasSubstr("the claim claim: its path is bad"));
  EXPECT_EQ(error_of([] { const GuardedWrite none(nullptr, "/a", 1); }).code(),
            Errc::invalid_config);
  EXPECT_EQ(error_of([] { GuardedWrite(LeaseSource().grant()).remove("/a").commit(); }).cause(),
            ZooKeeperErrc::unimplemented);
}

TEST_F(GuardedWriteTest, CommitForgetsTheOperations) {
  GuardedWrite write(lease_);
  write.set("/job", "new");
  write.commit();
  std::error_code error;
  write.commit({}, error);
  EXPECT_EQ(error, Errc::write_failed);
  EXPECT_EQ(version(), 1);
}

// --- Lost answers -------------------------------------------------------------------------------

TEST_F(GuardedWriteTest, ALostAnswerToAVersionedSetIsFoundOut) {
  zookeeper_.lose_next_answer(Operation::multi, client_);
  GuardedWrite(lease_).set("/job", "new", 0).commit();
  EXPECT_EQ(data(), "new");
  EXPECT_EQ(version(), 1) << "it was not sent again";
}

TEST_F(GuardedWriteTest, ALostAnswerToACreateIsFoundOut) {
  zookeeper_.lose_next_answer(Operation::multi, client_);
  GuardedWrite(lease_).create("/job/run", "17").set("/job", "new").remove("/job/todo").commit();
  EXPECT_EQ(version(), 1);
}

TEST_F(GuardedWriteTest, AWriteThatWasLostOnItsWayIsSentAgain) {
  GuardedWrite write(lease_);
  write.set("/job", "new", 0);
  auto end = in_background([&] { write.commit(); });
  break_connection();
  EXPECT_EQ(outcome_of(end), std::error_code());
  EXPECT_EQ(data(), "new");
  EXPECT_EQ(version(), 1);
}

TEST_F(GuardedWriteTest, ALostAnswerThatCannotBeFoundOutIsInDoubt) {
  GuardedWrite(lease_).set("/job", "new").commit();  // of the same grant, and looks the same
  zookeeper_.lose_next_answer(Operation::multi, client_);
  const LockError error = error_of([&] { GuardedWrite(lease_).set("/job", "new").commit(); });
  EXPECT_EQ(error.code(), Errc::write_in_doubt);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::connection_loss);
  EXPECT_TRUE(may_have_been_done(error.code()));
  EXPECT_EQ(version(), 2) << "it was not sent again";
}

TEST_F(GuardedWriteTest, ALostAnswerStaysInDoubtIfTheClaimIsGoneMeanwhile) {
  GuardedWrite write(lease_);
  write.set("/job", "new", 0);
  zookeeper_.lose_next_answer(Operation::multi, client_);
  auto end = in_background([&] { write.commit(); });
  zookeeper_.advance(3ms);
  ASSERT_EQ(data(), "new");
  zookeeper_.remove(lease_.znode());
  zookeeper_.advance(1s);
  EXPECT_EQ(outcome_of(end), Errc::write_in_doubt);
  EXPECT_EQ(version(), 1);
}

TEST_F(GuardedWriteTest, TheSameWorkOfALaterHolderIsNotTakenForItsOwn) {
  GuardedWrite(lease_).set("/job/todo", "begun").commit();  // so it knows when its grant began
  GuardedWrite write(lease_);
  write.set("/job", "cursor 17", 0).create("/job/run", "all went well");
  zookeeper_.stall(client_);  // the write does not get through
  auto end = in_background([&] { write.commit(); });
  zookeeper_.remove(lease_.znode());
  ZooKeeperLock next({.path = "/locks"}, zookeeper_.connect_to(0));
  const Lease later = next.lock(Context().with_timeout(1min));
  GuardedWrite(later).set("/job", "cursor 17", 0).create("/job/run", "all went well").commit();
  zookeeper_.break_connection(client_);  // it is lost
  zookeeper_.restore(client_);
  zookeeper_.advance(10s);
  EXPECT_EQ(outcome_of(end), Errc::write_in_doubt);
  EXPECT_EQ(version(), 1);
}

TEST_F(GuardedWriteTest, TheSameWorkOfAnEarlierHolderIsNotTakenForItsOwn) {
  const FakeZooKeeper::Client client = zookeeper_.connect_to(2);
  ZooKeeperLock waiter({.path = "/locks"}, client);
  auto turn = zookeeper_.in_background([&] { return waiter.lock(); });
  zookeeper_.advance(1s);
  GuardedWrite(lease_).create("/job/run", "all went well").commit();
  lock_.unlock(lease_);
  zookeeper_.settle();
  const Lease lease = turn.get();
  GuardedWrite write(lease);
  write.create("/job/run", "all went well");
  zookeeper_.lose_next_answer(Operation::multi, client);  // that it exists
  auto end = in_background([&] { write.commit(); });
  zookeeper_.advance(10s);
  EXPECT_EQ(outcome_of(end), Errc::write_in_doubt) << "it was refused";
}

TEST_F(GuardedWriteTest, NoClaimHasTheTokenZero) {
  GuardedWrite write(client_, "/", 0);
  write.set("/job", "unguarded");
  EXPECT_EQ(error_of([&] { write.commit(); }).code(), Errc::write_failed);
  EXPECT_EQ(data(), "before");
}

TEST_F(GuardedWriteTest, AWriteThatWasLostOnItsWayIsNotSentAgainWithoutTheClaim) {
  GuardedWrite write(lease_);
  write.set("/job", "new", 0);
  auto end = in_background([&] { write.commit(); });
  zookeeper_.remove(lease_.znode());
  break_connection();
  EXPECT_EQ(outcome_of(end), Errc::lock_lost);
  EXPECT_EQ(data(), "before");
}

TEST_F(GuardedWriteTest, AServerThatIsBehindDoesNotDecide) {
  zookeeper_.slow_commits(2, 3s);  // where the client goes next
  zookeeper_.lose_next_answer(Operation::multi, client_);
  GuardedWrite(lease_).set("/job", "new", 0).commit();
  EXPECT_EQ(version(), 1);
}

TEST_F(GuardedWriteTest, WhoseAnswerDoesNotComeByTheDeadlineIsInDoubt) {
  GuardedWrite write(lease_);
  write.set("/job", "new", 0);
  auto end = in_background([&] { write.commit(Context().with_timeout(1s)); });
  zookeeper_.stall(client_);
  zookeeper_.advance(1s);
  EXPECT_EQ(outcome_of(end), Errc::write_in_doubt);
  zookeeper_.restore(client_);
}

// --- Without an answer --------------------------------------------------------------------------

TEST_F(GuardedWriteTest, WithoutAConnectionNothingWasWritten) {
  GuardedWrite write(lease_);
  write.set("/job", "new", 0);
  zookeeper_.cut(client_);
  zookeeper_.advance(1ms);
  auto end = in_background([&] { write.commit(Context().with_timeout(1s)); });
  zookeeper_.advance(1s);
  EXPECT_EQ(outcome_of(end), Errc::no_server_answered);
  zookeeper_.restore(client_);
  zookeeper_.advance(1s);
  EXPECT_EQ(data(), "before");
}

TEST_F(GuardedWriteTest, IsNotSentIfItsContextHasEnded) {
  std::error_code error;
  GuardedWrite(lease_).set("/job", "new").commit(Context().with_timeout(0s), error);
  EXPECT_EQ(error, Errc::no_server_answered);
  std::stop_source cancel;
  cancel.request_stop();
  const LockError canceled = error_of([&] {
    GuardedWrite(lease_).set("/job", "new").commit(Context().with_stop_token(cancel.get_token()));
  });
  EXPECT_EQ(canceled.code(), Errc::write_failed);
  EXPECT_EQ(canceled.cause(), ZooKeeperErrc::canceled);
  EXPECT_EQ(version(), 0);
}

TEST_F(GuardedWriteTest, AServerThatRefusesForATimeIsAskedAgain) {
  zookeeper_.fail_next(Operation::multi, ZooKeeperErrc::throttled, 3);
  GuardedWrite(lease_).set("/job", "new", 0).commit();
  EXPECT_EQ(version(), 1);
}

// --- Of another process -------------------------------------------------------------------------

TEST_F(GuardedWriteTest, AnotherProcessWritesWithTheClaimAndItsToken) {
  const FakeZooKeeper::Client theirs = zookeeper_.connect_to(0);
  GuardedWrite(theirs, lease_.znode(), lease_.fencing_token()).set("/job", "theirs").commit();
  EXPECT_EQ(data(), "theirs");
  lock_.unlock(lease_);
  EXPECT_EQ(
      error_of([&] {
        GuardedWrite(theirs, lease_.znode(), lease_.fencing_token()).set("/job", "late").commit();
      }).code(),
      Errc::lock_lost);
  EXPECT_EQ(data(), "theirs");
}

TEST_F(GuardedWriteTest, AnotherTokenIsThatOfAnotherClaim) {
  const LockError error = error_of([&] {
    GuardedWrite(client_, lease_.znode(), lease_.fencing_token() - 1).set("/job", "x").commit();
  });
  EXPECT_EQ(error.code(), Errc::lock_lost);
  EXPECT_THAT(error.what(), HasSubstr("is not the claim with the token"));
  EXPECT_EQ(data(), "before");
}

TEST_F(GuardedWriteTest, AServerThatDoesNotKnowTheClaimYetIsNoLoss) {
  const FakeZooKeeper::Client theirs = zookeeper_.connect_to(2);
  zookeeper_.slow_commits(2, 3s);
  ZooKeeperLock other({.path = "/others"}, client_);
  const Lease lease = other.lock();
  GuardedWrite(theirs, lease.znode(), lease.fencing_token()).set("/job", "theirs").commit();
  EXPECT_EQ(data(), "theirs");
}

}  // namespace
}  // namespace zklock::testing
