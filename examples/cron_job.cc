// A job that cron starts on many machines: one of them runs it, the others skip. cron.md quotes it.
//
//   cron_job [address]
//
// Exit status: 0 it ran, or somebody else runs it; 1 it could not be tried, for example because no
// server answered.
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <iostream>
#include <system_error>

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

  zklock::Lease lease;
  try {
    lease = lock.lock(Context().without_waiting().with_timeout(10s));
  } catch (const zklock::LockError& error) {
    // Only this means "busy". An outage is no_server_answered, and must not go unnoticed.
    if (error.code() != zklock::Errc::locking_timed_out) throw;
    std::cout << "skipped: " << error.what() << '\n';
    return 0;
  }
  run_the_job(lease);
  std::error_code error;
  lock.unlock(lease, Context().with_timeout(10s), error);
  if (error) std::cerr << "cron_job: it has run, but: " << error.message() << '\n';
  return 0;
} catch (const zklock::LockError& error) {
  std::cerr << "cron_job: " << error.what() << '\n';
  return 1;
}
// [readme-end]
