// mutex.h: mutexes whose rules clang checks. With -Wthread-safety it is an error to use a guarded
// member, or to call a function with a requirement, without the mutex. Other compilers see plain
// mutexes.
#ifndef ZKLOCK_SRC_BASE_MUTEX_H_
#define ZKLOCK_SRC_BASE_MUTEX_H_

#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define ZKLOCK_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define ZKLOCK_THREAD_SAFETY(attribute)
#endif

/// Of a member: read and written only while the mutex is held.
#define ZKLOCK_GUARDED_BY(mutex) ZKLOCK_THREAD_SAFETY(guarded_by(mutex))
/// Of a function, or a lambda: called while the mutex is held.
#define ZKLOCK_REQUIRES(mutex) ZKLOCK_THREAD_SAFETY(requires_capability(mutex))
/// Of a function: called while the mutex is not held, as it takes it.
#define ZKLOCK_EXCLUDES(mutex) ZKLOCK_THREAD_SAFETY(locks_excluded(mutex))
/// Of a function that the analysis cannot follow; the reason stands beside it.
#define ZKLOCK_NOT_ANALYZED ZKLOCK_THREAD_SAFETY(no_thread_safety_analysis)

namespace zklock::internal {

class ZKLOCK_THREAD_SAFETY(capability("mutex")) Mutex {
 public:
  void lock() ZKLOCK_THREAD_SAFETY(acquire_capability()) { mutex_.lock(); }
  void unlock() ZKLOCK_THREAD_SAFETY(release_capability()) { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

/// Holds the mutex for a scope. It may be released and taken again in between.
class ZKLOCK_THREAD_SAFETY(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ZKLOCK_THREAD_SAFETY(acquire_capability(mutex))
      : mutex_(mutex.mutex_) {
    mutex_.lock();
  }
  ~MutexLock() ZKLOCK_THREAD_SAFETY(release_capability()) {
    if (is_held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() ZKLOCK_THREAD_SAFETY(release_capability()) {
    is_held_ = false;
    mutex_.unlock();
  }
  void lock() ZKLOCK_THREAD_SAFETY(acquire_capability()) {
    mutex_.lock();
    is_held_ = true;
  }
  [[nodiscard]] bool is_held() const noexcept { return is_held_; }

  /// For what waits with the mutex: it gives the mutex back as it found it.
  [[nodiscard]] std::mutex& native() noexcept { return mutex_; }

 private:
  std::mutex& mutex_;
  bool is_held_ = true;
};

/// Many threads may share it, or one holds it alone.
class ZKLOCK_THREAD_SAFETY(capability("mutex")) SharedMutex {
 private:
  friend class SharedLock;
  friend class ExclusiveLock;
  std::shared_mutex mutex_;
};

/// Shares the mutex for a scope: members that it guards may be read.
class ZKLOCK_THREAD_SAFETY(scoped_lockable) SharedLock {
 public:
  explicit SharedLock(SharedMutex& mutex) ZKLOCK_THREAD_SAFETY(acquire_shared_capability(mutex))
      : lock_(mutex.mutex_) {}
  ~SharedLock() ZKLOCK_THREAD_SAFETY(release_capability()) = default;
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  std::shared_lock<std::shared_mutex> lock_;
};

/// Holds the mutex alone for a scope.
class ZKLOCK_THREAD_SAFETY(scoped_lockable) ExclusiveLock {
 public:
  explicit ExclusiveLock(SharedMutex& mutex) ZKLOCK_THREAD_SAFETY(acquire_capability(mutex))
      : lock_(mutex.mutex_) {}
  ~ExclusiveLock() ZKLOCK_THREAD_SAFETY(release_capability()) = default;
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;

 private:
  std::unique_lock<std::shared_mutex> lock_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_MUTEX_H_
