#include "base/callback_pool.h"

#include <chrono>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

namespace {

/// How long a task waits behind others before it gets a thread of its own.
constexpr std::chrono::milliseconds kPatience{20};

}  // namespace

CallbackPool::CallbackPool(std::string name, std::size_t most_threads, Executor& timers)
    : name_(std::move(name)), most_threads_(most_threads), timers_(timers) {}

CallbackPool::~CallbackPool() { stop(); }

void CallbackPool::stop() noexcept {
  std::deque<Task> dropped;  // destroyed without the mutex: they may own anything
  std::vector<std::unique_ptr<Thread>> threads;
  {
    const MutexLock lock(monitor_.mutex);
    stopping_ = true;
    dropped.swap(tasks_);
    threads.swap(threads_);
  }
  monitor_.changed->notify_all();
  for (const std::unique_ptr<Thread>& thread : threads) {
    if (thread->is_current()) {
      // A callback ends the process: leak its thread, which ends with the process.
      static_cast<void>(new std::vector<std::unique_ptr<Thread>>(std::move(threads)));
      return;
    }
  }
  for (const std::unique_ptr<Thread>& thread : threads) thread->join();
}

void CallbackPool::post(Task task) {
  {
    const MutexLock lock(monitor_.mutex);
    if (stopping_) return;
    tasks_.push_back(std::move(task));
    if (threads_.empty()) {
      start_thread();
    } else if (idle_ == 0 && threads_.size() < most_threads_ && !std::exchange(looking_, true)) {
      timers_.schedule(Platform::current().steady_now() + kPatience,
                       [this] { look_whether_stuck(); });
    }
  }
  monitor_.changed->notify_all();
}

void CallbackPool::start_thread() {
  threads_.push_back(Platform::current().start_thread(name_, [this] { work(); }));
}

void CallbackPool::look_whether_stuck() {
  const MutexLock lock(monitor_.mutex);
  looking_ = false;
  if (stopping_ || tasks_.empty() || idle_ > 0 || threads_.size() >= most_threads_) return;
  start_thread();
  looking_ = true;
  timers_.schedule(Platform::current().steady_now() + kPatience, [this] { look_whether_stuck(); });
}

void CallbackPool::work() noexcept {
  MutexLock lock(monitor_.mutex);
  while (!stopping_) {
    if (tasks_.empty()) {
      ++idle_;
      monitor_.changed->wait(lock);
      --idle_;
      continue;
    }
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // destroy its captures without the mutex
    lock.lock();
  }
}

}  // namespace zklock::internal
