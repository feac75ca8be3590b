#include "cli/held_command.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <stop_token>
#include <string>
#include <system_error>

#include "cli/command_status.h"
#include "cli/exit_status.h"
#include "cli/renewal.h"
#include "cli/standard_error.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;

/// For a supervisor to say that it has killed the command, when the lease has ended.
constexpr std::chrono::milliseconds kPatience = 300ms;

int exit_status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? exit_status_of_signal(WTERMSIG(wait_status))
                                  : WEXITSTATUS(wait_status);
}

}  // namespace

HeldCommand::HeldCommand(const RunOptions& options, SupervisorProcess& supervisor,
                         RunSignals& signals)
    : options_(options), supervisor_(supervisor), signals_(signals) {}

CommandEnd HeldCommand::run(const Lease& lease) {
  const RunMargins margins(options_.kill_after, lease, options_.ttl);
  const bool is_started = signals_.start_forwarding(
      [&] { supervisor_.start(margins.limits_of(lease), lease.fencing_token(), lease.znode()); });
  if (!is_started) return {.exit_status = exit_status_of_signal(signals_.first())};
  const Renewal renewal(lease, options_.ttl);
  const CommandEnd end = follow(lease, margins);
  signals_.end_forwarding();
  if (terminal_.is_of(end.group)) terminal_.give_to(::getpgrp());
  return end;
}

CommandEnd HeldCommand::follow(const Lease& lease, const RunMargins& margins) {
  const std::stop_callback killer(lease.lost(), [this] { supervisor_.kill_command(); });
  for (;;) {
    if (!supervisor_.wait_for_report(lease.remaining() + kPatience)) {
      if (lease.remaining() > 0ns) continue;  // it has been moved on
      say("the supervisor does not answer (was it stopped?), so it is killed");
      return do_without_supervisor(true);
    }
    const std::optional<Report> report = supervisor_.next_report();
    if (!report) {
      say("the supervisor was killed, so the command is killed");
      return do_without_supervisor(!lease.valid());
    }
    switch (report->kind) {
      case Report::Kind::started:
        if (options_.verbose) say("started process " + std::to_string(report->process));
        break;
      case Report::Kind::stopped:
        follow_stop(report->number, report->process);
        break;
      case Report::Kind::ask:
        supervisor_.extend(margins.limits_of(lease));
        break;
      case Report::Kind::left_behind:
        if (options_.verbose) say("the command has ended; waiting for what it has started");
        break;
      case Report::Kind::not_started:
      case Report::Kind::ended:
        return end_of(*report);
    }
  }
}

CommandEnd HeldCommand::end_of(const Report& report) const {
  if (report.kind == Report::Kind::not_started) {
    say("cannot run " + options_.command.front() + ": " +
        std::generic_category().message(report.number));
    return {.exit_status = report.number == ENOENT ? status::kNotFound : status::kCannotRun};
  }
  return {.exit_status = report.by_limits ? status::kLost : exit_status_of(report.number),
          .was_lost = report.by_limits,
          .group = report.process};
}

CommandEnd HeldCommand::do_without_supervisor(bool was_lost) {
  supervisor_.end_all();
  return {.exit_status = was_lost ? status::kLost : exit_status_of_signal(SIGKILL),
          .was_lost = was_lost};
}

/// Runs on the main thread, so a stop of zklock is followed by what is done after it.
void HeldCommand::follow_stop(int signal, pid_t group) {
  const bool had_terminal = terminal_.is_of(group);
  const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
  if (wants_terminal && !had_terminal) {
    // In the background: the whole job has to wait, until the shell continues it.
    if (!terminal_.is_ours()) ::kill(0, signal);
    if (!terminal_.is_ours()) return;  // continued in the background: SIGCONT is forwarded
  }
  const auto go_on = [&] {
    if ((had_terminal || wants_terminal) && terminal_.is_ours()) terminal_.give_to(group);
    supervisor_.signal(SIGCONT);
  };
  if (wants_terminal && signals_.unless_stopping(go_on)) return;
  if (signal == SIGSTOP && !had_terminal) return;  // somebody has stopped the command alone
  if (terminal_.is_of(group)) terminal_.give_to(::getpgrp());
  // Until the shell continues the job. Without a terminal, there is no job, only this process.
  ::kill(terminal_.exists() ? 0 : ::getpid(), SIGSTOP);
  go_on();
}

}  // namespace zklock::cli
