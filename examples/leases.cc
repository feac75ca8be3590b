// Works in small parts under a lock, and stops when the lock is lost. leases.md quotes it.
//
//   leases [address]
#include <zklock/fail_stop.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <iostream>
#include <stop_token>
#include <thread>

using namespace std::chrono_literals;
using zklock::Context;

namespace {

constexpr int kParts = 20;

void work_on(int part) {
  std::this_thread::sleep_for(50ms);
  std::cout << "part " << part << " is done" << std::endl;
}

void send_to_customers() { std::cout << "sent" << std::endl; }

}  // namespace

int main(int argc, char** argv) try {
  const char* address = argc > 1 ? argv[1] : "localhost:2181";
  zklock::ZooKeeperLock lock({.address = address, .path = "/examples/leases"});

  // [readme: loss]
  zklock::LockGuard guard(lock, Context().with_timeout(10s));
  const zklock::Lease& lease = guard.lease();

  // Runs on a thread of the library as soon as the lock is lost: interrupt what takes long here.
  const std::stop_callback on_loss(lease.lost(), [] { std::cerr << "interrupting\n"; });

  // Work in parts, and look before each of them. valid() asks no server.
  for (int part = 1; part <= kParts; ++part) {
    if (!lease.valid()) {
      std::cerr << "the lock is lost: " << lease.loss_reason().message() << '\n';
      return 1;
    }
    work_on(part);
  }
  // [readme-end]

  // [readme: ending]
  // The process would rather end than write too late.
  const zklock::FailStop fail_stop(lease, 500ms);

  // Stop is requested when 2 s are left: enough to finish, or to stop a child process.
  const std::stop_token ending = lease.ending(2s);
  for (int part = 1; part <= kParts; ++part) {
    if (ending.stop_requested()) return 1;
    lease.require(1s, Context().with_timeout(5s));  // a part takes less
    work_on(part);
  }
  // [readme-end]

  // [readme: verify]
  lease.verify(Context().with_timeout(5s));  // throws lock_lost if the claim is gone
  send_to_customers();
  guard.unlock(Context().with_timeout(5s));  // throws lock_lost if the lock was lost before this
  // [readme-end]
} catch (const zklock::LockError& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
