#include <zklock/locked_worker.h>

#include <memory>
#include <utility>

#include "lock/work_run.h"
#include "lock/worker_loop.h"

namespace zklock {

namespace internal {

namespace {

AfterRun run_under(WorkRun& run) {
  run.begin();
  if (!run.is_told()) return run.run();
  // A lease so near to its end is as good as lost.
  throw LockError(run.is_canceled() ? Errc::locking_canceled : Errc::lock_lost,
                  "before the work was begun");
}

}  // namespace

AfterRun run_locked_work_once(Lock& lock, const LockedWorkerOptions& options,
                              const LockedWork& work, const Context& context) {
  const auto setup = std::make_shared<const WorkerSetup>(lock, options, work);
  Context asked;
  for (const std::stop_token& token : context.stop_tokens()) asked = asked.with_stop_token(token);
  const auto run = WorkRun::make(setup, lock.lock(context), asked);
  AfterRun after = AfterRun::again;
  try {
    after = run_under(*run);
  } catch (...) {
    run->give_back();
    throw;
  }
  run->give_back();
  return after;
}

}  // namespace internal

LockedWorker::LockedWorker(Begin, Lock& lock, const LockedWorkerOptions& options,
                           const LockedWork& work)
    : loop_(std::make_shared<internal::WorkerLoop>(
          std::make_shared<const internal::WorkerSetup>(lock, options, work))) {
  loop_->start();
}

LockedWorker::~LockedWorker() {
  if (loop_->is_forked()) {  // its thread may have held the mutex: it stays as it is
    static_cast<void>(new std::shared_ptr<internal::WorkerLoop>(std::move(loop_)));
    return;
  }
  loop_->request_stop();
  loop_->end();
}

void LockedWorker::stop(const Context& context) {
  if (loop_->is_forked()) return;
  loop_->request_stop();
  loop_->await_end(context);
}

void LockedWorker::step_down(std::chrono::nanoseconds pause) {
  if (!loop_->is_forked()) loop_->step_down(pause);
}

void LockedWorker::wait(const Context& context) {
  if (!loop_->is_forked()) loop_->await_end(context);
}

bool LockedWorker::is_leading() const noexcept {
  return !loop_->is_forked() && loop_->is_leading();
}

bool LockedWorker::is_healthy() const noexcept { return loop_->is_forked() || loop_->is_healthy(); }

}  // namespace zklock
