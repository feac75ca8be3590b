// faults.h: what goes wrong in a schedule, at random times, and heals after a while.
#ifndef ZKLOCK_TESTS_SIMULATION_FAULTS_H_
#define ZKLOCK_TESTS_SIMULATION_FAULTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "checker.h"
#include "ensemble_faults.h"
#include "fault_plan.h"
#include "process.h"
#include "simulated_world.h"
#include "testing/fake_ensemble.h"

namespace zklock::simulation {

class Faults {
 public:
  Faults(World& world, Checker& checker, std::shared_ptr<internal::FakeEnsemble> ensemble,
         std::vector<std::unique_ptr<Process>>& processes, std::vector<std::string> paths);

  /// Causes them for so long, then heals all that is not for good. On the root platform.
  void run(nanoseconds duration);

 private:
  using Fault = void (Faults::*)();

  void cause_one();

  /// Often a holder. Within a burst of faults: the same.
  [[nodiscard]] Process& any_process();
  [[nodiscard]] Process* holder();
  const std::string& any_path();

  // Of requests.
  void lose_answer();
  void throttle();
  void delay_watches();
  // Of clients.
  void break_connection();
  void cut_any();
  void cut(Process& process);
  void stall();
  void slow_line();
  void split_network();
  void expire_session();
  void freeze_process();
  void suspend_process();
  void suspend_host();
  void crash_process();
  void move_servers();
  void step_wall_clock();
  void step_clocks_together();
  // Of servers.
  void kill_server() { servers_.kill(); }
  void freeze_server() { servers_.freeze(); }
  void cut_off_server() { servers_.cut_off(); }
  void slow_commits() { servers_.slow_commits(); }
  void change_leader() { servers_.change_leader(); }
  void raise_session_timeouts() { servers_.raise_session_timeouts(); }
  void power_off_server() { servers_.power_off(); }
  void replace_pods() { servers_.replace_pods(); }
  void remove_empty_containers();
  // By hand.
  bool remove_by_hand(const std::string& znode);
  void delete_claim();
  void delete_directory();
  void renew_directory();
  void create_foreign_node();

  World& world_;
  Checker& checker_;
  const std::shared_ptr<internal::FakeEnsemble> ensemble_;
  std::vector<std::unique_ptr<Process>>& processes_;
  const std::vector<std::string> paths_;
  Process* victim_ = nullptr;  // of this burst of faults
  FaultPlan plan_{world_};
  EnsembleFaults servers_;
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_FAULTS_H_
