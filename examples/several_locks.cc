// Transfers between two accounts, each of which has a lock. several-locks.md quotes it.
//
//   several_locks [address]
#include <zklock/lock_all.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <iostream>
#include <memory>
#include <stop_token>

using namespace std::chrono_literals;

namespace {

constexpr int kTransfers = 10;

/// Stands in for a store that takes both or neither, and refuses stale tokens: see
/// fenced_writes.cc.
bool book(std::int64_t /*token_from*/, std::int64_t /*token_to*/, int /*amount*/) { return true; }

// [readme: transfer]
/// False: the store has refused it, as a lock was lost.
bool transfer(zklock::Lock& from, zklock::Lock& to, int amount) {
  zklock::LockAllGuard guard = zklock::lock_all(10s, from, to);  // both, or an exception
  const std::stop_callback on_loss(guard.lost(), [] { std::cerr << "a lock was lost\n"; });
  if (!guard.valid()) return false;
  // One transaction: half a transfer would be worse than none.
  return book(guard.lease(from).fencing_token(), guard.lease(to).fencing_token(), amount);
}
// [readme-end]

void transfer_often(zklock::Lock& from, zklock::Lock& to) {
  for (int done = 0; done < kTransfers; ++done) transfer(from, to, 1);
}

}  // namespace

int main(int argc, char** argv) try {
  const auto client = zklock::connect(argc > 1 ? argv[1] : "localhost:2181");
  zklock::ZooKeeperLock alice({.path = "/examples/accounts/alice"}, client);
  zklock::ZooKeeperLock bob({.path = "/examples/accounts/bob"}, client);
  auto there = std::async(std::launch::async, [&] { transfer_often(alice, bob); });
  auto back = std::async(std::launch::async, [&] { transfer_often(bob, alice); });
  there.get();
  back.get();
  std::cout << 2 * kTransfers << " transfers in both directions\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
