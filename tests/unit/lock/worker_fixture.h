// worker_fixture.h: a lock for a worker, and another contender, on the fake and in virtual time.
#ifndef ZKLOCK_TESTS_UNIT_LOCK_WORKER_FIXTURE_H_
#define ZKLOCK_TESTS_UNIT_LOCK_WORKER_FIXTURE_H_

#include <gtest/gtest.h>
#include <zklock/locked_worker.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/context_wait.h"
#include "base/platform.h"
#include "support/recording_logger.h"

namespace zklock::testing {

/// Work that goes on until stop is requested.
inline AfterRun wait_until_told(const Lease&, std::stop_token stop) {
  internal::Monitor monitor;
  const Context context = Context().with_stop_token(std::move(stop));
  internal::ContextWait wait(monitor, context);
  internal::MutexLock lock(monitor.mutex);
  wait.wait(lock, [] { return false; });
  return AfterRun::again;
}

/// The session timeout is 10 s.
class WorkerFixture : public ::testing::Test {
 protected:
  WorkerFixture() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  [[nodiscard]] LockedWorkerOptions logged(LockedWorkerOptions options = {}) const {
    options.logger = lines_;
    return options;
  }
  [[nodiscard]] std::size_t claims() const { return zk_.children("/locks").size(); }
  /// Notes when each run begins, and returns this.
  LockedWork noting(AfterRun after) {
    return [this, after](const Lease&, const std::stop_token&) {
      begun_.push_back(internal::Platform::current().steady_now());
      return after;
    };
  }
  /// The pause in front of each run but the first.
  [[nodiscard]] std::vector<std::chrono::nanoseconds> pauses() const {
    std::vector<std::chrono::nanoseconds> all;
    for (std::size_t i = 1; i < begun_.size(); ++i) all.push_back(begun_[i] - begun_[i - 1]);
    return all;
  }
  /// They double from `first` up to `longest`, less their jitter.
  void expect_growing_pauses(std::chrono::nanoseconds first, std::chrono::nanoseconds longest) {
    ASSERT_GE(begun_.size(), 5U);
    for (const std::chrono::nanoseconds pause : pauses()) {
      EXPECT_LE(pause, first);
      EXPECT_GE(pause, first / 2);
      first = std::min(2 * first, longest);
    }
  }

  FakeZooKeeper zk_;
  const std::shared_ptr<test::RecordingLogger> lines_ = std::make_shared<test::RecordingLogger>();
  const FakeZooKeeper::Client client_ = zk_.connect({.session_timeout = std::chrono::seconds(10)});
  ZooKeeperLock lock_{{.path = "/locks"}, client_};
  ZooKeeperLock other_{{.path = "/locks"}, zk_.connect()};
  std::vector<internal::SteadyTime> begun_;
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_UNIT_LOCK_WORKER_FIXTURE_H_
