// schedule.h: one simulated run, from a seed to its end.
#ifndef ZKLOCK_TESTS_SIMULATION_SCHEDULE_H_
#define ZKLOCK_TESTS_SIMULATION_SCHEDULE_H_

#include <cstdint>

#include "statistics.h"

namespace zklock::simulation {

struct ScheduleOptions {
  std::uint64_t seed = 1;
  int contenders = 5;   // threads, in fewer processes
  int paths = 0;        // locks; 0: one or two, by the seed
  int operations = 40;  // of each contender
  bool prints = false;  // the history, as it happens
};

/// Runs contenders among faults. Ends the process with status 1 if a promise is broken. Returns a
/// number that two equal histories share.
std::uint64_t run_schedule(const ScheduleOptions& options, Statistics& statistics);

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_SCHEDULE_H_
