#include "testing/virtual_time.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "base/mutex.h"
#include "testing/virtual_platform.h"

namespace zklock::internal {

namespace {

/// What this thread is to a VirtualTime. (In one process there is one at a time.)
enum class Part { none, library, test, maker };
thread_local Part part_of_this_thread = Part::none;
thread_local std::string name_of_this_thread;
thread_local VirtualPlatform* platform_of_this_thread = nullptr;  // the one that it was started on

/// How many of the library's threads this one is.
int own_threads() noexcept {
  return part_of_this_thread == Part::library || part_of_this_thread == Part::test ? 1 : 0;
}

/// In real time.
constexpr std::chrono::seconds kPatience{10};

}  // namespace

// --- Handing on ---------------------------------------------------------------------------------

void VirtualTime::Baton::give() {
  const MutexLock lock(mutex_);
  given_ = true;
  came_.notify_one();  // with the mutex, as the other one destroys this next
}

void VirtualTime::Baton::await() {
  MutexLock lock(mutex_);
  came_.wait(lock, [this]() ZKLOCK_REQUIRES(mutex_) { return given_; });
  given_ = false;
}

bool VirtualTime::Baton::await_for(std::chrono::seconds patience) {
  MutexLock lock(mutex_);
  if (!came_.wait_for(lock, patience, [this]() ZKLOCK_REQUIRES(mutex_) { return given_; }))
    return false;
  given_ = false;
  return true;
}

void VirtualTime::hand_over(Waiter* next) {
  if (next != nullptr) next->baton.give();
}

void VirtualTime::await_turn(Waiter& waiter) {
  if (waiter.is_ours) {
    waiter.baton.await();
    return;
  }
  if (waiter.baton.await_for(kPatience)) return;
  static_cast<void>(std::fputs(
      "zklock::testing: a thread of this test has been waiting for 10 s in virtual time. "
      "Does it stand still? See FakeZooKeeper::advance and let_time_pass.\n",
      stderr));
  waiter.baton.await();
}

// --- Threads ------------------------------------------------------------------------------------

VirtualTime::VirtualTime(Mode mode, std::uint64_t seed, SteadyTime start)
    : mode_(mode), now_(start), random_(seed) {}

void VirtualTime::take_part_for_the_test() noexcept { part_of_this_thread = Part::test; }

void VirtualTime::take_part_as_maker(bool on) noexcept {
  part_of_this_thread = on ? Part::maker : Part::none;
}

void VirtualTime::announce_thread(Birth& birth) {
  const MutexLock lock(mutex_);
  ++threads_;
  if (mode_ == Mode::free) {
    ++running_;
    birth.waiter_.baton.give();
  } else {
    runnable_.push_back(&birth.waiter_);
  }
}

void VirtualTime::begin_thread(Birth& birth) {
  birth.waiter_.baton.await();
  part_of_this_thread = Part::library;
  name_of_this_thread = birth.waiter_.name;
  platform_of_this_thread = birth.waiter_.platform;
}

void VirtualTime::thread_ended() {
  Waiter* next = nullptr;
  {
    const MutexLock lock(mutex_);
    --threads_;
    --running_;
    next = next_after_wait();
    // With the mutex, as the one that waits may destroy this next.
    settled_.notify_all();
  }
  hand_over(next);
}

void VirtualTime::wait(const Condition* condition, VirtualPlatform& platform, MutexLock& lock,
                       SteadyTime deadline) {
  // On the heap: ThreadSanitizer takes mutexes that follow each other on a stack for one.
  const auto owned = std::make_unique<Waiter>();
  Waiter& waiter = *owned;
  waiter.condition = condition;
  waiter.platform = &platform;
  waiter.deadline = deadline;
  waiter.name = name_of_this_thread;
  waiter.is_ours = own_threads() > 0;
  waiter.is_tests = part_of_this_thread != Part::library;
  waiter.is_makers = part_of_this_thread == Part::maker;
  Waiter* next = nullptr;
  {
    // Before the caller's mutex is given back, so that no notification is missed.
    const MutexLock guard(mutex_);
    waiting_.push_back(&waiter);
    if (is_due(waiter)) wake(std::prev(waiting_.end()));
    if (waiter.is_ours) --running_;
    lock.native().unlock();  // by the caller's name for it, which the analysis does not know
    next = next_after_wait();
  }
  hand_over(next);
  await_turn(waiter);
  lock.native().lock();
}

void VirtualTime::yield() {
  if (mode_ == Mode::free) return;
  {
    const MutexLock lock(mutex_);
    if (runnable_.empty()) return;
  }
  const auto owned = std::make_unique<Waiter>();  // as in wait
  Waiter& waiter = *owned;
  waiter.platform = platform_of_this_thread;  // while that is frozen, it is not this one's turn
  waiter.is_ours = true;
  Waiter* next = nullptr;
  {
    const MutexLock lock(mutex_);
    --running_;
    runnable_.push_back(&waiter);
    next = next_after_wait();
  }
  hand_over(next);
  waiter.baton.await();
}

void VirtualTime::notify(const Condition* condition) noexcept {
  const MutexLock lock(mutex_);
  for (auto waiter = waiting_.begin(); waiter != waiting_.end();) {
    waiter = (*waiter)->condition == condition ? wake(waiter) : std::next(waiter);
  }
}

// --- The clock ----------------------------------------------------------------------------------

std::uint64_t VirtualTime::random() {
  const MutexLock lock(mutex_);
  return random_();
}

std::uint64_t VirtualTime::switches() const {
  const MutexLock lock(mutex_);
  return switches_;
}

void VirtualTime::wake_all_who_may_go_on() {
  wake_the_due();
  for (auto waiter = waiting_.begin(); waiter != waiting_.end();) {
    waiter = (*waiter)->may_go_on ? wake(waiter) : std::next(waiter);
  }
}

bool VirtualTime::is_due(const Waiter& waiter) const {
  return waiter.deadline != SteadyTime::max() && waiter.platform->when(waiter.deadline) <= now_;
}

/// Returns the waiter that follows in waiting_.
std::list<VirtualTime::Waiter*>::iterator VirtualTime::wake(std::list<Waiter*>::iterator waiter) {
  Waiter& woken = **waiter;
  woken.may_go_on = true;
  if (woken.platform->frozen()) return std::next(waiter);
  const auto following = waiting_.erase(waiter);
  if (mode_ == Mode::one_at_a_time) {
    runnable_.push_back(&woken);
  } else {
    if (woken.is_ours) ++running_;
    woken.baton.give();
  }
  return following;
}

void VirtualTime::wake_the_due() {
  for (auto waiter = waiting_.begin(); waiter != waiting_.end();) {
    waiter = is_due(**waiter) ? wake(waiter) : std::next(waiter);
  }
}

/// Moves the clock to the next deadline and wakes the threads that waited for it. False: there is
/// none by `limit`.
bool VirtualTime::step(SteadyTime limit) {
  SteadyTime next = SteadyTime::max();
  for (const Waiter* const waiter : waiting_) {
    if (waiter->deadline == SteadyTime::max() || waiter->platform->frozen()) continue;
    next = std::min(next, waiter->platform->when(waiter->deadline));
  }
  if (next == SteadyTime::max() || next > limit) return false;
  now_ = std::max(now_, next);
  wake_the_due();
  return true;
}

/// A thread has begun to wait, or has ended: chooses the thread that runs next.
VirtualTime::Waiter* VirtualTime::next_after_wait() {
  if (mode_ == Mode::free) settled_.notify_all();
  if (running_ > 0) return nullptr;
  if (mode_ == Mode::one_at_a_time) return choose_next();
  while (running_ == 0 && does_time_pass() && step(SteadyTime::max())) {
  }
  return nullptr;
}

VirtualTime::Waiter* VirtualTime::choose_next() {
  const auto may_run = [](const Waiter* waiter) { return !waiter->platform->frozen(); };
  auto candidates = std::count_if(runnable_.begin(), runnable_.end(), may_run);
  for (; candidates == 0; candidates = std::count_if(runnable_.begin(), runnable_.end(), may_run)) {
    if (step(limit_)) continue;
    settled_.notify_all();  // all have ended, or wait forever: `run` returns which
    return nullptr;
  }
  auto skipped = static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(candidates));
  auto chosen = std::find_if(runnable_.begin(), runnable_.end(), may_run);
  for (; skipped > 0; --skipped) chosen = std::find_if(std::next(chosen), runnable_.end(), may_run);
  Waiter* const next = *chosen;
  runnable_.erase(chosen);
  ++running_;
  ++switches_;
  return next;
}

bool VirtualTime::does_time_pass() const {
  const bool is_let_pass = time_passes_ || hurries_ > 0;
  return std::any_of(waiting_.begin(), waiting_.end(), [is_let_pass](const Waiter* waiter) {
    return waiter->is_makers || (is_let_pass && waiter->is_tests);
  });
}

std::string VirtualTime::who_waits() const {
  const MutexLock lock(mutex_);
  return names_of_waiting();
}

std::string VirtualTime::names_of_waiting() const {
  std::string names;
  for (const Waiter* const waiter : waiting_) names += " " + waiter->name;
  return names;
}

// --- What tests do with it ----------------------------------------------------------------------

void VirtualTime::settle() {
  MutexLock lock(mutex_);
  if (!settled_.wait_for(lock, kPatience,
                         [this]() ZKLOCK_REQUIRES(mutex_) { return running_ <= own_threads(); })) {
    throw std::runtime_error(
        "zklock::testing: a thread of the library has been busy for 10 s. Does a callback of the "
        "test wait for the test?");
  }
}

void VirtualTime::advance(std::chrono::nanoseconds time) {
  const SteadyTime end = saturated_sum(now(), time);
  for (;;) {
    settle();
    const MutexLock lock(mutex_);
    if (running_ > own_threads() || step(end)) continue;
    now_ = std::max(now_, end);
    return;
  }
}

void VirtualTime::let_time_pass(bool on) {
  const MutexLock lock(mutex_);
  time_passes_ = on;
  static_cast<void>(next_after_wait());
}

void VirtualTime::hurry(int change) {
  const MutexLock lock(mutex_);
  hurries_ += change;
  static_cast<void>(next_after_wait());
}

void VirtualTime::end_threads(int left, std::chrono::nanoseconds patience) {
  MutexLock lock(mutex_);
  const SteadyTime limit = saturated_sum(now_, patience);
  while (threads_ > left) {
    settled_.wait(lock,
                  [&]() ZKLOCK_REQUIRES(mutex_) { return running_ == 0 || threads_ <= left; });
    if (threads_ <= left || step(limit)) continue;
    static_cast<void>(
        std::fputs(("zklock::testing: a client or a lock outlives its FakeZooKeeper; there wait" +
                    names_of_waiting() + "\n")
                       .c_str(),
                   stderr));
    std::abort();
  }
}

bool VirtualTime::run(VirtualPlatform& platform, const std::function<void()>& body,
                      SteadyTime limit) {
  std::unique_ptr<Thread> first = platform.start_thread("first", body);
  Waiter* next = nullptr;
  {
    const MutexLock lock(mutex_);
    limit_ = limit;
    next = choose_next();
  }
  hand_over(next);
  {
    MutexLock lock(mutex_);
    settled_.wait(lock, [this]() ZKLOCK_REQUIRES(mutex_) { return running_ == 0; });
    if (threads_ > 0) {
      // It can neither be joined nor be destroyed.
      static auto& left = *new std::vector<std::unique_ptr<Thread>>;
      left.push_back(std::move(first));
      return false;
    }
  }
  first->join();
  return true;
}

}  // namespace zklock::internal
