// server_faults.h: what can go wrong around a lock, one at a time.
#ifndef ZKLOCK_TESTS_CHAOS_SERVER_FAULTS_H_
#define ZKLOCK_TESTS_CHAOS_SERVER_FAULTS_H_

#include <chrono>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "crew.h"
#include "pods.h"
#include "support/zookeeper_ensemble.h"

namespace zklock::chaos {

/// Where faults happen, and the dice that decide how.
class Stage {
 public:
  Stage(test::ZooKeeperEnsemble& ensemble, Pods& pods, Crew& crew,
        std::chrono::milliseconds session_timeout, unsigned seed)
      : ensemble_(ensemble),
        pods_(pods),
        crew_(crew),
        session_timeout_(session_timeout),
        random_(seed) {}

  [[nodiscard]] test::ZooKeeperEnsemble& ensemble() noexcept { return ensemble_; }
  [[nodiscard]] Pods& pods() noexcept { return pods_; }
  [[nodiscard]] Crew& crew() noexcept { return crew_; }

  [[nodiscard]] std::mt19937_64& random() noexcept { return random_; }
  [[nodiscard]] std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  [[nodiscard]] int some_server() {
    return static_cast<int>(below(test::ZooKeeperEnsemble::kSize));
  }
  [[nodiscard]] int some_follower() { return ensemble_.followers().at(below(2)); }

  /// Lets a fault last: for clearly less than the session timeout, or for clearly more.
  void last();
  /// Lets so much time pass.
  static void pass(std::chrono::milliseconds time);

 private:
  test::ZooKeeperEnsemble& ensemble_;
  Pods& pods_;
  Crew& crew_;
  const std::chrono::milliseconds session_timeout_;
  std::mt19937_64 random_;
};

struct Fault {
  std::string name;
  void (*play)(Stage& stage);  // breaks something, lets it last, and heals it
};

/// All that there are.
[[nodiscard]] const std::vector<Fault>& all_faults();

/// Those whose names begin with one of these: "kill" are all that kill. All if there is none.
/// Throws std::invalid_argument for one that begins no name.
[[nodiscard]] std::vector<Fault> select_faults(const std::vector<std::string>& beginnings);

}  // namespace zklock::chaos

#endif  // ZKLOCK_TESTS_CHAOS_SERVER_FAULTS_H_
