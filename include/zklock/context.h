// zklock/context.h: until when a call may block, who may cancel it, and for which owner it is made.
#ifndef ZKLOCK_CONTEXT_H_
#define ZKLOCK_CONTEXT_H_

#include <zklock/export.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace zklock {

namespace internal {

/// Any duration in nanoseconds. A value that does not fit becomes the nearest one; not-a-number
/// becomes the smallest one.
template <class Rep, class Period>
[[nodiscard]] constexpr std::chrono::nanoseconds saturated(
    std::chrono::duration<Rep, Period> duration) noexcept {
  using std::chrono::nanoseconds;
  const long double value =
      static_cast<long double>(duration.count()) * (1'000'000'000.0L * Period::num / Period::den);
  if (value >= static_cast<long double>(nanoseconds::max().count())) return nanoseconds::max();
  if (!(value > static_cast<long double>(nanoseconds::min().count()))) return nanoseconds::min();
  return nanoseconds(static_cast<nanoseconds::rep>(value));
}

}  // namespace internal

/// An immutable value like Go's context.Context: each `with_...` returns a copy that says one thing
/// more. Cheap to copy. Safe to use from many threads at once.
///
///     lock.lock(Context().with_timeout(3s).with_value("owner", "user1"));
class ZKLOCK_EXPORT Context {
 public:
  /// No deadline, no values, not cancellable.
  Context() noexcept = default;

  /// A copy with this deadline or the present one, whichever is earlier. A deadline of another
  /// clock than std::chrono::steady_clock is converted now: a later step of that clock does not
  /// move it. Time points beyond the range of the clock mean "never" and "long ago".
  template <class Clock, class Duration>
  [[nodiscard]] Context with_deadline(std::chrono::time_point<Clock, Duration> deadline) const {
    const std::chrono::nanoseconds at = internal::saturated(deadline.time_since_epoch());
    if constexpr (std::is_same_v<Clock, std::chrono::steady_clock>) {
      return with_steady_deadline(std::chrono::steady_clock::time_point(at));
    } else if constexpr (std::is_same_v<Clock, std::chrono::system_clock>) {
      return with_wall_deadline(at);
    } else {
      return with_remaining(at, internal::saturated(Clock::now().time_since_epoch()));
    }
  }

  /// A copy whose deadline is `timeout` from now or the present one, whichever is earlier. Zero or
  /// less: the deadline has passed.
  template <class Rep, class Period>
  [[nodiscard]] Context with_timeout(std::chrono::duration<Rep, Period> timeout) const {
    return with_remaining(internal::saturated(timeout), std::chrono::nanoseconds(0));
  }

  /// A copy in which `key` has this value, instead of an earlier one.
  [[nodiscard]] Context with_value(std::string key, std::string value) const;

  /// A copy that this token cancels too, besides the tokens that it has already.
  [[nodiscard]] Context with_stop_token(std::stop_token token) const;

  /// A copy for a call that must not queue: `lock` gives up as soon as it learns that another claim
  /// is ahead. Its deadline then only bounds the one attempt.
  [[nodiscard]] Context without_waiting() const;

  /// The deadline, if there is one.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> deadline() const noexcept {
    return deadline_;
  }
  /// Whether the deadline has passed.
  [[nodiscard]] bool expired() const noexcept;
  /// Whether stop was requested on one of the stop tokens.
  [[nodiscard]] bool canceled() const noexcept;
  /// The value of `key`, if it has one.
  [[nodiscard]] std::optional<std::string> value(std::string_view key) const;
  /// The tokens that cancel it.
  [[nodiscard]] const std::vector<std::stop_token>& stop_tokens() const noexcept;
  /// Whether the call may queue: see without_waiting.
  [[nodiscard]] bool may_wait() const noexcept { return may_wait_; }

 private:
  struct Values;

  [[nodiscard]] Context with_steady_deadline(std::chrono::steady_clock::time_point deadline) const;
  [[nodiscard]] Context with_wall_deadline(std::chrono::nanoseconds since_epoch) const;
  [[nodiscard]] Context with_remaining(std::chrono::nanoseconds at,
                                       std::chrono::nanoseconds now) const;

  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::shared_ptr<const Values> values_;  // null: none. Shared between copies, never changed.
  std::shared_ptr<const std::vector<std::stop_token>> stop_tokens_;  // as values_
  bool may_wait_ = true;
};

}  // namespace zklock

#endif  // ZKLOCK_CONTEXT_H_
