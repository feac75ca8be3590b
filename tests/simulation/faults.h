// faults.h: what goes wrong in a schedule, at random times, and heals after a while.
#ifndef ZKLOCK_TESTS_SIMULATION_FAULTS_H_
#define ZKLOCK_TESTS_SIMULATION_FAULTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checker.h"
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
  /// Undoes it at some time within these bounds.
  void heal_later(nanoseconds least, nanoseconds most, std::function<void()> heal);
  void heal_due(SteadyTime until);

  [[nodiscard]] Process& any_process();
  const std::string& any_path();
  [[nodiscard]] int any_server();

  // Of requests.
  void lose_answer();
  void throttle();
  void delay_watches();
  // Of clients.
  void break_connection();
  void cut();
  void stall();
  void expire_session();
  void freeze_process();
  void suspend_process();
  void crash_process();
  void move_servers();
  void step_wall_clock();
  // Of servers.
  void kill_server();
  void freeze_server();
  void cut_off_server();
  void slow_commits();
  void change_leader();
  void raise_session_timeouts();
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
  std::multimap<SteadyTime, std::function<void()>> heals_;
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_FAULTS_H_
