#include "base/platform.h"

#include <pthread.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <latch>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/signals_blocked.h"

namespace zklock::internal {

namespace {

class SystemCondition final : public Condition {
 public:
  void wait(MutexLock& lock) override {
    std::unique_lock native(lock.native(), std::adopt_lock);
    changed_.wait(native);
    native.release();
  }
  void wait_until(MutexLock& lock, SteadyTime deadline) override {
    std::unique_lock native(lock.native(), std::adopt_lock);
    changed_.wait_until(native, deadline);
    native.release();
  }
  void notify_all() noexcept override { changed_.notify_all(); }

 private:
  std::condition_variable changed_;
};

class SystemThread final : public Thread {
 public:
  SystemThread() = default;
  ~SystemThread() override {
    // In a forked child the thread does not exist, and its id may be that of another one. Leak the
    // object: the destructor of a joinable std::thread would end the process.
    if (thread_.joinable() && fork_count() != forks_) {
      static_cast<void>(new std::thread(std::move(thread_)));
    }
  }
  SystemThread(const SystemThread&) = delete;
  SystemThread& operator=(const SystemThread&) = delete;

  /// Called once, before the other functions. Throws std::system_error.
  template <class Body>
  void start(Body body) {
    thread_ = std::thread(std::move(body));
  }

  void join() override { thread_.join(); }
  [[nodiscard]] bool is_current() const noexcept override {
    return thread_.get_id() == std::this_thread::get_id();
  }

 private:
  std::thread thread_;
  const int forks_ = fork_count();
};

/// So many threads more may start meanwhile: those of this library that log, close, or call back.
constexpr std::size_t kFurtherThreads = 2;

/// Held by one caller of with_spare_threads at a time.
struct SpareThreads {
  Mutex mutex;
};

/// Whether the system has so many threads left: starts them, and ends them.
void expect_spare_threads(std::size_t count) {
  std::vector<std::atomic<pid_t>> ids(count);
  std::latch go(1);
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::exception_ptr failure;
  for (std::atomic<pid_t>& id : ids) {
    try {
      threads.emplace_back([&go, &id] {
        id = gettid();
        go.wait();
      });
    } catch (...) {  // those that have started are joined first
      failure = std::current_exception();
      break;
    }
  }
  go.count_down();
  for (std::thread& thread : threads) thread.join();
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), "cannot start " + std::to_string(count) + " threads");
  }
  // A thread that was joined still counts for a moment, until the kernel forgets its id. There is
  // no event for that.
  for (const std::atomic<pid_t>& id : ids) {
    while (tgkill(getpid(), id, 0) == 0) std::this_thread::yield();
  }
}

class SystemPlatform final : public Platform {
 public:
  [[nodiscard]] SteadyTime steady_now() const noexcept override {
    return std::chrono::steady_clock::now();
  }
  [[nodiscard]] BootTime boot_now() const noexcept override {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return BootTime(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
  }
  [[nodiscard]] WallTime wall_now() const noexcept override {
    return std::chrono::system_clock::now();
  }

  [[nodiscard]] std::uint64_t random() override {
    std::uint64_t bits = 0;
    while (getrandom(&bits, sizeof bits, 0) != sizeof bits) {
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    return bits;
  }

  [[nodiscard]] std::string host() const override {
    std::array<char, 256> name{};
    gethostname(name.data(), name.size() - 1);
    return name.data();
  }
  [[nodiscard]] std::int64_t pid() const noexcept override { return getpid(); }

  [[nodiscard]] std::unique_ptr<Thread> start_thread(const std::string& name,
                                                     std::function<void()> body) override {
    constexpr std::size_t kLongestName = 15;  // Linux's limit
    auto thread = std::make_unique<SystemThread>();
    const SignalsBlocked blocked;
    try {
      thread->start([short_name = name.substr(0, kLongestName), body = std::move(body)] {
        // Called by the thread itself, this is one system call; otherwise it goes through /proc.
        pthread_setname_np(pthread_self(), short_name.c_str());
        body();
      });
    } catch (const std::system_error& error) {
      throw std::system_error(error.code(), "cannot start the thread " + name);
    }
    return thread;
  }
  void with_spare_threads(std::size_t count, const std::function<void()>& use) override {
    const MutexLock lock(process_wide<SpareThreads>().mutex);
    const SignalsBlocked blocked;
    expect_spare_threads(count + kFurtherThreads);
    use();
  }
  [[nodiscard]] std::unique_ptr<Condition> make_condition() override {
    return std::make_unique<SystemCondition>();
  }
};

std::atomic<Platform*>& installed() noexcept {
  static std::atomic<Platform*> platform{nullptr};
  return platform;
}

thread_local Platform* of_this_thread = nullptr;

// At the start of the program, usually with one thread: a fork in the middle of the first use, on
// another thread, would leave the child waiting for it.
[[maybe_unused]] const Platform& initialized_at_start =
    (static_cast<void>(fork_count()), Platform::current());

}  // namespace

struct Platform::Process {
  explicit Process(int forks_before) : forks(forks_before) {}

  const int forks;  // fork_count when it was created
  ObjectsByType objects;
};

Platform::~Platform() { delete process_.load(); }

void Platform::with_spare_threads(std::size_t, const std::function<void()>& use) { use(); }

ObjectsByType& Platform::of_this_process() {
  Process* known = process_.load(std::memory_order_acquire);
  const int forks = fork_count();
  if (known != nullptr && known->forks == forks) return known->objects;
  auto fresh = std::make_unique<Process>(forks);
  // What the parent had is left alone.
  if (process_.compare_exchange_strong(known, fresh.get())) return fresh.release()->objects;
  return known->objects;  // another thread was faster
}

Platform& Platform::current() noexcept {
  if (of_this_thread != nullptr) return *of_this_thread;
  static SystemPlatform& system = *new SystemPlatform;  // threads may still use it at exit
  Platform* const platform = installed().load(std::memory_order_acquire);
  return platform != nullptr ? *platform : system;
}

int fork_count() noexcept {
  static std::atomic<int> count{0};
  static const int registered = pthread_atfork(nullptr, nullptr, [] { ++count; });
  static_cast<void>(registered);
  return count.load(std::memory_order_relaxed);
}

std::uint64_t this_thread_number() noexcept {
  static std::atomic<std::uint64_t> last{0};
  thread_local const std::uint64_t number = ++last;
  return number;
}

void Platform::install(Platform* platform) noexcept {
  installed().store(platform, std::memory_order_release);
}

PlatformScope::PlatformScope(Platform& platform) noexcept
    : before_(std::exchange(of_this_thread, &platform)) {}

PlatformScope::~PlatformScope() { of_this_thread = before_; }

}  // namespace zklock::internal
