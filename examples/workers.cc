// Work that runs on exactly one of the machines that start this. workers.md quotes it.
//
//   workers [address]          until Ctrl-C or SIGTERM
//   workers <address> report   once, as cron would start it
//   workers <address> key KEY  once, ever, for this key
#include <pthread.h>
#include <signal.h>
#include <zklock/locked_worker.h>
#include <zklock/once.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <iostream>
#include <stop_token>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using zklock::Context;

namespace {

sigset_t signals_to_end() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

void wait_to_be_ended() {
  const sigset_t signals = signals_to_end();
  int signal = 0;
  sigwait(&signals, &signal);
}

/// One small step of the work. It passes the token on: see leases.md.
void take_a_step(std::int64_t /*fencing_token*/) { std::this_thread::sleep_for(20ms); }

void work(zklock::Lock& lock) {
  // [readme: worker]
  zklock::LockedWorker worker(
      lock, {.margin = 2s, .overdue_after = 5s, .logger = zklock::stderr_logger()},
      [](const zklock::Lease& lease, const std::stop_token& stop) {
        std::cout << "working, term " << lease.fencing_token() << std::endl;
        while (!stop.stop_requested()) take_a_step(lease.fencing_token());
        std::cout << "working no more" << std::endl;
      });
  wait_to_be_ended();
  worker.stop(Context().with_timeout(10s));  // after this, nothing runs, and the lock is free
  // [readme-end]
}

// [readme: report]
void report(zklock::Lock& lock) try {
  zklock::run_once(
      lock, {.min_hold = 2s},  // longer than the machines' clocks differ by
      [](const zklock::Lease& lease, const std::stop_token&) {
        std::cout << "the report has number " << lease.fencing_token() << std::endl;
      },
      Context().without_waiting().with_timeout(10s));
} catch (const zklock::LockError& error) {
  if (error.code() != zklock::Errc::locking_timed_out) throw;  // such as an outage
  std::cout << "somebody else makes the report" << std::endl;
}
// [readme-end]

void clean_up() { std::cout << "cleaning up" << std::endl; }

// [readme: once]
void clean_up_once(zklock::Lock& lock, const std::string& key) {
  const zklock::LockedWork once =
      zklock::once(key, [](const zklock::Lease&, const std::stop_token& stop) {
        clean_up();
        return !stop.stop_requested();  // false: it was interrupted, and is not done
      });
  zklock::run_once(lock, {.margin = 2s}, once, Context().with_timeout(1min));
}
// [readme-end]

}  // namespace

int main(int argc, char** argv) try {
  const sigset_t signals = signals_to_end();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any other thread exists
  const char* address = argc > 1 ? argv[1] : "localhost:2181";
  zklock::ZooKeeperLock lock({.address = address, .path = "/examples/workers"});
  const std::string what = argc > 2 ? argv[2] : "";
  if (what == "report") {
    report(lock);
  } else if (what == "key" && argc > 3) {
    clean_up_once(lock, argv[3]);
  } else {
    work(lock);
  }
} catch (const zklock::LockError& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
