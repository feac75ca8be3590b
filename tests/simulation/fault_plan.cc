#include "fault_plan.h"

#include <utility>

namespace zklock::simulation {

void FaultPlan::later(nanoseconds after, std::function<void()> step) {
  steps_.emplace(world_.now() + after, std::move(step));
}

void FaultPlan::heal_later(nanoseconds least, nanoseconds most, std::function<void()> heal) {
  later(world_.between(least, most), std::move(heal));
}

/// Waits until then; in between does what is due. With max(): until all is healed.
void FaultPlan::go_on_until(SteadyTime until) {
  while (!steps_.empty() && steps_.begin()->first <= until) {
    const auto [time, step] = *steps_.begin();
    steps_.erase(steps_.begin());
    World::sleep(time - world_.now());
    step();
  }
  if (until != SteadyTime::max()) World::sleep(until - world_.now());
}

}  // namespace zklock::simulation
