// A job that cron starts on many machines: one of them runs it, the others skip. cron.md quotes it.
//
//   cron_job [address]
//
// Exit status: 0 it ran, or somebody else runs it; 1 it could not be tried.
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;
using zklock::Context;

namespace {

void run_the_job(const zklock::Lease& lease) {
  std::cout << "running, with fencing token " << lease.fencing_token() << '\n';
}

}  // namespace

// [readme: job]
int main(int argc, char** argv) try {
  const char* address = argc > 1 ? argv[1] : "localhost:2181";
  zklock::ZooKeeperLock lock({.address = address,
                              .path = "/examples/cron",
                              .client = {.connect_timeout = 3s}});  // throws if no server answers

  try {
    zklock::LockGuard guard(lock, Context().without_waiting().with_timeout(10s));
    run_the_job(guard.lease());
    guard.unlock(Context().with_timeout(10s));
    return 0;
  } catch (const zklock::LockError& error) {
    if (error.code() != zklock::Errc::locking_timed_out) throw;
  }

  // Either somebody else holds the lock, or no server answered. If no server answers, this throws:
  const zklock::LockEntries queue = lock.entries(Context().with_timeout(10s));
  std::cout << "skipped: "
            << (queue.empty() ? "another run has just ended" : "it runs on " + queue.begin()->host)
            << '\n';
  return 0;
} catch (const zklock::LockError& error) {
  std::cerr << "cron_job: " << error.what() << '\n';
  return 1;
}
// [readme-end]
