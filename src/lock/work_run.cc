#include "lock/work_run.h"

#include <system_error>
#include <utility>

#include "base/context_wait.h"
#include "base/with_lock_errors.h"
#include "lock/lease_state.h"

namespace zklock::internal {

namespace {

/// The time for giving a lock back; what is left then goes on in the background.
constexpr std::chrono::seconds kPatienceWithUnlock{1};

void expect(bool condition, const char* problem) {
  if (!condition) throw LockError(Errc::invalid_config, problem);
}

/// Their nanoseconds can be counted, also from now on.
constexpr std::chrono::milliseconds kLongestTime = std::chrono::hours(24 * 365 * 100);

void expect_time(const char* name, std::chrono::milliseconds time) {
  if (time.count() >= 0 && time <= kLongestTime) return;
  throw LockError(Errc::invalid_config,
                  std::string(name).append(" must not be negative, nor above 100 years"));
}

const LockedWorkerOptions& checked(const LockedWorkerOptions& options) {
  expect_time("margin", options.margin);
  expect_time("min_hold", options.min_hold);
  expect_time("first_pause", options.first_pause);
  expect_time("longest_pause", options.longest_pause);
  expect_time("overdue_after", options.overdue_after);
  expect(options.when_overdue != WhenOverdue::fail_stop || options.margin.count() > 1,
         "margin must be 2 ms or more with WhenOverdue::fail_stop: it is the time to end in");
  expect(options.when_suspended == WhenSuspended::stop || options.margin.count() == 0,
         "margin must be 0 with WhenSuspended::go_on: such a run is stopped by a loss only");
  expect(!options.lock_context.deadline(), "lock_context must not have a deadline");
  return options;
}

const LockedWork& checked(const LockedWork& work) {
  expect(static_cast<bool>(work), "the work is empty");
  return work;
}

}  // namespace

WorkerSetup::WorkerSetup(Lock& its_lock, const LockedWorkerOptions& its_options,
                         const LockedWork& its_work)
    : lock(its_lock),
      options(checked(its_options)),
      work(checked(its_work)),
      background(with_lock_errors([] { return Background::shared(); })),
      log(options.logger) {}

void WorkerSetup::say(LogLevel level, const std::string& what) const noexcept {
  log.write(level, name().append(what));
}

WorkRun::WorkRun(std::shared_ptr<const WorkerSetup> setup, Lease lease, Context asked)
    : setup_(std::move(setup)), lease_(std::move(lease)), asked_(std::move(asked)) {}

std::shared_ptr<WorkRun> WorkRun::make(const std::shared_ptr<const WorkerSetup>& setup,
                                       const Lease& lease, const Context& asked) {
  return std::make_shared<WorkRun>(setup, lease, asked);
}

void WorkRun::begin() {
  const LockedWorkerOptions& options = setup_->options;
  const std::stop_token ending = options.when_suspended == WhenSuspended::go_on
                                     ? lease_.lost()
                                     : lease_.ending(options.margin);
  if (options.when_overdue == WhenOverdue::fail_stop && !ending.stop_requested()) {
    fail_stop_.emplace(lease_, options.margin / 2);
  }
  reasons_.emplace_back(ending, Tell{*this});
  for (const std::stop_token& token : asked_.stop_tokens()) {
    reasons_.emplace_back(token, Tell{*this});
  }
}

AfterRun WorkRun::run() {
  AfterRun after = AfterRun::again;
  try {
    const SignalMask::Scope signals(setup_->signals);
    after = setup_->work(lease_, stop_.get_token());
  } catch (...) {
    end();
    keep_lock();
    throw;
  }
  end();
  keep_lock();
  return after;
}

/// The work has returned, or is not begun.
void WorkRun::end() noexcept {
  fail_stop_.reset();
  MutexLock lock(monitor_.mutex);
  is_over_ = true;
  setup_->background->timers.cancel(timer_);
  while (is_reporting_) monitor_.changed->wait(lock);
  is_overdue_ = false;
}

void WorkRun::keep_lock() {
  if (setup_->options.min_hold.count() == 0) return;
  const Context context = asked_.with_stop_token(lease_.lost());
  ContextWait wait(monitor_, context);
  MutexLock lock(monitor_.mutex);
  wait.wait_until(lock, granted_ + setup_->options.min_hold, [] { return false; });
}

bool WorkRun::is_live() const noexcept {
  const auto& state = LeaseAccess::state(lease_);
  const bool goes_on = setup_->options.when_suspended == WhenSuspended::go_on;
  return goes_on && state ? state->stands() : lease_.valid();
}

void WorkRun::give_back() noexcept {
  reasons_.clear();
  end();  // the work may not have begun
  std::error_code logged_by_the_lock;
  setup_->lock.unlock(lease_, Context().with_timeout(kPatienceWithUnlock), logged_by_the_lock);
}

void WorkRun::tell() noexcept {
  watch_return();  // first: stop callbacks of the work may block
  stop_.request_stop();
}

void WorkRun::watch_return() noexcept {
  if (setup_->options.overdue_after.count() == 0) return;
  const SteadyTime due =
      saturated_sum(Platform::current().steady_now(), setup_->options.overdue_after);
  const MutexLock lock(monitor_.mutex);
  if (is_over_ || timer_ != 0) return;
  timer_ = setup_->background->timers.schedule(due, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self) self->find_overdue();
  });
}

void WorkRun::find_overdue() noexcept {
  {
    const MutexLock lock(monitor_.mutex);
    if (is_over_) return;
    is_overdue_ = true;
  }
  setup_->background->losses.post([self = shared_from_this()] { self->report_overdue(); });
}

void WorkRun::report_overdue() noexcept {
  {
    const MutexLock lock(monitor_.mutex);
    if (is_over_) return;
    is_reporting_ = true;
  }
  std::string text = ": the work under ";
  text.append(lease_.znode()).append(" has not returned ");
  text.append(std::to_string(setup_->options.overdue_after.count()));
  text.append(" ms after the request to stop");
  setup_->say(LogLevel::error, with_trace(std::move(text), lease_.trace()));
  if (const auto& state = LeaseAccess::state(lease_)) state->report_overdue();
  try {
    if (setup_->options.on_overdue) setup_->options.on_overdue(lease_);
  } catch (...) {
    setup_->say(LogLevel::error, ": on_overdue threw");
  }
  {
    const MutexLock lock(monitor_.mutex);
    is_reporting_ = false;
  }
  monitor_.changed->notify_all();
}

}  // namespace zklock::internal
