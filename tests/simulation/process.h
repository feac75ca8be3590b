// process.h: one simulated process: a client with its session, a lock for each path.
#ifndef ZKLOCK_TESTS_SIMULATION_PROCESS_H_
#define ZKLOCK_TESTS_SIMULATION_PROCESS_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "simulated_world.h"
#include "testing/fake_ensemble.h"

namespace zklock::simulation {

class Checker;

class Process {
 public:
  struct Options {
    std::chrono::milliseconds session_timeout{6'000};
    std::chrono::milliseconds ttl{0};
    bool purge_without_ttl = false;
    nanoseconds wall_offset{0};
    std::int64_t drift = 0;  // millionths
    WhenUncertain when_uncertain = WhenUncertain::lose;
  };

  Process(World& world, std::shared_ptr<internal::FakeEnsemble> ensemble, int number,
          const Options& options);

  /// On this process's platform: makes client and locks.
  void begin(const std::vector<std::string>& paths);
  /// Likewise: destroys them.
  void end();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] internal::VirtualPlatform& platform() noexcept { return platform_; }
  [[nodiscard]] const internal::VirtualPlatform& platform() const noexcept { return platform_; }
  [[nodiscard]] internal::FakeLine& line() const noexcept { return *line_; }
  [[nodiscard]] const std::shared_ptr<ClaimClient>& client() const noexcept { return client_; }
  [[nodiscard]] ZooKeeperLock& lock(int path) { return *locks_.at(static_cast<std::size_t>(path)); }
  /// Another one for the same path, on the same client.
  [[nodiscard]] std::unique_ptr<ZooKeeperLock> make_lock(int path) const;
  [[nodiscard]] nanoseconds ttl() const noexcept { return options_.ttl; }
  [[nodiscard]] bool has_ttl() const noexcept { return options_.ttl.count() > 0; }
  [[nodiscard]] bool purges_without_ttl() const noexcept { return options_.purge_without_ttl; }

  [[nodiscard]] bool suspends() const noexcept {
    return options_.when_uncertain == WhenUncertain::suspend;
  }

  /// Its diary tells `checker` what is to be checked.
  void report_to(Checker& checker) noexcept;

  // What goes wrong with it. Of a thread of another process.
  void freeze();
  /// As freeze, and its steady clock stands still too.
  void suspend();
  void thaw();
  /// It ends without a word. Its threads stay where they are until `bury`, which lets them unwind
  /// without a network.
  void crash();
  void bury();

  [[nodiscard]] bool is_crashed() const noexcept { return is_crashed_; }
  [[nodiscard]] bool is_frozen() const { return platform_.is_frozen(); }
  /// By its own clock.
  [[nodiscard]] SteadyTime last_thawed() const noexcept { return last_thawed_; }
  /// Cancels what its threads wait for, once it is buried.
  [[nodiscard]] std::stop_token buried() const { return buried_.get_token(); }

 private:
  class Diary;

  const std::shared_ptr<internal::FakeEnsemble> ensemble_;
  const Options options_;
  const std::string name_;
  internal::VirtualPlatform platform_;
  const std::shared_ptr<internal::FakeLine> line_;
  const std::shared_ptr<Diary> diary_;
  std::vector<std::string> paths_;
  std::shared_ptr<ClaimClient> client_;
  std::vector<std::unique_ptr<ZooKeeperLock>> locks_;
  bool is_crashed_ = false;
  std::stop_source buried_;
  SteadyTime last_thawed_{};
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_PROCESS_H_
