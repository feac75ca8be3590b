// virtual_time.h: time that passes only when a test lets it, for real threads that wait in it.
#ifndef ZKLOCK_SRC_TESTING_VIRTUAL_TIME_H_
#define ZKLOCK_SRC_TESTING_VIRTUAL_TIME_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

class VirtualPlatform;

/// Keeps the clock, and knows of every thread whether it waits. The library's threads are those
/// that were started on a VirtualPlatform; others (the test's own) are known while they wait on
/// one.
///
/// `free`: threads run as they like, and time stands still until the test moves it.
/// `one_at_a_time`: only one thread runs, until it waits or yields; which one goes on is drawn from
/// the seed; when all wait, time jumps to the next deadline. The same seed gives the same run. All
/// threads must be the library's then.
///
/// Its members belong together: which thread runs next depends on the clock, the waiting threads
/// and the seed, under one mutex.
///
/// Thread safety: all of it may be called from any thread.
class VirtualTime {
 public:
  enum class Mode { free, one_at_a_time };

  VirtualTime(Mode mode, std::uint64_t seed, SteadyTime start);
  ~VirtualTime() = default;
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;

  [[nodiscard]] SteadyTime now() const {
    const MutexLock lock(mutex_);
    return now_;
  }
  [[nodiscard]] std::uint64_t random();

  // Of mode `free`.

  /// Waits until every (other) thread of the library waits. Throws std::runtime_error when one goes
  /// on for ten seconds of real time: it probably is in a callback that waits for the test.
  void settle();
  /// Time passes: deadline by deadline, and the (other) threads of the library do at each what is
  /// due then. By one thread at a time.
  void advance(std::chrono::nanoseconds time);
  /// While true, time jumps to the next deadline automatically whenever all of the library's
  /// threads wait, and so does a thread of the test's.
  void let_time_pass(bool on);
  /// Lets time pass until no more than `left` of the library's threads live. Aborts the process
  /// when that takes longer than `patience`: something that uses them is still alive.
  void end_threads(int left, std::chrono::nanoseconds patience);

  // Of mode `one_at_a_time`.

  /// Runs `body` and all threads that come of it until all have ended. False: those that are left
  /// wait forever, or time has reached `limit`; they are left as they are.
  [[nodiscard]] bool run(VirtualPlatform& platform, const std::function<void()>& body,
                         SteadyTime limit);
  /// Gives other threads their turn. Nothing in mode `free`. REQUIRES: the caller holds no mutex,
  /// and is not in a callback that somebody may wait for.
  void yield();
  /// The names of the threads that wait, for messages.
  [[nodiscard]] std::string who_waits() const;
  /// How often a thread took over from another.
  [[nodiscard]] std::uint64_t switches() const;

  // For VirtualPlatform.

  /// Waits for a notification of `condition`, or until the platform's steady clock shows
  /// `deadline`.
  void wait(const Condition* condition, VirtualPlatform& platform, MutexLock& lock,
            SteadyTime deadline);
  void notify(const Condition* condition) noexcept;
  /// A thread of the library's begins to live; `begin_thread` is the first that it calls itself.
  class Birth;
  void announce_thread(Birth& birth);
  static void begin_thread(Birth& birth);
  void thread_ended();
  /// Calls `change(now)`, which may change the clocks of a platform, or whether it is frozen.
  template <class Change>
  void change(const Change& change) {
    const MutexLock lock(mutex_);
    change(now_);
    wake_all_who_may_go_on();
  }
  /// Returns `look(now)`, which may look at what `change` changes.
  template <class Look>
  auto look(const Look& look) const {
    const MutexLock lock(mutex_);
    return look(now_);
  }

  /// This thread is one of the test's that counts as the library's: while it runs, time stands.
  static void take_part_for_the_test() noexcept;
  /// While this thread waits, time passes automatically, as if `let_time_pass` were on.
  static void take_part_as_maker(bool on) noexcept;

 private:
  friend class TimePasses;
  void hurry(int change);

  /// Handed to the thread that may go on.
  class Baton {
   public:
    void give();
    void await();
    /// False: it was not given within this (real) time.
    bool await_for(std::chrono::seconds patience);

   private:
    Mutex mutex_;
    std::condition_variable_any came_;
    bool given_ ZKLOCK_GUARDED_BY(mutex_) = false;
  };

  /// A thread that waits, or may go on but has not been chosen yet.
  struct Waiter {
    const Condition* condition = nullptr;  // null: none will be notified
    VirtualPlatform* platform = nullptr;
    std::string name{};                       // of the thread
    SteadyTime deadline = SteadyTime::max();  // by the platform's clock
    bool is_ours = false;
    bool is_tests = false;
    bool is_makers = false;
    bool may_go_on = false;  // was notified, or its time has come; but its platform is frozen
    Baton baton{};
  };

  [[nodiscard]] bool is_due(const Waiter& waiter) const ZKLOCK_REQUIRES(mutex_);
  std::list<Waiter*>::iterator wake(std::list<Waiter*>::iterator waiter) ZKLOCK_REQUIRES(mutex_);
  void wake_the_due() ZKLOCK_REQUIRES(mutex_);
  void wake_all_who_may_go_on() ZKLOCK_REQUIRES(mutex_);
  bool step(SteadyTime limit) ZKLOCK_REQUIRES(mutex_);
  [[nodiscard]] Waiter* choose_next() ZKLOCK_REQUIRES(mutex_);
  [[nodiscard]] Waiter* next_after_wait() ZKLOCK_REQUIRES(mutex_);
  [[nodiscard]] bool does_time_pass() const ZKLOCK_REQUIRES(mutex_);
  [[nodiscard]] std::string names_of_waiting() const ZKLOCK_REQUIRES(mutex_);

  static void hand_over(Waiter* next);
  static void await_turn(Waiter& waiter);

  const Mode mode_;

  mutable Mutex mutex_;
  std::condition_variable_any settled_;  // running_ or threads_ has changed
  SteadyTime now_ ZKLOCK_GUARDED_BY(mutex_);
  SteadyTime limit_ ZKLOCK_GUARDED_BY(mutex_) = SteadyTime::max();  // of `run`
  std::mt19937_64 random_ ZKLOCK_GUARDED_BY(mutex_);
  std::list<Waiter*> waiting_ ZKLOCK_GUARDED_BY(mutex_);     // in the order of their coming
  std::vector<Waiter*> runnable_ ZKLOCK_GUARDED_BY(mutex_);  // mode one_at_a_time only
  int running_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // the library's threads that do not wait
  int threads_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // the library's threads
  std::uint64_t switches_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  bool time_passes_ ZKLOCK_GUARDED_BY(mutex_) = false;
  int hurries_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // TimePasses that live
};

/// For the time of its life, time passes as if VirtualTime::let_time_pass were on.
class TimePasses {
 public:
  explicit TimePasses(VirtualTime& time) : time_(time) { time_.hurry(1); }
  ~TimePasses() { time_.hurry(-1); }
  TimePasses(const TimePasses&) = delete;
  TimePasses& operator=(const TimePasses&) = delete;

 private:
  VirtualTime& time_;
};

/// REQUIRES: destroyed after begin_thread has returned.
class VirtualTime::Birth {
 public:
  Birth(VirtualPlatform& platform, std::string name) {
    waiter_.platform = &platform;
    waiter_.name = std::move(name);
    waiter_.is_ours = true;
  }

 private:
  friend class VirtualTime;
  Waiter waiter_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_VIRTUAL_TIME_H_
