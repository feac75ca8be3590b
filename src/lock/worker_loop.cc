#include "lock/worker_loop.h"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include "base/closer.h"
#include "base/context_wait.h"
#include "base/with_lock_errors.h"

namespace zklock::internal {

namespace {

/// What was thrown. Called while it is handled.
std::string text_of_exception() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace

WorkerLoop::WorkerLoop(std::shared_ptr<const WorkerSetup> setup)
    : setup_(std::move(setup)),
      after_failed_locks_(setup_->options),
      after_runs_(setup_->options) {}

void WorkerLoop::start() {
  with_lock_errors([this] {
    thread_ = Platform::current().start_thread("zklock-worker",
                                               [self = shared_from_this()] { self->loop(); });
  });
}

void WorkerLoop::request_stop() noexcept {
  MutexLock lock(monitor_.mutex);
  is_stopping_ = true;
  std::stop_source round(round_);
  lock.unlock();
  monitor_.changed->notify_all();
  round.request_stop();
}

void WorkerLoop::step_down(std::chrono::nanoseconds pause) {
  MutexLock lock(monitor_.mutex);
  not_before_ = std::max(not_before_, saturated_sum(Platform::current().steady_now(), pause));
  std::stop_source round(round_);
  lock.unlock();
  round.request_stop();
}

void WorkerLoop::await_end(const Context& context) {
  if (is_own_thread()) {
    throw LockError(Errc::work_still_running,
                    "the work waits for itself: let it return AfterRun::stop");
  }
  ContextWait wait(monitor_, context);
  MutexLock lock(monitor_.mutex);
  const WaitEnd end =
      wait.wait(lock, [this]() ZKLOCK_REQUIRES(monitor_.mutex) { return has_ended_; });
  if (end != WaitEnd::ready) {
    throw LockError(Errc::work_still_running, setup_->name(), error_of(end));
  }
  if (failure_) std::rethrow_exception(failure_);
}

void WorkerLoop::end() noexcept {
  if (!is_own_thread()) return thread_->join();
  close_later(Ending::thread, [self = shared_from_this()] { self->thread_->join(); });
}

bool WorkerLoop::is_leading() const noexcept {
  const auto run = current_run();
  return run && run->lease().valid();
}

bool WorkerLoop::is_healthy() const noexcept {
  if (const auto run = current_run(); run && (!run->is_live() || run->is_overdue())) return false;
  const MutexLock lock(monitor_.mutex);
  return !failure_;
}

std::shared_ptr<WorkRun> WorkerLoop::current_run() const noexcept {
  const MutexLock lock(monitor_.mutex);
  return run_;
}

void WorkerLoop::set_current_run(std::shared_ptr<WorkRun> run) noexcept {
  const MutexLock lock(monitor_.mutex);
  run_.swap(run);  // the old one is destroyed without the mutex
}

void WorkerLoop::loop() noexcept {
  thread_number_ = this_thread_number();
  for (Context asked; begin_round(asked);) {
    if (round(asked) == AfterRun::stop) break;
  }
  {
    const MutexLock lock(monitor_.mutex);
    has_ended_ = true;
  }
  monitor_.changed->notify_all();
}

/// Returns false if the worker is to stop.
bool WorkerLoop::begin_round(Context& asked) {
  MutexLock lock(monitor_.mutex);
  while (!is_stopping_ && Platform::current().steady_now() < not_before_) {
    monitor_.changed->wait_until(lock, not_before_);
  }
  if (is_stopping_) return false;
  round_ = std::stop_source();
  asked = Context().with_stop_token(round_.get_token());
  return true;
}

AfterRun WorkerLoop::round(const Context& asked) {
  const Lease lease = lock(asked);
  if (!lease) return AfterRun::pause;
  const auto current = WorkRun::make(setup_, lease, asked);
  set_current_run(current);
  const AfterRun after = run(*current, asked);
  set_current_run(nullptr);  // first: its lease is not valid any more while it is given back
  current->give_back();
  return after;
}

/// Returns an empty lease if it fails.
Lease WorkerLoop::lock(const Context& asked) {
  try {
    return setup_->lock.lock(
        setup_->options.lock_context.with_stop_token(asked.stop_tokens().front()));
  } catch (...) {
    if (!asked.canceled()) pause(after_failed_locks_, text_of_exception());
    return {};
  }
}

AfterRun WorkerLoop::run(WorkRun& current, const Context& asked) {
  try {
    current.begin();
  } catch (const LockError& error) {
    if (error.code() == Errc::invalid_config) return fail();
    pause(after_failed_locks_, error.what());
    return AfterRun::pause;
  }
  if (asked.canceled()) return AfterRun::again;
  if (current.is_told()) {
    pause(after_failed_locks_, "the lease is at its end before the work has begun");
    return AfterRun::pause;
  }
  after_failed_locks_.reset();
  try {
    const AfterRun after = current.run();
    if (after == AfterRun::again) after_runs_.reset();
    if (after == AfterRun::pause) pause(after_runs_, {});
    return after;
  } catch (...) {
    pause(after_runs_, "the work threw: " + text_of_exception());
    return AfterRun::pause;
  }
}

/// For good, with the exception that is handled.
AfterRun WorkerLoop::fail() noexcept {
  setup_->say(LogLevel::error, " has failed: " + text_of_exception());
  const MutexLock lock(monitor_.mutex);
  failure_ = std::current_exception();
  return AfterRun::stop;
}

/// `why`: "" if the work has asked for it.
void WorkerLoop::pause(GrowingPause& after, const std::string& why) noexcept {
  const std::chrono::milliseconds time = after.next();
  if (!why.empty()) {
    std::string text = " queues again in ";
    setup_->say(LogLevel::warning,
                text.append(std::to_string(time.count())).append(" ms: ").append(why));
  }
  const MutexLock lock(monitor_.mutex);
  not_before_ = std::max(not_before_, saturated_sum(Platform::current().steady_now(), time));
}

}  // namespace zklock::internal
