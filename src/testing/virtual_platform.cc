#include "testing/virtual_platform.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kMillion = 1'000'000;

/// What comes later than this by any clock does not come.
constexpr nanoseconds kNever = nanoseconds::max() / 4;

/// For so long the machine had been suspended before: nobody is to take its steady clock for its
/// boot clock.
constexpr std::chrono::hours kSuspendedBefore{1};

/// `time` by a clock that is fast by `drift` millionths. REQUIRES: time >= 0.
nanoseconds drifted(nanoseconds time, std::int64_t drift) {
  const std::int64_t rate = kMillion + drift;
  const std::int64_t count = time.count();
  return nanoseconds(count / kMillion * rate + count % kMillion * rate / kMillion);
}

/// The shortest time that is no less than `local` by a clock that is fast by `drift` millionths.
/// REQUIRES: 0 <= local < kNever.
nanoseconds undrifted(nanoseconds local, std::int64_t drift) {
  const std::int64_t rate = kMillion + drift;
  const std::int64_t count = local.count();
  return nanoseconds(count / rate * kMillion + (count % rate * kMillion + rate - 1) / rate);
}

}  // namespace

class VirtualPlatform::VirtualCondition final : public Condition {
 public:
  explicit VirtualCondition(VirtualPlatform& platform)
      : platform_(platform), time_(platform.time_) {}

  void wait(MutexLock& lock) override { time_.wait(this, platform_, lock, SteadyTime::max()); }
  void wait_until(MutexLock& lock, SteadyTime deadline) override {
    time_.wait(this, platform_, lock, deadline);
  }
  // What is process-wide notifies in its destructor, when only the base of the platform is left.
  void notify_all() noexcept override { time_.notify(this); }

 private:
  VirtualPlatform& platform_;
  VirtualTime& time_;
};

/// Joined through a condition of the platform, so that virtual time knows of the waiting thread.
class VirtualPlatform::VirtualThread final : public Thread {
 public:
  VirtualThread(VirtualPlatform& platform, std::string name, std::function<void()> body)
      : state_(std::make_shared<State>(platform, std::move(name))) {
    platform.time_.announce_thread(state_->birth);
    thread_ = std::thread([&platform, state = state_, run = std::move(body)]() mutable {
      VirtualTime::begin_thread(state->birth);
      const PlatformScope scope(platform);
      run();
      run = nullptr;
      {
        const MutexLock lock(state->mutex);
        state->has_ended = true;
      }
      state->ended->notify_all();
      platform.time_.thread_ended();
    });
  }

  void join() override {
    {
      MutexLock lock(state_->mutex);
      while (!state_->has_ended) state_->ended->wait(lock);
    }
    thread_.join();
  }
  [[nodiscard]] bool is_current() const noexcept override {
    return thread_.get_id() == std::this_thread::get_id();
  }

 private:
  struct State {
    State(VirtualPlatform& platform, std::string name)
        : birth(platform, std::move(name)), ended(platform.make_condition()) {}
    VirtualTime::Birth birth;
    Mutex mutex;
    bool has_ended ZKLOCK_GUARDED_BY(mutex) = false;
    const std::unique_ptr<Condition> ended;
  };

  const std::shared_ptr<State> state_;
  std::thread thread_;
};

VirtualPlatform::VirtualPlatform(VirtualTime& time, Options options)
    : options_(std::move(options)), time_(time), begin_(time.now()), base_(begin_) {}

/// How far this platform's clocks have run since it was made.
nanoseconds VirtualPlatform::ran(SteadyTime now) const noexcept {
  return ran_before_ + drifted(now - base_, drift_);
}

nanoseconds VirtualPlatform::ran_awake(SteadyTime now) const noexcept {
  return (is_suspended_ ? fell_asleep_ : ran(now)) - slept_;
}

SteadyTime VirtualPlatform::when(SteadyTime local) const noexcept {
  if (is_suspended_) return SteadyTime::max();
  const nanoseconds left = saturated_difference(saturated_sum(local, slept_ - ran_before_), begin_);
  if (left >= kNever) return SteadyTime::max();
  return saturated_sum(base_, undrifted(std::max(left, {}), drift_));
}

SteadyTime VirtualPlatform::steady_now() const noexcept {
  return time_.look([this](SteadyTime now) { return begin_ + ran_awake(now); });
}

BootTime VirtualPlatform::boot_now() const noexcept {
  return time_.look([this](SteadyTime now) {
    return BootTime(begin_.time_since_epoch() + kSuspendedBefore + ran(now));
  });
}

WallTime VirtualPlatform::wall_now() const noexcept {
  return time_.look([this](SteadyTime now) { return options_.wall + ran(now) + wall_step_; });
}

std::unique_ptr<Thread> VirtualPlatform::start_thread(const std::string& name,
                                                      std::function<void()> body) {
  if (refuses_threads_) {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                            "cannot start the thread " + name);
  }
  return std::make_unique<VirtualThread>(*this, name, std::move(body));
}

std::unique_ptr<Condition> VirtualPlatform::make_condition() {
  return std::make_unique<VirtualCondition>(*this);
}

void VirtualPlatform::step_wall_clock(nanoseconds step) {
  time_.change([&](SteadyTime) { wall_step_ += step; });
}

void VirtualPlatform::set_drift(std::int64_t millionths) {
  time_.change([&](SteadyTime now) {
    ran_before_ = ran(now);
    base_ = now;
    drift_ = millionths;
  });
}

void VirtualPlatform::freeze() {
  time_.change([&](SteadyTime) { frozen_ = true; });
}

void VirtualPlatform::thaw() {
  time_.change([&](SteadyTime) { frozen_ = false; });
}

void VirtualPlatform::suspend() {
  time_.change([&](SteadyTime now) {
    if (is_suspended_) return;
    fell_asleep_ = ran(now);
    is_suspended_ = true;
  });
}

void VirtualPlatform::resume() {
  time_.change([&](SteadyTime now) {
    if (!is_suspended_) return;
    slept_ += ran(now) - fell_asleep_;
    is_suspended_ = false;
  });
}

bool VirtualPlatform::is_frozen() const {
  return time_.look([this](SteadyTime) { return frozen(); });
}

}  // namespace zklock::internal
