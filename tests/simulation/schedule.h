// schedule.h: one simulated run, from a seed to its end.
#ifndef ZKLOCK_TESTS_SIMULATION_SCHEDULE_H_
#define ZKLOCK_TESTS_SIMULATION_SCHEDULE_H_

#include <cstdint>

#include "statistics.h"

namespace zklock::simulation {

/// Runs five contenders, which do about 200 operations, among faults. Ends the process with status
/// 1 if a promise is broken. Returns a number that two equal histories share.
std::uint64_t run_schedule(std::uint64_t seed, bool prints, Statistics& statistics);

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_SCHEDULE_H_
