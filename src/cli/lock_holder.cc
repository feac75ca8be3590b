#include "cli/lock_holder.h"

#include <zklock/once.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "cli/command_status.h"
#include "cli/error_detail.h"
#include "cli/pause.h"
#include "cli/standard_error.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;

/// Before the lock is queued for again. So a command that fails at once does not keep the servers
/// busy.
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{30};

/// What nobody waits for any more, but a user has to know.
class Complaints : public LockObserver {
 public:
  void on_unlock_failed(const Lease& lease, const LockError& error) override {
    if (error.code() == Errc::lock_lost) return;  // then it is free
    say("could not give back " + lease.znode() +
        ": no server confirms it. It ends with the session at the latest");
  }
};

/// Why the command had to end.
std::string reason_of(const Lease& lease) {
  const std::error_code reason = lease.loss_reason();
  return reason ? reason.message() : "no server has confirmed it for too long";
}

ZooKeeperLockConfig config_for(const RunOptions& options, const CommandSession& session) {
  return {.path = options.path,
          .ttl = options.ttl,
          .owner_key = "owner",
          .observer = std::make_shared<Complaints>(),
          .client = {.logger = session.logger},
          .further_claim_markers = session.claim_markers};
}

}  // namespace

LockHolder::LockHolder(const RunOptions& options, const CommandSession& session,
                       SupervisorProcess& supervisor, RunSignals& signals)
    : options_(options),
      session_(session),
      supervisor_(supervisor),
      signals_(signals),
      command_(options, supervisor, signals),
      lock_(config_for(options, session), session.client) {}

RunEnd LockHolder::run(const Context& context) {
  for (auto time = kFirstPause;; time = std::min(2 * time, kLongestPause)) {
    const auto begin = std::chrono::steady_clock::now();
    const RunEnd end = hold_once(context);
    if (options_.requeue && is_stopped_since_the_end()) return RunEnd::by_signal(signals_.first());
    if (!may_go_on(end.exit_status)) return end;
    const bool was_long = std::chrono::steady_clock::now() - begin > kLongestPause;
    if (end.exit_status == status::kDone || was_long) time = kFirstPause;
    if (!pause(time, signals_.stop_token())) return RunEnd::by_signal(signals_.first());
  }
}

/// While the lock was given back: the signal was not for the command, which had ended.
bool LockHolder::is_stopped_since_the_end() const {
  return end_ && signal_of_command_ == 0 && signals_.first() != 0;
}

bool LockHolder::may_go_on(int status) const {
  if (!options_.requeue || supervisor_.has_ended() || signals_.first() != 0) return false;
  if (end_ && end_->has_started) return true;  // the status is the command's, and may be any
  return status != status::kWrongUsage && status != status::kNoPermission &&
         status != status::kCannotRun && status != status::kNotFound;
}

RunEnd LockHolder::hold_once(const Context& asked) {
  no_hold_ = std::stop_source();
  Context context = asked.with_value("owner", options_.owner)
                        .with_stop_token(signals_.stop_token())
                        .with_stop_token(no_hold_.get_token());
  if (options_.no_wait) context = context.without_waiting();
  end_.reset();
  try {
    if (!options_.quiet && !options_.no_wait) report_.emplace(options_.path, session_);
    run_once(lock_, {.min_hold = options_.min_hold}, work(), context);
  } catch (const LockError& error) {
    report_.reset();
    return explain(error);
  }
  report_.reset();
  if (end_) return end_->end;
  say_what_happens("\"" + options_.once_key + "\" was done before");
  return {};
}

LockedWork LockHolder::work() {
  if (!options_.once_key.empty()) {
    return once(options_.once_key, [this](const Lease& lease, const std::stop_token& stop) {
      const bool is_done = run_command(lease);
      if (!is_done || !stop.stop_requested()) return is_done;
      say("interrupted, so \"" + options_.once_key + "\" does not count as done");
      return false;
    });
  }
  return [this](const Lease& lease, const std::stop_token&) {
    static_cast<void>(run_command(lease));
    return AfterRun::stop;
  };
}

/// Returns whether it went well.
bool LockHolder::run_command(const Lease& lease) {
  report_.reset();
  if (options_.verbose) {
    say("holds " + lease.znode() + ", fencing token " + std::to_string(lease.fencing_token()));
  }
  last_failure_ = status::kDone;
  try {
    end_ = command_.run(lease);
    signal_of_command_ = signals_.first();
  } catch (...) {
    no_hold_.request_stop();
    throw;
  }
  if (!end_->has_started) no_hold_.request_stop();
  if (end_->was_lost) {
    say(options_.path + ": " + reason_of(lease) +
        (end_->has_started ? ", so the command was ended" : ", so nothing was started"));
  }
  return end_->end.exit_status == 0;
}

RunEnd LockHolder::explain(const LockError& error) {
  if (end_) {  // the command has run, but that could not be stored
    say("the command has ended, but it is not known as done: " + std::string(error.what()));
    return end_->end.exit_status == 0 ? RunEnd{status::kLost} : end_->end;
  }
  if (error.code() == Errc::locking_canceled) return RunEnd::by_signal(signals_.first());
  if (error.code() == Errc::locking_timed_out) {
    say_what_happens("not acquired: " + obstacle(error));
    return {options_.conflict_exit_code};
  }
  if (error.code() == Errc::lock_lost) {
    say("lost the lock before anything was started");
    return {status::kNotYet};
  }
  const int status = exit_status_of(error);
  if (std::exchange(last_failure_, status) != status) say(text_of(error));  // not the same again
  return {status};
}

/// Who holds the lock, if that can be seen now.
std::string LockHolder::obstacle(const LockError& error) const {
  std::string detail(error_detail(error));
  if (options_.quiet) return detail;
  try {
    const LockEntries queue = lock_.entries(session_.soon());
    if (!queue.empty()) detail = describe_wait(options_.path, queue);
  } catch (const LockError&) {  // NOLINT(bugprone-empty-catch): then it stays as it is
  }
  return detail;
}

void LockHolder::say_what_happens(const std::string& text) const {
  if (!options_.quiet) say(text);
}

}  // namespace zklock::cli
