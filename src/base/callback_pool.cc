#include "base/callback_pool.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

namespace {

/// How long a task waits behind others before it gets a thread of its own.
constexpr std::chrono::milliseconds kPatience{20};
/// Without a thread to be had, the pause between attempts grows to this power of two.
constexpr int kMostDoublings = 6;

}  // namespace

CallbackPool::CallbackPool(std::string name, std::size_t most_threads, Executor& timers)
    : name_(std::move(name)), most_threads_(most_threads), timers_(timers) {}

CallbackPool::~CallbackPool() {
  std::deque<Task> dropped;  // destroyed without the mutex: they may own anything
  std::vector<std::unique_ptr<Thread>> threads;
  {
    const MutexLock lock(monitor_.mutex);
    accepting_ = false;
    stopping_ = true;
    dropped.swap(tasks_);
    threads.swap(threads_);
  }
  monitor_.changed->notify_all();
  for (const std::unique_ptr<Thread>& thread : threads) thread->join();
}

void CallbackPool::stop_at_exit(SteadyTime deadline) noexcept {
  std::deque<Task> dropped;                       // destroyed without the mutex
  std::vector<std::unique_ptr<Thread>> finished;  // all of them, or none
  {
    MutexLock lock(monitor_.mutex);
    // A callback may end the process: then this is its thread, which nobody can join.
    std::erase_if(threads_, [](std::unique_ptr<Thread>& thread) {
      if (!thread->is_current()) return false;
      static const Thread* const ends_the_process = thread.release();  // for leak checkers
      return ends_the_process != nullptr;
    });
    if (threads_.empty() && !tasks_.empty()) try_to_start_thread();
    const auto is_done = [this]() ZKLOCK_REQUIRES(monitor_.mutex) {
      return tasks_.empty() && idle_ == threads_.size();
    };
    while (!is_done() && Platform::current().steady_now() < deadline) {
      went_idle_->wait_until(lock, deadline);
    }
    accepting_ = false;
    // Else no thread ends, not even those that have nothing to do: nobody would join them, which
    // ThreadSanitizer calls a leak.
    stopping_ = is_done();
    if (stopping_) finished.swap(threads_);
    dropped.swap(tasks_);
  }
  monitor_.changed->notify_all();
  for (const std::unique_ptr<Thread>& thread : finished) thread->join();
}

void CallbackPool::post(Task task) {
  {
    const MutexLock lock(monitor_.mutex);
    if (!accepting_) return;
    tasks_.push_back(std::move(task));
    if (threads_.empty()) try_to_start_thread();
    if (lacks_threads()) schedule_look();
  }
  monitor_.changed->notify_all();
}

// An idle thread that was notified of an earlier task still counts as idle until it wakes up. So
// the number of waiting tasks decides.
bool CallbackPool::lacks_threads() const {
  return tasks_.size() > idle_ && threads_.size() < most_threads_;
}

void CallbackPool::try_to_start_thread() {
  try {
    threads_.push_back(Platform::current().start_thread(name_, [this] { work(); }));
    failed_starts_ = 0;
  } catch (
      const std::exception&) {  // the system has no thread left: the tasks wait for the next try
    ++failed_starts_;
  }
}

void CallbackPool::schedule_look() {
  if (std::exchange(looking_, true)) return;
  const auto pause = kPatience * (1 << std::min(failed_starts_, kMostDoublings));
  timers_.schedule(Platform::current().steady_now() + pause, [this] { look_whether_stuck(); });
}

void CallbackPool::look_whether_stuck() {
  const MutexLock lock(monitor_.mutex);
  looking_ = false;
  if (!accepting_ || !lacks_threads()) return;
  try_to_start_thread();
  schedule_look();
}

void CallbackPool::work() noexcept {
  MutexLock lock(monitor_.mutex);
  while (!stopping_) {
    if (tasks_.empty()) {
      ++idle_;
      went_idle_->notify_all();
      monitor_.changed->wait(lock);
      --idle_;
      continue;
    }
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    {
      const SignalMask::Scope signals(signals_);
      task();
      task = nullptr;  // destroy its captures without the mutex
    }
    lock.lock();
  }
}

}  // namespace zklock::internal
