// observed_trace.h: the trace id that LockObserver::trace returns.
#ifndef ZKLOCK_SRC_LOCK_OBSERVED_TRACE_H_
#define ZKLOCK_SRC_LOCK_OBSERVED_TRACE_H_

#include <string>
#include <utility>

namespace zklock::internal {

/// While it lives, on its thread. A callback may call the library, which calls an observer: then
/// the outer one is back after the inner one. REQUIRES: the trace outlives it.
class ObservedTrace {
 public:
  explicit ObservedTrace(const std::string& trace) noexcept
      : outer_(std::exchange(current(), &trace)) {}
  ~ObservedTrace() { current() = outer_; }
  ObservedTrace(const ObservedTrace&) = delete;
  ObservedTrace& operator=(const ObservedTrace&) = delete;

  /// Null: no observer is being called on this thread.
  [[nodiscard]] static const std::string*& current() noexcept;

 private:
  const std::string* const outer_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_OBSERVED_TRACE_H_
