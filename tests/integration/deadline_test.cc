// No call overstays: how long calls take, measured while nothing else runs on the machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr auto kTimeout = 300ms;
/// By how much a call may miss its deadline.
constexpr auto kSlack = 100ms;

Context briefly() { return Context().with_timeout(kTimeout); }
Context already_over() { return Context().with_timeout(-1s); }

template <class Call>
Clock::duration time_of(const Call& call) {
  const auto begun = Clock::now();
  call();
  return Clock::now() - begun;
}

/// Not before its deadline, and soon after it.
template <class Call>
void expect_ends_in_time(const Call& call) {
  const auto took = time_of(call);
  EXPECT_GE(took, kTimeout);
  EXPECT_LE(took, kTimeout + kSlack);
}

// With a server that is well.

class WaitTest : public ::testing::Test {
 protected:
  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingObserver> record_ = std::make_shared<RecordingObserver>();
  const std::string address_ = ZooKeeperServer::shared().address();
  ZooKeeperLock holder_{{.address = address_, .path = path_}};
  ZooKeeperLock waiter_{{.address = address_, .path = path_, .observer = record_}};
  const Lease lease_ = holder_.lock(soon());
};

TEST_F(WaitTest, EndsWithItsDeadline) {
  std::error_code error;
  expect_ends_in_time([&] { waiter_.lock(briefly(), error); });
  EXPECT_EQ(error, Errc::locking_timed_out);
  expect_ends_in_time([&] { EXPECT_FALSE(waiter_.try_lock_for(kTimeout)); });
  expect_ends_in_time([&] { EXPECT_FALSE(waiter_.try_lock_until(Clock::now() + kTimeout)); });
}

TEST_F(WaitTest, PastDeadlineMakesOneAttempt) {
  std::error_code error;
  EXPECT_LE(time_of([&] { waiter_.lock(already_over(), error); }), kSlack);
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_LE(time_of([&] { EXPECT_FALSE(waiter_.try_lock()); }), kSlack);
  holder_.unlock(lease_, soon());
  EXPECT_TRUE(waiter_.lock(already_over())) << "what is free is granted";
  waiter_.unlock(already_over());
  EXPECT_TRUE(waiter_.try_lock());
}

TEST_F(WaitTest, EndsWithTheReleaseItWaitedFor) {
  Clock::time_point granted_at{};
  for (int i = 0; i < 5; ++i) {
    const Lease held = i == 0 ? lease_ : holder_.lock(soon());
    std::thread waiting([&] {
      const Lease lease = waiter_.lock(soon());
      granted_at = Clock::now();
      waiter_.unlock(lease, soon());
    });
    EXPECT_TRUE(record_->await("waiting", static_cast<std::size_t>(i) + 1));
    const auto released_at = Clock::now();
    holder_.unlock(held, soon());
    waiting.join();
    EXPECT_LE(granted_at - released_at, kSlack);
  }
}

TEST_F(WaitTest, EndsWhenItIsCanceled) {
  std::stop_source source;
  std::future<Lease> waiting = lock_async(waiter_, soon().with_stop_token(source.get_token()));
  ASSERT_TRUE(record_->await("waiting"));
  std::error_code error;
  const auto took = time_of([&] {
    source.request_stop();
    error = error_of([&] { waiting.get(); }).code();
  });
  EXPECT_LE(took, kSlack);
  EXPECT_EQ(error, Errc::locking_canceled);
  EXPECT_EQ(error, std::errc::operation_canceled);
  EXPECT_EQ(holder_.entries(soon()).size(), 1U);
}

TEST_F(WaitTest, CanceledCallEndsAtOnce) {
  std::stop_source source;
  source.request_stop();
  std::error_code error;
  const auto took =
      time_of([&] { waiter_.lock(soon().with_stop_token(source.get_token()), error); });
  EXPECT_LE(took, kSlack);
  EXPECT_EQ(error, Errc::locking_canceled);
}

TEST_F(WaitTest, DestructorWithWaitersIsQuick) {
  auto lock = std::make_optional<ZooKeeperLock>(
      ZooKeeperLockConfig{.address = address_, .path = path_, .observer = record_});
  std::future<Lease> waiting = lock_async(*lock, Context());
  ASSERT_TRUE(record_->await("waiting"));
  EXPECT_LE(time_of([&] { lock.reset(); }), kSlack);
  EXPECT_EQ(error_of([&] { waiting.get(); }).code(), Errc::locking_canceled);
}

TEST_F(WaitTest, TakeOverAfterTheTtlIsPrompt) {
  holder_.unlock(lease_, soon());
  ZooKeeperLock holder({.address = address_, .path = path_, .ttl = 500ms});
  ZooKeeperLock contender({.address = address_, .path = path_, .ttl = 500ms});
  const Lease held = holder.lock(soon());
  const auto took = time_of([&] { contender.lock(soon()); });
  EXPECT_LE(took, 500ms + kSlack);
  EXPECT_FALSE(held.valid());
}

// With a server that is not.

enum class Trouble { stopped, killed };

class TroubleTest : public ::testing::TestWithParam<Trouble> {
 protected:
  /// One for all cases; whatever has happened to it, it serves when a case begins.
  static ZooKeeperServer& server() {
    static ZooKeeperServer server;
    return server;
  }

  void make_trouble() {
    in_trouble_ = true;
    if (GetParam() == Trouble::stopped) {
      server().stop();
    } else {
      server().kill();
    }
  }
  void end_trouble() {
    in_trouble_ = false;
    if (GetParam() == Trouble::stopped) {
      server().resume();
    } else {
      server().restart();
    }
  }

  void TearDown() override {
    if (in_trouble_) end_trouble();
  }

  [[nodiscard]] ZooKeeperLockConfig config(std::chrono::milliseconds ttl = 0ms) const {
    return {.path = path_, .ttl = ttl, .observer = record_};
  }

  bool in_trouble_ = false;
  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingObserver> record_ = std::make_shared<RecordingObserver>();
  // A third of the session timeout outlasts the trouble.
  const std::shared_ptr<ClaimClient> client_ =
      testing::connect_claim_client(server().address(), {.session_timeout = 40s});
};

INSTANTIATE_TEST_SUITE_P(, TroubleTest, ::testing::Values(Trouble::stopped, Trouble::killed),
                         [](const auto& trouble) {
                           return trouble.param == Trouble::stopped ? "ServerIsStopped"
                                                                    : "ServerIsKilled";
                         });

TEST_P(TroubleTest, LockEndsInTimeAndLeavesNothing) {
  ZooKeeperLock lock(config(), client_);
  lock.lock(soon());
  lock.unlock(soon());
  make_trouble();
  std::error_code error;
  expect_ends_in_time([&] { lock.lock(briefly(), error); });
  EXPECT_EQ(error, Errc::no_server_answered);
  expect_ends_in_time(
      [&] { EXPECT_THROW(static_cast<void>(lock.try_lock_for(kTimeout)), LockError); });
  EXPECT_LE(time_of([&] { EXPECT_FALSE(lock.try_lock(error)); }), 1s + kSlack);
  EXPECT_EQ(error, Errc::no_server_answered);
  EXPECT_LE(time_of([&] { lock.lock(already_over(), error); }), kSlack);
  EXPECT_EQ(error, Errc::no_server_answered);
  end_trouble();
  EXPECT_TRUE(becomes_true([&] { return client_->pending_removals().count == 0; }));
  EXPECT_TRUE(lock.entries(soon()).empty());
}

TEST_P(TroubleTest, WaitForALockEndsInTime) {
  ZooKeeperLock holder(config(), client_);
  ZooKeeperLock lock(config(), connect(server().address()));
  const Lease lease = holder.lock(soon());
  const auto begun = Clock::now();
  std::future<Lease> waiting = lock_async(lock, briefly());
  ASSERT_TRUE(record_->await("waiting"));
  make_trouble();
  const LockError error = error_of([&] { waiting.get(); });
  EXPECT_LE(Clock::now() - begun, kTimeout + kSlack);
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  EXPECT_THAT(error.what(), HasSubstr(lease.znode())) << "it knew who holds the lock";
  end_trouble();
  EXPECT_TRUE(becomes_true([&] { return holder.entries(soon()).size() == 1; }));
}

TEST_P(TroubleTest, CancellationEndsALock) {
  ZooKeeperLock lock(config(), client_);
  make_trouble();
  std::stop_source source;
  std::future<Lease> locked = lock_async(lock, Context().with_stop_token(source.get_token()));
  EXPECT_FALSE(is_ready(locked, 50ms)) << "it waits for the server";
  std::error_code error;
  const auto took = time_of([&] {
    source.request_stop();
    error = error_of([&] { locked.get(); }).code();
  });
  EXPECT_LE(took, kSlack);
  EXPECT_EQ(error, Errc::locking_canceled);
}

TEST_P(TroubleTest, UnlockEndsInTimeAndContinuesInTheBackground) {
  ZooKeeperLock lock(config(), client_);
  const Lease lease = lock.lock(soon());
  make_trouble();
  std::error_code error;
  expect_ends_in_time([&] { lock.unlock(lease, briefly(), error); });
  EXPECT_EQ(error, Errc::unlocking_failed);
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(client_->pending_removals().count, 1U);
  EXPECT_EQ(record_->count("unlock_failed"), 1U);
  end_trouble();
  EXPECT_TRUE(becomes_true([&] { return client_->pending_removals().count == 0; }));
  EXPECT_TRUE(lock.entries(soon()).empty());
}

TEST_P(TroubleTest, UnlockWithAPastDeadlineTakesASecond) {
  ZooKeeperLock first(config(), client_);
  ZooKeeperLock second({.path = path_ + "/second"}, client_);
  first.lock(soon());
  second.lock(soon());
  make_trouble();
  std::error_code error;
  EXPECT_LE(time_of([&] { first.unlock(already_over(), error); }), 1s + kSlack);
  EXPECT_EQ(error, Errc::unlocking_failed);
  EXPECT_LE(time_of([&] { error = second.unlock(); }), 1s + kSlack);
  EXPECT_EQ(error, Errc::unlocking_failed);
}

TEST_P(TroubleTest, UnlockOfAGuardTakesASecond) {
  ZooKeeperLock lock(config(), client_);
  {
    auto guard = std::make_optional<LockGuard>(lock, soon());
    make_trouble();
    EXPECT_LE(time_of([&] { guard.reset(); }), 1s + kSlack);
  }
  EXPECT_EQ(record_->count("unlock_failed"), 1U);
  EXPECT_FALSE(lock.lease());
  EXPECT_EQ(lock.unlock(), Errc::unlocking_failed) << "nothing is held any more";
}

TEST_P(TroubleTest, LeaseCallsEndInTime) {
  ZooKeeperLock lock(config(60s), client_);
  const Lease lease = lock.lock(soon());
  make_trouble();
  std::error_code error;
  expect_ends_in_time([&] { lease.verify(briefly(), error); });
  EXPECT_EQ(error, Errc::no_server_answered);
  expect_ends_in_time([&] { lease.renew(briefly(), error); });
  EXPECT_EQ(error, Errc::no_server_answered);
  EXPECT_TRUE(lease.valid()) << "neither takes anything away";
  end_trouble();
  EXPECT_NO_THROW(lease.verify(soon()));
}

TEST_P(TroubleTest, EntriesEndInTime) {
  const ZooKeeperLock lock(config(), client_);
  make_trouble();
  std::error_code error;
  expect_ends_in_time(
      [&] { error = error_of([&] { static_cast<void>(lock.entries(briefly())); }).code(); });
  EXPECT_EQ(error, Errc::no_server_answered);
}

TEST_P(TroubleTest, ConnectingEndsInTime) {
  make_trouble();
  const std::string address = server().address();
  std::optional<LockError> error;
  expect_ends_in_time([&] {
    error = error_of([&] {
      const ZooKeeperLock lock(
          {.address = address, .path = path_, .client = {.connect_timeout = kTimeout}});
    });
  });
  EXPECT_EQ(error->code(), Errc::no_server_answered);
  EXPECT_EQ(error->cause(), ZooKeeperErrc::connection_loss);
  EXPECT_THAT(error->what(), HasSubstr(address));
  expect_ends_in_time([&] {
    error = error_of([&] { static_cast<void>(connect(address, {.connect_timeout = kTimeout})); });
  });
  EXPECT_EQ(error->code(), Errc::no_server_answered);
}

TEST_P(TroubleTest, DestructorsTakeASecond) {
  auto lock = std::make_optional<ZooKeeperLock>(config(), client_);
  const auto own_record = std::make_shared<RecordingObserver>();
  auto waiter =
      std::make_optional<ZooKeeperLock>(ZooKeeperLockConfig{.address = server().address(),
                                                            .path = path_,
                                                            .observer = own_record,
                                                            .client = {.session_timeout = 60s}});
  const Lease lease = lock->lock(soon());
  std::future<Lease> waiting = lock_async(*waiter, Context());
  ASSERT_TRUE(own_record->await("waiting"));
  make_trouble();
  EXPECT_LE(time_of([&] { waiter.reset(); }), 1s);
  EXPECT_LE(time_of([&] { lock.reset(); }), 1s);
  EXPECT_EQ(error_of([&] { waiting.get(); }).code(), Errc::locking_canceled);
  EXPECT_FALSE(lease.valid());
  end_trouble();
  const ZooKeeperLock observer(config(), client_);
  EXPECT_TRUE(becomes_true([&] { return observer.entries(soon()).empty(); }))
      << "that of a lock with a client of its own, too, goes long before its session ends";
}

TEST_P(TroubleTest, CloseOfAClientEndsInTime) {
  ZooKeeperLock lock(config(), client_);
  const Lease lease = lock.lock(soon());
  make_trouble();
  Result<void> closed;
  EXPECT_LE(time_of([&] { closed = client_->close(briefly()); }), kTimeout + kSlack);
  EXPECT_FALSE(lease.valid());
}

}  // namespace
}  // namespace zklock::test
