#include "cli/run_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "cli/end_by_signal.h"

namespace zklock::cli {
namespace {

constexpr std::array<int, 9> kTaken = {SIGINT,  SIGTERM, SIGQUIT, SIGHUP, SIGUSR1,
                                       SIGUSR2, SIGALRM, SIGTSTP, SIGCONT};
/// Ends the thread.
int end_signal() { return SIGRTMAX; }

constexpr std::chrono::seconds kAtOnce{1};

bool is_ignored(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

/// Of the command's work.
bool means_end(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGQUIT; }

}  // namespace

RunSignals::Blocked RunSignals::block() {
  Blocked blocked;
  sigemptyset(&blocked.taken);
  sigaddset(&blocked.taken, end_signal());
  for (const int signal : kTaken) {
    // One that is ignored, but blocked, would be received.
    if (!is_ignored(signal)) sigaddset(&blocked.taken, signal);
  }
  sigset_t all = blocked.taken;
  sigaddset(&all, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &all, &blocked.mask_before);
  return blocked;
}

RunSignals::RunSignals(const Blocked& blocked, std::function<void(int)> forward)
    : taken_(blocked.taken), forward_(std::move(forward)), receiver_([this] { receive(); }) {}

RunSignals::~RunSignals() {
  is_ending_ = true;
  pthread_kill(receiver_.native_handle(), end_signal());
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
  for (;;) {
    int signal = 0;
    sigwait(&taken_, &signal);  // fails only if the set is invalid
    if (is_ending_) return;
    if (signal == end_signal()) continue;  // of somebody else's
    if (take(signal)) stop_source_.request_stop();
  }
}

/// Returns whether it requests stop.
bool RunSignals::take(int signal) {
  const std::lock_guard lock(mutex_);
  if (signal == SIGTSTP || signal == SIGCONT) is_stopping_ = signal == SIGTSTP;
  if (mode_ == Mode::forward) {
    forward_(signal);
    if (!means_end(signal)) return false;
  } else if (signal == SIGTSTP) {
    ::kill(::getpid(), SIGSTOP);
    return false;
  } else if (signal == SIGCONT) {
    return false;
  }
  const auto now = std::chrono::steady_clock::now();
  const bool is_further = first_ != 0 && now - first_time_ > kAtOnce;
  if (mode_ == Mode::end_process || (mode_ == Mode::request_stop && is_further)) {
    end_by_signal_at_once(signal);
  }
  if (first_ == 0) {
    first_ = signal;
    first_time_ = now;
  }
  return true;
}

}  // namespace zklock::cli
