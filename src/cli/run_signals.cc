#include "cli/run_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "cli/exit_status.h"

namespace zklock::cli {
namespace {

constexpr std::array<int, 4> kEnding = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr std::array<int, 5> kOthers = {SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP, SIGCONT};

sigset_t set_of_all() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kEnding) sigaddset(&signals, signal);
  for (const int signal : kOthers) sigaddset(&signals, signal);
  return signals;
}

template <std::size_t size>
bool contains(const std::array<int, size>& signals, int signal) {
  return std::find(signals.begin(), signals.end(), signal) != signals.end();
}

}  // namespace

sigset_t RunSignals::block() {
  const sigset_t signals = set_of_all();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  return before;
}

RunSignals::RunSignals(std::function<void(int)> forward)
    : forward_(std::move(forward)), receiver_([this] { receive(); }) {}

RunSignals::~RunSignals() {
  {
    const std::lock_guard lock(mutex_);
    is_done_ = true;
  }
  // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): the thread lives, and sigwait takes it
  pthread_kill(receiver_.native_handle(), SIGTERM);
  receiver_.join();
}

void RunSignals::request_stop_on_first() {
  const std::lock_guard lock(mutex_);
  mode_ = Mode::request_stop;
}

int RunSignals::first() {
  const std::lock_guard lock(mutex_);
  return first_;
}

bool RunSignals::start_forwarding(const std::function<void()>& start) {
  const std::lock_guard lock(mutex_);
  if (first_ != 0) return false;
  start();
  mode_ = Mode::forward;
  return true;
}

void RunSignals::end_forwarding() {
  const std::lock_guard lock(mutex_);
  mode_ = Mode::request_stop;
}

bool RunSignals::unless_stopping(const std::function<void()>& go_on) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return false;
  go_on();
  return true;
}

void RunSignals::receive() {
  const sigset_t signals = set_of_all();
  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);  // fails only if the set is invalid
    {
      const std::lock_guard lock(mutex_);
      if (is_done_) return;
    }
    take(signal);
  }
}

void RunSignals::take(int signal) {
  {
    const std::lock_guard lock(mutex_);
    if (signal == SIGTSTP || signal == SIGCONT) is_stopping_ = signal == SIGTSTP;
    if (mode_ == Mode::forward) {
      forward_(signal);
      if (!contains(kEnding, signal)) return;
    } else if (signal == SIGTSTP) {
      ::kill(::getpid(), SIGSTOP);
      return;
    } else if (signal == SIGCONT) {
      return;
    } else if (mode_ == Mode::end_process || first_ != 0) {
      ::_exit(exit_status_of_signal(signal));
    }
    if (first_ == 0) first_ = signal;
  }
  stop_source_.request_stop();
}

}  // namespace zklock::cli
