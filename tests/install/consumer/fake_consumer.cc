// A program that uses the fake of an installed zklock: no server, no network, no test framework.
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <iostream>
#include <system_error>

#if defined(THREADED) || defined(ZOO_VERSION) || defined(GTEST_API_)
#error "the fake's headers or flags leak a private dependency"
#endif

namespace {

int failures = 0;

void expect(bool is_so, const char* what) {
  std::cout << (is_so ? "ok: " : "FAILED: ") << what << '\n';
  failures += is_so ? 0 : 1;
}

}  // namespace

int main() {
  using std::chrono::hours;
  using std::chrono::milliseconds;

  zklock::testing::FakeZooKeeper zookeeper({.servers = 3});
  const auto our_client = zookeeper.connect();
  zklock::ZooKeeperLock ours({.path = "/my/locks"}, our_client);
  const zklock::Lease lease = ours.lock();
  expect(lease.valid(), "the lock is granted");

  zklock::ZooKeeperLock theirs({.path = "/my/locks"}, zookeeper.machine("db7").connect());
  zookeeper.let_time_pass();
  std::error_code error;
  theirs.lock(zklock::Context().with_timeout(hours(1)), error);
  expect(error == zklock::Errc::locking_timed_out, "an hour passes in no time");

  zookeeper.expire_session(our_client);
  expect(!lease.valid() && lease.lost().stop_requested(), "the loss is reported");
  expect(theirs.lock().valid(), "the lock is free again");

  try {
    static_cast<void>(zookeeper.connect({.session_timeout = milliseconds(-1)}));
    expect(false, "options that cannot work are refused");
  } catch (const zklock::LockError& refused) {
    expect(refused.code() == zklock::Errc::invalid_config, refused.what());
  }
  return failures == 0 ? 0 : 1;
}
