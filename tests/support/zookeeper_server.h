// A real ZooKeeper server, for one test or for all of a process.
#ifndef ZKLOCK_TESTS_SUPPORT_ZOOKEEPER_SERVER_H_
#define ZKLOCK_TESTS_SUPPORT_ZOOKEEPER_SERVER_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/reserved_port.h"
#include "support/subprocess.h"
#include "support/temporary_directory.h"

namespace zklock::test {

struct ZooKeeperServerOptions {
  /// ZooKeeper's own default is 2 s. A short one lets sessions expire soon after their time.
  std::chrono::milliseconds tick_time{200};
  /// What sessions may ask for; ZooKeeper's own defaults are 2 and 20 ticks. None is below 2 ticks.
  std::chrono::milliseconds min_session_timeout{400};
  std::chrono::milliseconds max_session_timeout{60'000};
  /// From 1 on: its number in an ensemble, whose servers `settings` list. 0: it stands alone.
  int number_in_ensemble = 0;
  /// Further lines of zoo.cfg: "name=value". Of two for one name the last one counts.
  std::vector<std::string> settings{};
  /// Further options of the Java virtual machine: "-Dname=value".
  std::vector<std::string> java_options{};
  /// Further variables of its environment: "NAME=value".
  std::vector<std::string> variables{};
};

/// A server of Debian's `zookeeper` package, on a loopback port and with a data directory of its
/// own. It never outlives the object, nor this process. For an ensemble see ZooKeeperEnsemble.
///
/// All calls block until they have done what they say; they throw std::runtime_error, with the
/// server's log, if that fails. Thread safety: none.
class ZooKeeperServer {
 public:
  /// Starts it, and waits until it serves; one of an ensemble is only started, since it takes
  /// others to serve.
  explicit ZooKeeperServer(ZooKeeperServerOptions options = {});

  /// Kills it, and removes its data.
  ~ZooKeeperServer() = default;

  ZooKeeperServer(const ZooKeeperServer&) = delete;
  ZooKeeperServer& operator=(const ZooKeeperServer&) = delete;

  /// One for all tests of the process that do not disturb it, started when it is first asked for.
  /// Starting one takes the better part of a second.
  static ZooKeeperServer& shared();

  /// "127.0.0.1:<port>". The port is this server's as long as the object lives, also while it is
  /// down.
  [[nodiscard]] std::string address() const;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_.number(); }
  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }

  /// Suspends it (SIGSTOP): connections stay open, and nothing is answered. REQUIRES: it runs.
  void stop();
  /// Lets it go on (SIGCONT).
  void resume();

  /// Ends it (SIGKILL), as a crash would. What it has acknowledged is on its disk.
  void kill();
  /// Starts it again, on the same port and with the same data. Kills it first if it still runs.
  /// Waits as the constructor does.
  void restart();

  void wait_until_it_serves();

  /// Whether it answers, within `timeout`, that it serves requests.
  [[nodiscard]] bool serves(std::chrono::milliseconds timeout = kPatience) const;

  /// Its answer to a four letter word: "srvr", "mntr", "wchs" (how many watches), "wchp" (by path).
  /// What it said before it was silent for `timeout`, "" if it is down.
  [[nodiscard]] std::string ask(const std::string& word,
                                std::chrono::milliseconds timeout = kPatience) const;

  /// What it has logged since it was last started.
  [[nodiscard]] std::string log() const { return process_->standard_error(); }

 private:
  static constexpr std::chrono::seconds kPatience{2};

  void write_configuration() const;

  const ZooKeeperServerOptions options_;
  const ReservedPort port_;
  TemporaryDirectory directory_;
  std::optional<Subprocess> process_;  // after the directory: it ends first
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_ZOOKEEPER_SERVER_H_
