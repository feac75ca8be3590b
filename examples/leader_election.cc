// Of all processes that run this, one leads. leader-election.md quotes it.
//
//   leader_election [address]
//
// Ctrl-C, or SIGTERM, ends it: then the next one leads.
#include <pthread.h>
#include <signal.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <iostream>
#include <stop_token>
#include <thread>

using namespace std::chrono_literals;
using zklock::Context;

namespace {

/// Stop is requested when the process is asked to end. Call it before any other thread exists.
std::stop_token asked_to_end() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::stop_source source;
  std::thread([signals, source]() mutable {
    int signal = 0;
    sigwait(&signals, &signal);
    source.request_stop();
  }).detach();
  return source.get_token();
}

/// One small step of what the leader does. It passes the token on: see leases.md.
void lead_for_a_moment(std::int64_t /*fencing_token*/) { std::this_thread::sleep_for(20ms); }

// [readme: election]
void take_part(zklock::Lock& lock, const std::stop_token& end) {
  while (!end.stop_requested()) {
    const zklock::LockGuard guard(lock, Context().with_stop_token(end));  // follows until elected
    const zklock::Lease& lease = guard.lease();
    std::cout << "leading, term " << lease.fencing_token() << std::endl;

    while (lease.valid() && !end.stop_requested()) lead_for_a_moment(lease.fencing_token());

    std::cout << "leading no more" << std::endl;
  }  // the guard resigns, or finds the lock lost: then it queues again
}
// [readme-end]

}  // namespace

int main(int argc, char** argv) try {
  const std::stop_token end = asked_to_end();
  const char* address = argc > 1 ? argv[1] : "localhost:2181";
  zklock::ZooKeeperLock lock({.address = address, .path = "/examples/leader"});
  take_part(lock, end);
} catch (const zklock::LockError& error) {
  if (error.code() == zklock::Errc::locking_canceled) return 0;  // asked to end while it followed
  std::cerr << error.what() << '\n';
  return 1;
}
