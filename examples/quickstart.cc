// The least code that takes a lock and works under it. README.md quotes it.
// [readme: lock]
#include <zklock/zookeeper_lock.h>

#include <iostream>

using namespace std::chrono_literals;

/// Stands in for a database that refuses stale tokens. A real one: examples/leases.md, "Fencing".
struct Store {
  std::int64_t largest_token = 0;
  void write(std::int64_t token, const char* value) {
    if (token < largest_token) throw std::runtime_error("refused: a later holder has written");
    largest_token = token;
    std::cout << "wrote " << value << " with fencing token " << token << '\n';
  }
};

int main(int argc, char** argv) try {
  Store store;
  zklock::ZooKeeperLock lock(
      {.address = argc > 1 ? argv[1] : "localhost:2181", .path = "/my/locks"});
  zklock::LockGuard guard(lock, 3s);  // waits for its turn, at most for 3 s
  store.write(guard.lease().fencing_token(), "42");
  guard.unlock();  // reports a lost lock; the destructor would only log it
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';  // attempt to acquire lock timed out: /my/locks is held by ...
  return 1;
}
// [readme-end]
