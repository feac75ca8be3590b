// guarded_registers.h: what contenders write under their locks. Checks that it comes in the order
// of the grants, and that `commit` says what became of it.
#ifndef ZKLOCK_TESTS_SIMULATION_GUARDED_REGISTERS_H_
#define ZKLOCK_TESTS_SIMULATION_GUARDED_REGISTERS_H_

#include <zklock/lock.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulated_world.h"
#include "testing/fake_ensemble.h"

namespace zklock::simulation {

/// A znode for each lock, outside of its directory. Each write has data of its own.
class GuardedRegisters {
 public:
  explicit GuardedRegisters(World& world) : world_(world) {}

  /// On the ensemble's loop: creates the znodes for these locks.
  static void create(internal::FakeEnsemble& ensemble, const std::vector<std::string>& locks);
  /// The znode that the lock of this claim protects.
  [[nodiscard]] static std::string path_for(const std::string& claim);
  /// For a write of this grant.
  [[nodiscard]] std::string next_data(const Lease& lease);

  /// From now on, no earlier grant writes.
  void granted(const Lease& lease);
  /// The leader carries out a transaction.
  void carried_out(const internal::FakeTransaction& multi);
  /// What was said of a write.
  void reported_done(const std::string& data) const;
  void reported_not_done(const std::string& data);

 private:
  World& world_;
  std::int64_t writes_ = 0;
  std::map<std::string, std::int64_t> last_token_;  // by path: of the last grant, or a later write
  std::set<std::string> done_;
  std::set<std::string> not_done_;  // as reported
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_GUARDED_REGISTERS_H_
