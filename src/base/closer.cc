#include "base/closer.h"

#include <algorithm>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/background.h"
#include "base/context_wait.h"
#include "base/farewell.h"
#include "base/mutex.h"

namespace zklock::internal {

namespace {

/// Of the process: `over` when it has waited for the lane.
enum class Exit { not_begun, begun, over };

class Lane {
 public:
  Lane(std::string name, std::size_t most_threads)
      : name_(std::move(name)), most_threads_(most_threads) {}
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void add(std::function<void()> job);
  /// Until `stop_keeping`, the lane has a thread. Throws std::system_error.
  void keep();
  void stop_keeping() noexcept;
  /// The process exits, on this thread: ends the thread that is kept, and waits for the jobs. No
  /// thread ends after that, as nobody may be left to join it. (A thread that has ended without
  /// being joined is what ThreadSanitizer calls a leak.)
  void exit(const Context& context);
  [[nodiscard]] bool exit_has_begun();
  /// A thread may be about to add a job: until it is released, not all jobs are done.
  void hold();
  void release() noexcept;
  /// Waits until all jobs are done, and joins the threads that have ended. `then` is the state from
  /// that moment on.
  void wait(const Context& context, std::optional<Exit> then = std::nullopt);

 private:
  void start_thread() ZKLOCK_REQUIRES(monitor_.mutex);
  void work() noexcept;
  void end_this_thread() ZKLOCK_REQUIRES(monitor_.mutex);
  /// How many threads stay when they have nothing to do.
  [[nodiscard]] std::size_t kept_threads() const ZKLOCK_REQUIRES(monitor_.mutex) {
    switch (exit_) {
      case Exit::not_begun:
        return keepers_ > 0 ? 1 : 0;
      case Exit::begun:
        return 0;
      case Exit::over:
        break;
    }
    return most_threads_;
  }
  [[nodiscard]] bool is_done() const ZKLOCK_REQUIRES(monitor_.mutex) {
    return holds_ == 0 && jobs_.empty() && threads_.size() == (kept_threads() > 0 ? idle_ : 0);
  }

  const std::string name_;
  const std::size_t most_threads_;
  Monitor monitor_;
  std::deque<std::function<void()>> jobs_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::vector<std::unique_ptr<Thread>> threads_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::vector<std::unique_ptr<Thread>> ended_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // to be joined
  std::size_t idle_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // threads that wait for a job
  int keepers_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;
  int holds_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;
  Exit exit_ ZKLOCK_GUARDED_BY(monitor_.mutex) = Exit::not_begun;
};

/// Of a simulated process: that of a real one is never destroyed.
Lane::~Lane() {
  {
    const MutexLock lock(monitor_.mutex);
    keepers_ = 0;
    exit_ = Exit::begun;
  }
  monitor_.changed->notify_all();
  wait(Context());
  std::vector<std::unique_ptr<Thread>> threads;
  {
    const MutexLock lock(monitor_.mutex);
    threads.swap(threads_);
    for (auto& ended : ended_) threads.push_back(std::move(ended));
  }
  for (const std::unique_ptr<Thread>& thread : threads) thread->join();
}

// Moves the job away, so that the caller has no copy: destroying the last one may join the caller's
// thread.
void Lane::add(std::function<void()> job) {
  {
    const MutexLock lock(monitor_.mutex);
    jobs_.push_back(std::move(job));
    try {
      if (jobs_.size() > idle_ && threads_.size() < most_threads_) start_thread();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the job waits for a thread
    }
  }
  monitor_.changed->notify_all();
}

void Lane::keep() {
  const MutexLock lock(monitor_.mutex);
  if (threads_.empty() && exit_ == Exit::not_begun) start_thread();
  ++keepers_;
}

void Lane::stop_keeping() noexcept {
  {
    const MutexLock lock(monitor_.mutex);
    --keepers_;
  }
  monitor_.changed->notify_all();
}

bool Lane::exit_has_begun() {
  const MutexLock lock(monitor_.mutex);
  return exit_ != Exit::not_begun;
}

void Lane::hold() {
  const MutexLock lock(monitor_.mutex);
  ++holds_;
}

void Lane::release() noexcept {
  {
    const MutexLock lock(monitor_.mutex);
    --holds_;
  }
  monitor_.changed->notify_all();
}

void Lane::exit(const Context& context) {
  {
    const MutexLock lock(monitor_.mutex);
    exit_ = Exit::begun;
  }
  monitor_.changed->notify_all();
  wait(context, Exit::over);
}

void Lane::wait(const Context& context, std::optional<Exit> then) {
  std::vector<std::unique_ptr<Thread>> ended;
  {
    ContextWait wait(monitor_, context);
    MutexLock lock(monitor_.mutex);
    wait.wait(lock, [this]() ZKLOCK_REQUIRES(monitor_.mutex) { return is_done(); });
    ended.swap(ended_);
    if (then) exit_ = *then;
  }
  for (const std::unique_ptr<Thread>& thread : ended) thread->join();
}

void Lane::start_thread() {
  for (const std::unique_ptr<Thread>& ended : std::exchange(ended_, {})) ended->join();
  threads_.push_back(Platform::current().start_thread(name_, [this] { work(); }));
}

void Lane::work() noexcept {
  MutexLock lock(monitor_.mutex);
  for (;;) {
    if (jobs_.empty()) {
      if (threads_.size() > kept_threads()) break;
      ++idle_;
      monitor_.changed->notify_all();  // somebody may wait for this
      while (jobs_.empty() && kept_threads() > 0) monitor_.changed->wait(lock);
      --idle_;
      continue;
    }
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // destroy its captures without the mutex
    lock.lock();
  }
  end_this_thread();
  monitor_.changed->notify_all();
}

/// It only has to leave `work` after this, so joining it does not block.
void Lane::end_this_thread() {
  const auto self = std::find_if(threads_.begin(), threads_.end(),
                                 [](const auto& thread) { return thread->is_current(); });
  ended_.push_back(std::move(*self));
  threads_.erase(self);
}

struct Lanes {
  Lane sessions{"zklock-closer", kMostSessionClosers};
  Lane threads{"zklock-joiner", 1};
};

Lanes& lanes() {
  Background::end_when_the_process_exits();
  return Platform::current().process_wide<Lanes>();
}

}  // namespace

void close_later(Ending lane, std::function<void()> job) noexcept {
  (lane == Ending::thread ? lanes().threads : lanes().sessions).add(std::move(job));
}

void await_closers_once_the_process_exits() noexcept {
  Lane& sessions = lanes().sessions;
  if (!sessions.exit_has_begun()) return;
  const Farewell farewell;
  sessions.wait(farewell.context());
}

MayDropSession::MayDropSession() { lanes().threads.hold(); }
MayDropSession::~MayDropSession() { lanes().threads.release(); }

std::shared_ptr<void> keep_closer() {
  Lane& sessions = lanes().sessions;
  sessions.keep();
  return {&sessions, [forks = fork_count()](void* kept) {
            if (fork_count() == forks) static_cast<Lane*>(kept)->stop_keeping();
          }};
}

void wait_for_closers_at_exit(SteadyTime deadline) noexcept {
  const Context context = Context().with_deadline(deadline);
  lanes().sessions.exit(context);
  lanes().threads.exit(context);
}

}  // namespace zklock::internal
