#include "base/executor.h"

#include "base/mutex.h"

namespace zklock::internal {

Executor::Executor(const std::string& name)
    : thread_(Platform::current().start_thread(name, [this] { work(); })) {}

Executor::~Executor() { stop(); }

void Executor::stop() noexcept {
  std::map<Key, Task> dropped;  // destroyed without the mutex: they may own anything
  std::unique_ptr<Thread> thread;
  {
    const MutexLock lock(monitor_.mutex);
    stopping_ = true;
    dropped.swap(tasks_);
    times_.clear();
    thread = std::move(thread_);
  }
  monitor_.changed->notify_all();
  if (thread) thread->join();
}

Executor::Ticket Executor::schedule(SteadyTime time, Task task) {
  bool wake = false;
  Ticket ticket = 0;
  {
    const MutexLock lock(monitor_.mutex);
    if (stopping_) return 0;
    ticket = ++last_ticket_;
    tasks_.emplace(Key(time, ticket), std::move(task));
    times_.emplace(ticket, time);
    // Do not wake a thread that will look earlier anyway: most timers are cancelled before their
    // time.
    wake = time < wakes_at_;
    if (wake) wakes_at_ = time;
  }
  if (wake) monitor_.changed->notify_all();
  return ticket;
}

void Executor::cancel(Ticket ticket) noexcept {
  Task dropped;  // destroyed without the mutex: it may own anything
  const MutexLock lock(monitor_.mutex);
  const auto time = times_.find(ticket);
  if (time == times_.end()) return;
  const auto task = tasks_.find(Key(time->second, ticket));
  dropped = std::move(task->second);
  tasks_.erase(task);
  times_.erase(time);
}

void Executor::work() noexcept {
  MutexLock lock(monitor_.mutex);
  while (!stopping_) {
    if (tasks_.empty()) {
      wakes_at_ = SteadyTime::max();
      monitor_.changed->wait(lock);
      continue;
    }
    const auto next = tasks_.begin();
    const auto [time, ticket] = next->first;
    if (time > Platform::current().steady_now()) {
      wakes_at_ = time;
      monitor_.changed->wait_until(lock, time);
      continue;
    }
    Task task = std::move(next->second);
    times_.erase(ticket);
    tasks_.erase(next);
    wakes_at_ = SteadyTime::min();  // it looks again after this task
    lock.unlock();
    task();
    task = nullptr;  // destroy its captures without the mutex
    lock.lock();
  }
}

}  // namespace zklock::internal
