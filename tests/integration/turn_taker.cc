// Runs a LockedWorker. Its runs end in all ways that need no help from outside the process. Each
// run writes numbered records under its claim. SIGTERM stops the worker, and ends the process.
//
//   turn_taker <address> <path of the lock> <path of the records> <seed>
//
// Exit status 0: it was stopped in time, no two of its runs overlapped, and each lease that was not
// lost stood until the end of its run. Otherwise standard error says what was not so.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <zklock/guarded_write.h>
#include <zklock/locked_worker.h>
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "support/soon.h"

namespace {

using namespace std::chrono_literals;
using zklock::AfterRun;
using zklock::Lease;
using zklock::LockedWorker;
using zklock::test::soon;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "process %d: %s\n", static_cast<int>(getpid()), what.c_str());
  _exit(1);
}

/// The work of a process. The way in which each run ends is drawn.
class Turns {
 public:
  Turns(std::string records, unsigned seed) : records_(std::move(records)), random_(seed) {}

  void are_of(LockedWorker& worker) { worker_ = &worker; }

  AfterRun operator()(const Lease& lease, const std::stop_token& stop) {
    if (running_.exchange(true)) fail("two runs at once");
    const AfterRun after = run(lease, stop);
    running_ = false;
    if (after == AfterRun::stop) throw std::runtime_error("this run throws");
    return after;
  }

 private:
  /// `stop`: it is to throw.
  AfterRun run(const Lease& lease, const std::stop_token& stop) {
    const auto way = random_() % 8;
    const auto steps = 1 + random_() % 3;
    for (auto i = steps; i > 0 && !stop.stop_requested(); --i) record(lease);
    if (way >= 6) wait_until_told(stop, way == 6 ? 200ms : 20ms);
    if (way == 5 && worker_ != nullptr) worker_.load()->step_down(1ms);
    record(lease);  // the last one: the lock is still held here
    if (way == 4) return AfterRun::stop;
    return way == 3 ? AfterRun::pause : AfterRun::again;
  }

  void record(const Lease& lease) {
    std::error_code error;
    zklock::GuardedWrite write(lease);
    write.create(records_ + "/" + std::to_string(lease.fencing_token()) + "-" +
                 std::to_string(++records_written_));
    write.commit(soon(), error);
    // Nobody gives the lock back before this run has returned.
    if (error && lease.valid()) fail("refused under a valid lease: " + error.message());
    if (error && !lease.loss_reason()) fail("the lock was given back during a run");
  }

  void wait_until_told(const std::stop_token& stop, std::chrono::nanoseconds time) {
    std::unique_lock lock(mutex_);
    told_.wait_for(lock, stop, time, [] { return false; });
  }

  const std::string records_;
  std::mt19937 random_;
  std::atomic<LockedWorker*> worker_{nullptr};
  std::atomic<bool> running_{false};
  int records_written_ = 0;
  std::mutex mutex_;
  std::condition_variable_any told_;
};

void run(const std::vector<std::string>& arguments) {
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);

  zklock::ZooKeeperLock lock(
      {.address = arguments[0], .path = arguments[1], .client = {.session_timeout = 1s}});
  Turns turns(arguments[2], static_cast<unsigned>(std::stoul(arguments[3])));
  LockedWorker worker(
      lock, {.margin = 100ms, .first_pause = 1ms, .longest_pause = 10ms},
      [&turns](const Lease& lease, const std::stop_token& stop) { return turns(lease, stop); });
  turns.are_of(worker);
  std::puts("taking turns");
  std::fflush(stdout);
  int signal = 0;
  sigwait(&end, &signal);
  worker.stop(zklock::Context().with_timeout(5s));
  if (worker.is_leading()) fail("leads after stop");
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 4) return 2;
  try {
    run(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
