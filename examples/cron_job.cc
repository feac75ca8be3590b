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

  std::error_code error;
  const zklock::Lease lease = lock.lock(Context().without_waiting().with_timeout(10s), error);
  if (error == zklock::Errc::locking_timed_out) {
    // Either somebody else holds it, or no server answered: the queue tells. It throws if no server
    // answers.
    const zklock::LockEntries queue = lock.entries(Context().with_timeout(10s));
    std::cout << "skipped: "
              << (queue.empty() ? "another run has just ended"
                                : "it runs on " + queue.begin()->host)
              << '\n';
    return 0;
  }
  if (error) throw zklock::LockError(error);

  run_the_job(lease);
  lock.unlock(lease, Context().with_timeout(10s));
  return 0;
} catch (const zklock::LockError& error) {
  std::cerr << "not run: " << error.what() << '\n';
  return 1;
}
// [readme-end]
