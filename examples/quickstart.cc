// The least code that takes a lock and works under it. The README quotes it.
// [readme: lock]
#include <zklock/zookeeper_lock.h>

#include <iostream>

using namespace std::chrono_literals;

int main(int argc, char** argv) try {
  const char* address = argc > 1 ? argv[1] : "localhost:2181";
  zklock::ZooKeeperLock lock({.address = address, .path = "/my/locks"});
  zklock::LockGuard guard(lock, zklock::Context().with_timeout(3s));  // waits for its turn
  const zklock::Lease& lease = guard.lease();
  std::stop_callback on_loss(lease.lost(), [] { std::cerr << "the lock is lost: stop working\n"; });

  for (int row = 1; row <= 3 && lease.valid(); ++row) {
    // Let the database refuse tokens smaller than the largest that it has seen: then not even a
    // process that is paused right here can do harm when it wakes up.
    std::cout << "write row " << row << " with fencing token " << lease.fencing_token() << '\n';
  }
  return lease.valid() ? 0 : 1;  // the guard unlocks
} catch (const zklock::LockError& error) {
  std::cerr << error.what() << '\n';  // attempt to acquire lock timed out: /my/locks is held by ...
  return 1;
}
// [readme-end]
