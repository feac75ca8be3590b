#include "cli/held_command.h"

#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>

#include "cli/command_status.h"
#include "cli/file_descriptor.h"
#include "cli/renewal.h"
#include "cli/signal_status.h"
#include "cli/standard_error.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;

/// For a supervisor to kill the command and to say so, when the lease is lost.
constexpr std::chrono::milliseconds kPatience = 300ms;

constexpr CommandEnd kEndedInTime{.end = {status::kLost}, .was_lost = true};
constexpr CommandEnd kTooLate{.end = {status::kNotYet}, .was_lost = true, .has_started = false};

RunEnd to_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) return RunEnd::by_signal(WTERMSIG(wait_status));
  return {.exit_status = WEXITSTATUS(wait_status)};
}

}  // namespace

HeldCommand::HeldCommand(const RunOptions& options, SupervisorProcess& supervisor,
                         RunSignals& signals)
    : options_(options), supervisor_(supervisor), signals_(signals) {}

CommandEnd HeldCommand::run(const Lease& lease) {
  const RunMargins margins(options_.kill_after, lease, options_.ttl);
  const Renewal renewal(lease, options_.ttl);  // first: it may find no thread
  try {
    return start_and_follow(lease, margins);
  } catch (...) {
    supervisor_.end_all();  // first of all: the lock is given back now
    signals_.end_forwarding();
    throw;
  }
}

CommandEnd HeldCommand::start_and_follow(const Lease& lease, const RunMargins& margins) {
  bool is_in_time = false;
  const bool is_first = signals_.start_forwarding([&] {
    // This process may have been stopped, or kept waiting, since the lock was granted.
    is_in_time = lease.remaining() > margins.kill_after();
    if (!is_in_time) return;
    supervisor_.start(margins.limits_of(lease), lease.fencing_token(), lease.znode());
  });
  if (!is_first) {
    return {.end = RunEnd::by_signal(signals_.first()), .has_started = false};
  }
  CommandEnd end = kTooLate;
  if (is_in_time) end = follow(lease, margins);
  signals_.end_forwarding();
  take_terminal_back();
  return end;
}

CommandEnd HeldCommand::follow(const Lease& lease, const RunMargins& margins) {
  const FileDescriptor loss(::eventfd(0, EFD_CLOEXEC), "eventfd");
  const std::stop_callback killer(lease.lost(), [&] {
    supervisor_.kill_command();
    ::eventfd_write(loss.get(), 1);
  });
  for (;;) {
    const std::optional<Report> report = next_report(lease, margins, loss.get());
    if (!report) {
      const bool was_lost = lease.remaining() <= margins.kill_before();
      supervisor_.end_all();
      // Not before: nobody may read standard error, and then a writer waits.
      say("the supervisor was killed or stopped, so the command was killed");
      return was_lost ? kEndedInTime : CommandEnd{.end = {exit_status_of_signal(SIGKILL)}};
    }
    switch (report->kind) {
      case Report::Kind::started:
        group_ = report->process;
        if (options_.verbose) say("started process " + std::to_string(group_));
        break;
      case Report::Kind::stopped:
        follow_stop(report->number);
        break;
      case Report::Kind::ask:
        supervisor_.extend(margins.limits_of(lease));
        break;
      case Report::Kind::left_behind:
        take_terminal_back();  // what is typed was for the command
        if (options_.verbose) say("the command has ended; waiting for what it has started");
        break;
      case Report::Kind::not_started:
      case Report::Kind::ended:
        return end_of(*report);
    }
  }
}

/// None: the supervisor has ended; or it has not ended the command though it was time to, so it
/// does not run.
std::optional<Report> HeldCommand::next_report(const Lease& lease, const RunMargins& margins,
                                               int loss) const {
  const auto time_left = [&] { return lease.remaining() - margins.kill_before() / 4; };
  while (lease.valid()) {
    const std::chrono::nanoseconds left = time_left();
    if (supervisor_.wait_for_report(left, loss)) return supervisor_.next_report();
    if (lease.valid() && time_left() <= 0ns) return std::nullopt;
  }
  // It was ordered to.
  return supervisor_.wait_for_report(kPatience, -1) ? supervisor_.next_report() : std::nullopt;
}

CommandEnd HeldCommand::end_of(const Report& report) const {
  if (report.kind == Report::Kind::ended) {
    return report.by_limits ? kEndedInTime : CommandEnd{.end = to_end(report.number)};
  }
  if (report.by_limits) return kTooLate;
  say("cannot run " + options_.command.front() + ": " +
      std::generic_category().message(report.number));
  return {.end = {report.number == ENOENT ? status::kNotFound : status::kCannotRun},
          .has_started = false};
}

/// Runs on the main thread, so a stop of zklock is followed by what is done after it.
void HeldCommand::follow_stop(int signal) {
  const bool had_terminal = terminal_.is_of(group_);
  const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
  if (wants_terminal && !had_terminal && !terminal_.is_ours()) {
    if (::getsid(::getppid()) != ::getsid(0)) {
      // No shell will continue this job. The kernel ends a stopped job in such a place, too.
      supervisor_.signal(SIGHUP);
      supervisor_.signal(SIGCONT);
      return;
    }
    ::kill(0, SIGTTIN);                // in the background: the whole job has to wait for the shell
    if (!terminal_.is_ours()) return;  // continued in the background: SIGCONT is forwarded
  }
  const auto go_on = [&] {
    if ((had_terminal || wants_terminal) && terminal_.is_ours()) {
      terminal_.give_to(group_);
      has_given_terminal_ = true;
    }
    supervisor_.signal(SIGCONT);
  };
  if (wants_terminal && signals_.unless_stopping(go_on)) return;
  if (signal == SIGSTOP && !had_terminal) return;  // somebody has stopped the command alone
  take_terminal_back();
  // Until the shell continues the job. Without a terminal, there is no job, only this process.
  ::kill(terminal_.exists() ? 0 : ::getpid(), SIGSTOP);
  go_on();
}

/// Also from a group that the command has given it to.
void HeldCommand::take_terminal_back() {
  if (std::exchange(has_given_terminal_, false)) terminal_.give_to(::getpgrp());
}

}  // namespace zklock::cli
