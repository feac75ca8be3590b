// In a process that was forked off: everything is the parent's.
#include <sys/wait.h>
#include <unistd.h>
#include <zklock/fail_stop.h>
#include <zklock/locked_worker.h>
#include <zklock/testing/lease_source.h>

#include "lock_fixture.h"
#include "unit/client/client_fixture.h"

namespace zklock {
namespace {

using ForkedClientTest = ClientTest;
using ForkedLockTest = LockTest;

/// Runs `child` in a forked process. Returns which of its expectations fails, from 1; 0 if none.
template <class Child>
int in_forked_process(zklock::testing::VirtualClock& time, const Child& child) {
  time.settle();  // no other thread is to hold a mutex of the clock's, which would stay locked
  const pid_t pid = fork();
  if (pid == 0) _exit(child());
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(ForkedClientTest, InAForkedProcessEveryCallFailsAndKeepsTheSession) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  const int failed = in_forked_process(time_, [&] {
    if (client_->get("/a", {}).error() != ZooKeeperErrc::forked) return 1;
    if (client_->create("/a", "", Acl::open(), {}).error() != ZooKeeperErrc::forked) return 2;
    if (client_->enqueue({"/a", "", Acl::open()}, {}).error() != ZooKeeperErrc::forked) return 3;
    if (client_->get_and_watch("/a", watcher, {}).error() != ZooKeeperErrc::forked) return 4;
    if (client_->close({}).error() != ZooKeeperErrc::forked) return 5;
    client_->remove_in_background("/a");
    client_->watch_in_background("/a", watcher);
    client_.reset();
    return wire->has_requests() || wire->is_closed() ? 6 : 0;
  });
  EXPECT_EQ(failed, 0);
  auto got = in_background([&] { return client_->get("/a", {}); });
  wire->take(Op::get).answer(Znode{});
  EXPECT_TRUE(got.get());
}

TEST_F(ForkedLockTest, InAForkedProcessTheLeaseIsInvalidAndKeepsItsClaim) {
  auto lock = std::make_unique<ZooKeeperLock>(config(), zk_);
  const Lease lease = lock->lock();
  const int failed = in_forked_process(time_, [&] {
    if (lease.valid()) return 1;
    std::error_code error;
    lock->unlock(lease, {}, error);
    if (error != Errc::lock_lost) return 2;
    lease.renew({}, error);
    if (error != Errc::lock_lost) return 3;
    lock.reset();
    return zk_->exists(lease.znode()) ? 0 : 4;
  });
  EXPECT_EQ(failed, 0);
  EXPECT_TRUE(lease.valid());
  EXPECT_FALSE(lease.lost().stop_requested());
}

TEST_F(ForkedLockTest, AForkedProcessHasNoWorkerAndNoFailStop) {
  ZooKeeperLock lock(config(), zk_);
  zklock::testing::Gate gate;
  auto worker = std::make_unique<LockedWorker>(
      lock, LockedWorkerOptions{}, [&](const Lease&, const std::stop_token&) { gate.wait(); });
  zklock::testing::LeaseSource source;
  const Lease lease = source.grant({.ttl = 1h});
  auto fail_stop = std::make_unique<FailStop>(lease, 1s);
  time_.settle();
  const int failed = in_forked_process(time_, [&] {
    if (worker->is_leading()) return 1;
    worker->step_down(1s);
    worker->stop();
    worker->wait();
    worker.reset();
    fail_stop.reset();
    return zk_->names("/locks").size() == 1 ? 0 : 2;
  });
  EXPECT_EQ(failed, 0);
  EXPECT_TRUE(worker->is_leading());
  gate.open();
  worker->stop();
  EXPECT_EQ(zk_->names("/locks").size(), 0U);
}

}  // namespace
}  // namespace zklock
