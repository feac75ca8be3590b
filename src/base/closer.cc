#include "base/closer.h"

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

namespace {

class Closer {
 public:
  Closer(const char* name, Ending lane) : name_(name), lane_(lane) {}
  ~Closer() { wait_at_exit(); }
  Closer(const Closer&) = delete;
  Closer& operator=(const Closer&) = delete;

  void add(std::function<void()> job) {
    {
      const MutexLock lock(mutex_);
      if (!exited_ && enqueue(job)) return;
    }
    if (lane_ == Ending::thread) {
      // The job may join this very thread, or wait for it: leave both to the end of the process.
      static auto& abandoned = *new std::deque<std::function<void()>>;
      const MutexLock lock(mutex_);
      abandoned.push_back(std::move(job));
      return;
    }
    job();
  }

  void wait_at_exit() {
    std::unique_ptr<Thread> thread;
    {
      const MutexLock lock(mutex_);
      exited_ = true;
      if (forks_ == fork_count()) thread = std::move(thread_);
    }
    if (thread) thread->join();
  }

 private:
  /// Moves the job away, so that the caller has no copy: destroying the last one may join the
  /// caller's thread. False: no thread can be started; the caller keeps the job.
  bool enqueue(std::function<void()>& job) ZKLOCK_REQUIRES(mutex_) {
    if (const int forks = fork_count(); forks != forks_) abandon_parents_jobs(forks);
    jobs_.push_back(std::move(job));
    if (working_) return true;
    try {
      std::unique_ptr<Thread> ended = std::move(thread_);
      if (ended) ended->join();  // it has left its loop: working_ is false
      thread_ = Platform::current().start_thread(name_, [this] { work(); });
      working_ = true;
      return true;
    } catch (...) {
      job = std::move(jobs_.back());
      jobs_.pop_back();
      return false;
    }
  }

  /// In a forked child: the thread and its jobs are the parent's.
  void abandon_parents_jobs(int forks) ZKLOCK_REQUIRES(mutex_) {
    forks_ = forks;
    working_ = false;
    // Not destroyed: the destructors would act on resources of the parent.
    static_cast<void>(thread_.release());
    static_cast<void>(new std::deque<std::function<void()>>(std::move(jobs_)));
    jobs_.clear();
  }

  void work() noexcept {
    MutexLock lock(mutex_);
    while (!jobs_.empty()) {
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;  // destroy its captures without the mutex
      lock.lock();
    }
    working_ = false;
  }

  const std::string name_;
  const Ending lane_;
  Mutex mutex_;
  std::deque<std::function<void()>> jobs_ ZKLOCK_GUARDED_BY(mutex_);
  std::unique_ptr<Thread> thread_ ZKLOCK_GUARDED_BY(mutex_);
  bool working_ ZKLOCK_GUARDED_BY(mutex_) = false;  // the thread will look at jobs_ again
  bool exited_ ZKLOCK_GUARDED_BY(mutex_) = false;
  int forks_ ZKLOCK_GUARDED_BY(mutex_) = fork_count();
};

struct Lanes {
  Closer sessions{"zklock-closer", Ending::session};
  Closer threads{"zklock-joiner", Ending::thread};
};

/// Never destroyed on a real machine: locks in static storage may be destroyed later.
Lanes& lanes() {
  static const int registered = std::atexit([] {
    auto& lanes = Platform::current().process_wide<Lanes>();
    lanes.sessions.wait_at_exit();
    lanes.threads.wait_at_exit();
  });
  static_cast<void>(registered);
  return Platform::current().process_wide<Lanes>();
}

}  // namespace

void close_later(Ending lane, std::function<void()> job) noexcept {
  (lane == Ending::session ? lanes().sessions : lanes().threads).add(std::move(job));
}

}  // namespace zklock::internal
