#include "reaper.h"

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "platform.h"

namespace zklock::internal {

namespace {

class Reaper {
 public:
  /// Never destroyed: locks in static storage may be destroyed after it would have been.
  static Reaper& instance() {
    static Reaper& reaper = *new Reaper;  // NOLINT(cppcoreguidelines-owning-memory)
    return reaper;
  }

  void add(std::function<void()> job) {
    {
      const std::scoped_lock lock(mutex_);
      if (!exited_ && enqueue(job)) return;
    }
    job();
  }

 private:
  Reaper() {
    std::atexit([] { instance().wait_at_exit(); });
  }

  /// REQUIRES: mutex_ is held. False: nobody will run it.
  bool enqueue(std::function<void()>& job) {
    const std::int64_t pid = Platform::current().pid();
    if (pid != pid_) abandon_parents_jobs(pid);
    jobs_.push_back(job);
    if (working_) return true;
    try {
      std::unique_ptr<Thread> ended = std::move(thread_);
      if (ended) ended->join();  // it has left its loop: working_ is false
      thread_ = Platform::current().start_thread("zklock-closer", [this] { work(); });
      working_ = true;
      return true;
    } catch (...) {
      jobs_.pop_back();
      return false;
    }
  }

  /// In a forked child: the thread and what it was to close are the parent's.
  void abandon_parents_jobs(std::int64_t pid) {
    pid_ = pid;
    thread_.reset();
    working_ = false;
    // Not destroyed: destructors of what the jobs own would act on the parent's sessions.
    static auto& abandoned = *new std::deque<std::function<void()>>;
    abandoned = std::exchange(jobs_, {});
  }

  void work() noexcept {
    std::unique_lock lock(mutex_);
    while (!jobs_.empty()) {
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;  // what it owned is destroyed without the mutex
      lock.lock();
    }
    working_ = false;
  }

  void wait_at_exit() {
    std::unique_ptr<Thread> thread;
    {
      const std::scoped_lock lock(mutex_);
      exited_ = true;
      if (pid_ == Platform::current().pid()) thread = std::move(thread_);
    }
    if (thread) thread->join();
  }

  std::mutex mutex_;
  std::deque<std::function<void()>> jobs_;      // guarded by mutex_
  std::unique_ptr<Thread> thread_;              // guarded by mutex_
  bool working_ = false;                        // guarded by mutex_: the thread looks at jobs_ again
  bool exited_ = false;                         // guarded by mutex_
  std::int64_t pid_ = Platform::current().pid();  // guarded by mutex_
};

}  // namespace

void end_later(std::function<void()> job) noexcept { Reaper::instance().add(std::move(job)); }

}  // namespace zklock::internal
