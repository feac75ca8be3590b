#include "base/farewell.h"

#include <algorithm>

namespace zklock::internal {

namespace {

FarewellBudget& budget() { return Platform::current().process_wide<FarewellBudget>(); }

}  // namespace

std::chrono::nanoseconds FarewellBudget::left(SteadyTime now) {
  const MutexLock lock(mutex_);
  refill(now);
  return std::max<std::chrono::nanoseconds>(left_, kLeast);
}

void FarewellBudget::spend(std::chrono::nanoseconds waited, SteadyTime now) {
  const MutexLock lock(mutex_);
  refill(now);
  left_ = std::max(left_ - waited, std::chrono::nanoseconds(0));
}

void FarewellBudget::restore() noexcept {
  const MutexLock lock(mutex_);
  left_ = kMost;
}

void FarewellBudget::refill(SteadyTime now) {
  if (now <= refilled_at_) return;
  const std::chrono::nanoseconds passed = saturated_difference(now, refilled_at_);
  left_ = std::min<std::chrono::nanoseconds>(saturated_sum(left_, passed / kRefill), kMost);
  refilled_at_ = now;
}

Farewell::Farewell()
    : begun_(Platform::current().steady_now()),
      context_(Context().with_deadline(saturated_sum(begun_, budget().left(begun_)))) {}

Farewell::~Farewell() {
  const SteadyTime now = Platform::current().steady_now();
  if (now >= deadline()) budget().spend(now - begun_, now);
}

void Farewell::servers_answered() noexcept { budget().restore(); }

// Without a connection there is nothing to wait for: the rest is done in the background.
Context patience_with(const ClaimClient& client, const Context& context) {
  return client.is_connected() ? context : context.with_timeout(std::chrono::milliseconds(0));
}

}  // namespace zklock::internal
