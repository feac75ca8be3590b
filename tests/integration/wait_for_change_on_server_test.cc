// Who leads, as others see it, on a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <stop_token>
#include <string>

#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

class WaitForChangeOnServerTest : public ::testing::Test {
 protected:
  std::future<LockEntries> wait(const LockEntries& known) {
    return std::async(std::launch::async,
                      [this, known] { return watcher_.wait_for_change(known, soon()); });
  }
  static std::int64_t holder(const LockEntries& queue) {
    return queue.empty() ? 0 : queue.begin()->fencing_token;
  }

  const std::string path_ = unique_path();
  LoopbackProxy proxy_{ZooKeeperServer::shared().port()};
  ZooKeeperLock watcher_{{.path = path_}, connect(proxy_.address())};
  ZooKeeperLock first_{{.path = path_}, connect(ZooKeeperServer::shared().address())};
  ZooKeeperLock second_{{.path = path_}, connect(ZooKeeperServer::shared().address())};
};

TEST_F(WaitForChangeOnServerTest, FollowsTheHolders) {
  LockEntries known;
  for (int i = 0; i < 20; ++i) {
    auto granted = wait(known);
    const Lease lease = first_.lock(soon());
    known = granted.get();
    EXPECT_EQ(holder(known), lease.fencing_token());
    std::future<Lease> next = lock_async(second_);
    auto handed_over = wait(known);
    EXPECT_TRUE(becomes_true([&] { return watcher_.entries(soon()).size() == 2; }));
    first_.unlock(lease, soon());
    const Lease second = next.get();
    known = handed_over.get();
    EXPECT_EQ(holder(known), second.fencing_token());
    auto released = wait(known);
    second_.unlock(second, soon());
    known = released.get();
    EXPECT_TRUE(known.empty());
  }
}

TEST_F(WaitForChangeOnServerTest, SeesWhatHappenedWhileItWasCutOff) {
  for (const bool is_held : {true, false}) {
    Lease lease = is_held ? first_.lock(soon()) : Lease();
    auto changed = wait(watcher_.entries(soon()));
    proxy_.refuse();
    if (is_held) first_.unlock(lease, soon());
    if (!is_held) lease = first_.lock(soon());
    proxy_.heal();
    EXPECT_EQ(changed.get().empty(), is_held);
  }
}

TEST_F(WaitForChangeOnServerTest, EndsWhenTheContextDoes) {
  std::stop_source stop;
  const Lease lease = first_.lock(soon());
  const LockEntries known = watcher_.entries(soon());
  EXPECT_EQ(error_of([&] {
              static_cast<void>(watcher_.wait_for_change(known, Context().with_timeout(50ms)));
            }).code(),
            Errc::locking_timed_out);
  auto canceled = std::async(std::launch::async, [&] {
    return error_of([&] {
             static_cast<void>(
                 watcher_.wait_for_change(known, soon().with_stop_token(stop.get_token())));
           })
        .code();
  });
  stop.request_stop();
  EXPECT_EQ(canceled.get(), Errc::locking_canceled);
}

}  // namespace
}  // namespace zklock::test
