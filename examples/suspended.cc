// Work that pauses while its lease is suspended, and goes on with it. leases.md quotes it.
//
//   suspended [address]
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <iostream>
#include <stop_token>
#include <thread>

using namespace std::chrono_literals;
using zklock::Context;

namespace {

constexpr int kParts = 60;

/// Part after part, until all are done or stop is requested.
void work(const zklock::Lease& lease, const std::stop_token& stop, int& done) {
  while (done < kParts && !stop.stop_requested() && lease.valid()) {
    std::this_thread::sleep_for(100ms);
    ++done;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  zklock::ZooKeeperLockConfig config;
  config.address = argc > 1 ? argv[1] : "localhost:2181";
  config.path = "/examples/suspended";
  config.client.session_timeout = 4s;
  // [readme: suspend]
  config.when_uncertain = zklock::WhenUncertain::suspend;
  // [readme-end]
  zklock::ZooKeeperLock lock(config);
  zklock::LockGuard guard(lock, Context().with_timeout(10s));
  const zklock::Lease& lease = guard.lease();
  int done = 0;

  // [readme: suspended]
  // Each turn is a time in which the lease is certain.
  while (done < kParts) {
    lease.await_certainty(Context().with_timeout(1min));  // throws lock_lost if it was lost
    std::cout << "working, with fencing token " << lease.fencing_token() << std::endl;
    const std::stop_token suspended = lease.suspended();
    work(lease, suspended, done);
    if (done < kParts) std::cout << "suspended after part " << done << std::endl;
  }
  // [readme-end]

  std::cout << "all parts are done" << std::endl;
  guard.unlock(Context().with_timeout(5s));
} catch (const zklock::LockError& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
