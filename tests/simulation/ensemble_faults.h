// ensemble_faults.h: what goes wrong with the servers.
#ifndef ZKLOCK_TESTS_SIMULATION_ENSEMBLE_FAULTS_H_
#define ZKLOCK_TESTS_SIMULATION_ENSEMBLE_FAULTS_H_

#include <vector>

#include "fault_plan.h"
#include "simulated_world.h"
#include "testing/fake_ensemble.h"

namespace zklock::simulation {

/// Each function draws a server, and heals it later. On the root platform.
class EnsembleFaults {
 public:
  EnsembleFaults(World& world, FaultPlan& plan, internal::FakeEnsemble& ensemble)
      : world_(world), plan_(plan), ensemble_(ensemble) {}

  void kill();
  void freeze();
  void cut_off();
  void slow_commits();
  void change_leader();
  void raise_session_timeouts();
  void power_off();
  void replace_pods();

 private:
  [[nodiscard]] int any_server();
  void restart_elsewhere(int server);

  World& world_;
  FaultPlan& plan_;
  internal::FakeEnsemble& ensemble_;
  std::vector<int> left_;  // addresses where no server is any more
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_ENSEMBLE_FAULTS_H_
