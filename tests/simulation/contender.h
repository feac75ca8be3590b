// contender.h: a thread of a process that does what services do with a lock, at random.
#ifndef ZKLOCK_TESTS_SIMULATION_CONTENDER_H_
#define ZKLOCK_TESTS_SIMULATION_CONTENDER_H_

#include <zklock/error.h>
#include <zklock/guarded_write.h>
#include <zklock/zookeeper_lock.h>

#include <optional>
#include <string>
#include <system_error>

#include "base/executor.h"
#include "checker.h"
#include "chronicle.h"
#include "process.h"
#include "simulated_world.h"

namespace zklock::simulation {

class Contender {
 public:
  Contender(World& world, Checker& checker, const Chronicle& chronicle, Process& process,
            std::string name, int paths);

  /// Runs until so many operations are done, or its process is buried.
  void run(int operations);

 private:
  /// When a call is to return, and what may cancel it.
  struct Terms {
    Context context;
    SteadyTime deadline = SteadyTime::max();
    bool is_late = false;  // the deadline has passed already
    std::optional<SteadyTime> canceled_at{};
  };

  [[nodiscard]] Terms lock_terms(bool may_be_endless);
  [[nodiscard]] Terms brief_terms(nanoseconds least, nanoseconds most);
  /// By the clock of the process.
  [[nodiscard]] SteadyTime now() const { return process_.platform().steady_now(); }
  [[nodiscard]] bool has_ended() const { return process_.buried().stop_requested(); }

  void one_cycle();
  void destroy_in_use(int path);
  void wait_until_destroyed(ZooKeeperLock& lock, int path);
  std::optional<Lease> acquire(ZooKeeperLock& lock, int path, bool may_be_endless);
  void count_way(const Lease& lease, std::int64_t session, int lists, bool is_late);
  void refused(const Terms& terms, const LockError& thrown, SteadyTime begun, nanoseconds took);
  [[nodiscard]] bool finds_servers_too_slow(const LockError& error, std::chrono::nanoseconds took);
  void hold(const Lease& lease);
  void stay();
  void overhold(const Lease& lease);
  void cling(const Lease& lease);
  void renew(const Lease& lease);
  void await_certainty(const Lease& lease);
  void verify(const Lease& lease);
  void write(const Lease& lease);
  void release(ZooKeeperLock& lock, const Lease& lease);
  void release_lost(ZooKeeperLock& lock, const Lease& lease);
  void look(ZooKeeperLock& lock);

  World& world_;
  Checker& checker_;
  const Chronicle& chronicle_;
  Process& process_;
  const std::string name_;
  const int paths_;
  internal::Executor chores_;  // cancels, at a time
  int operations_ = 0;
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_CONTENDER_H_
