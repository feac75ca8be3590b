// Holds a lock with a FailStop while it has many more threads that spin than there are CPUs.
//
//   spinner <address> <path>
//
// Says "holding" when they spin. A thread that sees the lease end says "outlived" and exits with 1.
#include <unistd.h>
#include <zklock/fail_stop.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "support/soon.h"

namespace {

using namespace std::chrono_literals;

void spin_until_the_end(const zklock::Lease& lease) {
  while (lease.valid()) {
  }
  std::puts("outlived");
  std::fflush(stdout);
  _exit(1);
}

void run(const std::string& address, const std::string& path) {
  zklock::ZooKeeperLock lock({.address = address, .path = path, .client = {.session_timeout = 4s}});
  const zklock::Lease lease = lock.lock(zklock::test::soon());
  lease.require(900ms, zklock::test::soon());
  const zklock::FailStop fail_stop(lease, 500ms);
  std::vector<std::jthread> threads;
  const unsigned count = 8 * std::thread::hardware_concurrency();
  for (unsigned i = 0; i < count; ++i) threads.emplace_back(spin_until_the_end, lease);
  std::puts("holding");
  std::fflush(stdout);
  spin_until_the_end(lease);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 2) return 2;
  try {
    run(arguments[0], arguments[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
