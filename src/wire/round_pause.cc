#include "wire/round_pause.h"

#include <algorithm>

#include "base/backoff.h"

namespace zklock::internal {

namespace {

/// Parts of the session timeout: the first pause is as long as libzookeeper's own.
constexpr int kFirst = 60;
constexpr int kLongest = 10;
constexpr std::chrono::seconds kLongestOfAll{1};

std::chrono::nanoseconds longest_of(std::chrono::nanoseconds timeout) {
  return std::min<std::chrono::nanoseconds>(timeout / kLongest, kLongestOfAll);
}

}  // namespace

RoundPause::RoundPause(std::chrono::milliseconds session_timeout) : timeout_(session_timeout) {}

std::chrono::nanoseconds RoundPause::longest() const noexcept {
  const MutexLock lock(monitor_.mutex);
  return longest_of(timeout_);
}

void RoundPause::wait() noexcept {
  const Platform& platform = Platform::current();
  MutexLock lock(monitor_.mutex);
  const int rounds = rounds_++;
  if (rounds == 0) return;
  const SteadyTime end = saturated_sum(
      platform.steady_now(), backoff_pause(rounds, timeout_ / kFirst, longest_of(timeout_)));
  while (!has_ended_ && platform.steady_now() < end) monitor_.changed->wait_until(lock, end);
}

void RoundPause::begin_anew(std::chrono::milliseconds session_timeout) noexcept {
  const MutexLock lock(monitor_.mutex);
  rounds_ = 0;
  timeout_ = session_timeout;
}

void RoundPause::end() noexcept {
  {
    const MutexLock lock(monitor_.mutex);
    has_ended_ = true;
  }
  monitor_.changed->notify_all();
}

}  // namespace zklock::internal
