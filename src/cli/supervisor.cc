#include "cli/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "cli/child_processes.h"
#include "cli/standard_error.h"
#include "cli/start_program.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;

/// Signals are for the command. The supervisor only waits for its end.
FileDescriptor block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  return {::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"};
}

template <class Event>
void drain(int descriptor) noexcept {
  Event event{};
  while (::read(descriptor, &event, sizeof event) > 0) {
  }
}

}  // namespace

Supervisor::Supervisor(FileDescriptor client, SupervisedProgram program)
    : client_(std::move(client)),
      program_(std::move(program)),
      child_signals_(block_all_signals()),
      timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create") {
  adopt_orphans();
}

void Supervisor::serve() {
  while (client_.get() >= 0 || phase_ != Phase::idle) {
    std::array<pollfd, 3> events{{{client_.get(), POLLIN, 0},  // -1 is left out
                                  {child_signals_.get(), POLLIN, 0},
                                  {timer_.get(), POLLIN, 0}}};
    if (::poll(events.data(), events.size(), -1) < 0) continue;  // EINTR: after SIGSTOP
    // First, whatever the others say.
    drain<std::uint64_t>(timer_.get());
    look_at_clock();
    if (events[1].revents != 0) {
      drain<signalfd_siginfo>(child_signals_.get());
      wait_for_children();
    }
    if (events[0].revents != 0) obey_client();
  }
  // Not before: nobody may read standard error, and then a writer waits.
  if (by_limits_ && has_outlived_client_) say("zklock has ended, so its command was ended");
}

void Supervisor::obey_client() {
  const std::optional<Order> order = receive_order(client_.get());
  if (!order) {
    client_.reset();
    has_outlived_client_ = phase_ != Phase::idle;
    if (phase_ == Phase::running) enter(Phase::terminating);
    return;
  }
  switch (order->kind) {
    case Order::Kind::start:
      start(*order);
      break;
    case Order::Kind::signal:
      signal_all(order->signal);
      break;
    case Order::Kind::extend:
      limits_ = order->limits;
      next_ask_ = std::max(limits_.ask_due(), boot_now() + limits_.ask_before / 4);
      look_at_clock();
      break;
    case Order::Kind::kill:
      if (phase_ != Phase::idle) enter(Phase::killing);
      break;
  }
}

void Supervisor::start(const Order& order) {
  const std::optional<std::string> znode = receive_text(client_.get());
  if (!znode) return;  // the client has ended: the next look finds that
  limits_ = order.limits;
  next_ask_ = limits_.ask_due();
  wait_status_.reset();
  by_limits_ = false;
  has_reported_left_behind_ = false;
  terminated_.clear();
  // This process may have been stopped since zklock has asked for it.
  if (boot_now() >= limits_.term_due()) {
    by_limits_ = true;
    report(Report::Kind::not_started);
    return;
  }
  const StartedProgram started =
      start_program(program_.command,
                    {{"ZKLOCK_FENCING_TOKEN", std::to_string(order.fencing_token)},
                     {"ZKLOCK_PATH", program_.lock_path},
                     {"ZKLOCK_ZNODE", *znode}},
                    program_.signal_mask);
  command_ = started.process;
  if (command_ == 0) {
    report(Report::Kind::not_started, started.error);
    return;
  }
  phase_ = Phase::running;
  report(Report::Kind::started);
  look_at_clock();
}

void Supervisor::look_at_clock() {
  if (phase_ == Phase::idle) return;
  const BootTime now = boot_now();
  if (phase_ == Phase::running && now >= limits_.term_due()) {
    enter(Phase::terminating);
  }
  if (phase_ == Phase::terminating && now >= std::min(kill_at_, limits_.kill_due())) {
    enter(Phase::killing);
  }
  if (phase_ == Phase::running) {
    if (now >= next_ask_) {
      report(Report::Kind::ask);
      next_ask_ = now + limits_.ask_before / 4;  // the answer, if there is one, moves it on
    }
    set_timer(std::min(next_ask_, limits_.term_due()));
  } else if (phase_ == Phase::terminating) {
    set_timer(std::min(kill_at_, limits_.kill_due()));
  }
}

void Supervisor::enter(Phase phase) {
  if (phase_ == phase || phase_ == Phase::killing) return;
  phase_ = phase;
  by_limits_ = true;
  kill_at_ = boot_now() + limits_.term_before;
  if (phase == Phase::terminating) {
    is_group_terminated_ = signal_all(SIGTERM);
    signal_all(SIGCONT);  // one that is stopped cannot take it
    for (const ChildProcess& child : child_processes()) terminated_.insert(child.process);
  } else {
    signal_all(SIGKILL);
  }
  look_at_clock();
}

/// To the command's group, and to what has left it and become a child of ours. Returns whether the
/// group got it.
bool Supervisor::signal_all(int signal) {
  if (phase_ == Phase::idle) return false;
  bool is_group_in_use = !wait_status_;  // until somebody waits for it, its number is its own
  for (const ChildProcess& child : child_processes()) {
    if (child.group == command_) {
      is_group_in_use = true;
    } else {
      ::kill(child.process, signal);
    }
  }
  if (is_group_in_use) ::kill(-command_, signal);
  return is_group_in_use;
}

/// Those that were left behind by what has ended since the others got SIGTERM.
void Supervisor::terminate_new_ones() {
  for (const ChildProcess& child : child_processes()) {
    if (is_group_terminated_ && child.group == command_) continue;
    if (!terminated_.insert(child.process).second) continue;
    ::kill(child.process, SIGTERM);
    ::kill(child.process, SIGCONT);
  }
}

void Supervisor::wait_for_children() {
  for (;;) {
    int wait_status = 0;
    const pid_t child = ::waitpid(-1, &wait_status, WNOHANG | WUNTRACED);
    if (child == 0) break;
    if (child < 0) return finish();  // none is left
    if (child == command_) {
      note_change_of_command(wait_status);
    } else if (!WIFSTOPPED(wait_status)) {
      terminated_.erase(child);  // another one may get the number
    }
  }
  if (wait_status_ && !std::exchange(has_reported_left_behind_, true)) {
    report(Report::Kind::left_behind);
  }
  if (phase_ == Phase::terminating) terminate_new_ones();
  if (phase_ == Phase::killing) signal_all(SIGKILL);
}

void Supervisor::note_change_of_command(int wait_status) {
  if (WIFSTOPPED(wait_status)) {
    report(Report::Kind::stopped, WSTOPSIG(wait_status));
  } else {
    wait_status_ = wait_status;
  }
}

void Supervisor::finish() {
  if (phase_ == Phase::idle) return;
  phase_ = Phase::idle;
  report(Report::Kind::ended, wait_status_.value_or(0));
}

void Supervisor::report(Report::Kind kind, int number) const noexcept {
  if (client_.get() < 0) return;
  send(client_.get(),
       Report{.kind = kind, .number = number, .process = command_, .by_limits = by_limits_});
}

void Supervisor::set_timer(BootTime when) const noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::max(when, BootTime(1)));
  itimerspec times{};
  times.it_value.tv_sec = seconds.count();
  times.it_value.tv_nsec = (std::max(when, BootTime(1)) - seconds).count();
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &times, nullptr);
}

}  // namespace zklock::cli
