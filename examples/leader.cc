// Of all processes that run this, one leads; others watch who it is. leader-election.md quotes it.
//
//   leader lead [address]
//   leader watch [address]
//
// Ctrl-C, or SIGTERM, ends it: then the next one leads.
#include <pthread.h>
#include <signal.h>
#include <zklock/locked_worker.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <stop_token>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using zklock::Context;

namespace {

/// SIGINT and SIGTERM, which are blocked from now on: main waits for them. Call it before any other
/// thread exists.
sigset_t block_signals_to_end() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void wait_for(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
}

/// One small step of what the leader does. It passes the token on: see leases.md.
void lead_for_a_moment(std::int64_t /*fencing_token*/) { std::this_thread::sleep_for(20ms); }

// [readme: lead]
void lead(const zklock::Lease& lease, const std::stop_token& stop) {
  std::cout << "leading, term " << lease.fencing_token() << std::endl;
  while (!stop.stop_requested()) lead_for_a_moment(lease.fencing_token());
  std::cout << "leading no more" << std::endl;
}

void take_part(zklock::Lock& lock, const sigset_t& signals_to_end) {
  zklock::LockedWorker worker(lock, {.margin = 500ms}, lead);
  wait_for(signals_to_end);
  worker.stop(Context().with_timeout(10s));  // lead has returned, and the next one leads
}
// [readme-end]

// [readme: watch]
void watch(const zklock::ZooKeeperLock& lock, const std::stop_token& end) {
  for (zklock::LockEntries queue; !end.stop_requested();) {
    queue = lock.wait_for_change(queue, Context().with_stop_token(end));
    if (queue.empty()) {
      std::cout << "nobody leads" << std::endl;
    } else {
      const zklock::LockEntry& leader = *queue.begin();
      std::cout << "process " << leader.pid << " on " << leader.host << " leads, term "
                << leader.fencing_token << std::endl;
    }
  }
}
// [readme-end]

void watch_until(const sigset_t& signals_to_end, const zklock::ZooKeeperLock& lock) {
  const std::jthread watcher([&lock](const std::stop_token& end) {
    try {
      watch(lock, end);
    } catch (const zklock::LockError& error) {
      if (error.code() != zklock::Errc::locking_canceled) std::cerr << error.what() << std::endl;
    }
  });
  wait_for(signals_to_end);
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what != "lead" && what != "watch") {
    std::cerr << "usage: leader lead|watch [address]\n";
    return 2;
  }
  const sigset_t signals = block_signals_to_end();
  const char* address = argc > 2 ? argv[2] : "localhost:2181";
  zklock::ZooKeeperLock lock({.address = address, .path = "/examples/leader"});
  if (what == "lead") {
    take_part(lock, signals);
  } else {
    watch_until(signals, lock);
  }
} catch (const zklock::LockError& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
