// fault_plan.h: what is still to come of the faults: their later steps, and when they heal.
#ifndef ZKLOCK_TESTS_SIMULATION_FAULT_PLAN_H_
#define ZKLOCK_TESTS_SIMULATION_FAULT_PLAN_H_

#include <chrono>
#include <functional>
#include <map>

#include "simulated_world.h"

namespace zklock::simulation {

/// Of the thread that causes the faults.
class FaultPlan {
 public:
  explicit FaultPlan(World& world) : world_(world) {}

  void later(nanoseconds after, std::function<void()> step);
  /// Undoes a fault at some time within these bounds.
  void heal_later(nanoseconds least, nanoseconds most, std::function<void()> heal);
  /// Waits until then; in between does what is due. With max(): until all is healed.
  void go_on_until(SteadyTime until);

 private:
  World& world_;
  std::multimap<SteadyTime, std::function<void()>> steps_;
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_FAULT_PLAN_H_
