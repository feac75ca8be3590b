#include "wire/round_pause.h"

#include <algorithm>

#include "base/backoff.h"

namespace zklock::internal {

namespace {

/// Parts of the session timeout: the first pause is as long as libzookeeper's own.
constexpr int kFirst = 60;
constexpr int kLongest = 10;
constexpr std::chrono::seconds kLongestOfAll{1};

}  // namespace

RoundPause::RoundPause(std::chrono::milliseconds session_timeout)
    : first_(std::chrono::nanoseconds(session_timeout) / kFirst),
      longest_(std::min<std::chrono::nanoseconds>(
          std::chrono::nanoseconds(session_timeout) / kLongest, kLongestOfAll)) {}

void RoundPause::wait() noexcept {
  const Platform& platform = Platform::current();
  MutexLock lock(monitor_.mutex);
  const SteadyTime end =
      saturated_sum(platform.steady_now(), backoff_pause(++rounds_, first_, longest_));
  while (!has_ended_ && platform.steady_now() < end) monitor_.changed->wait_until(lock, end);
}

void RoundPause::begin_anew() noexcept {
  const MutexLock lock(monitor_.mutex);
  rounds_ = 0;
}

void RoundPause::end() noexcept {
  {
    const MutexLock lock(monitor_.mutex);
    has_ended_ = true;
  }
  monitor_.changed->notify_all();
}

}  // namespace zklock::internal
