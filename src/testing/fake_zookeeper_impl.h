// fake_zookeeper_impl.h: the implementation of FakeZooKeeper: an ensemble, machines, and virtual
// time.
#ifndef ZKLOCK_SRC_TESTING_FAKE_ZOOKEEPER_IMPL_H_
#define ZKLOCK_SRC_TESTING_FAKE_ZOOKEEPER_IMPL_H_

#include <zklock/testing/fake_zookeeper.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/platform.h"
#include "testing/fake_ensemble.h"
#include "testing/virtual_platform.h"
#include "testing/virtual_time.h"

namespace zklock::testing {

class FakeMachine::Impl {
 public:
  Impl(FakeZooKeeper::Impl& of, const std::string& host)
      : zookeeper(of), platform(zookeeper_time(of), options_for(host)) {}

  static internal::VirtualPlatform::Options options_for(const std::string& host) {
    internal::VirtualPlatform::Options options;
    options.host = host;
    return options;
  }
  static internal::VirtualTime& zookeeper_time(FakeZooKeeper::Impl& zookeeper);

  FakeZooKeeper::Impl& zookeeper;
  internal::VirtualPlatform platform;
};

class FakeZooKeeper::Impl {
 public:
  explicit Impl(const FakeOptions& options);
  /// First all is made well again, so that every call ends.
  ~Impl();  // NOLINT(bugprone-exception-escape): a thread that hangs is the end of the test
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Client connect(internal::VirtualPlatform& platform, const ClientOptions& options,
                 int first_server = -1);
  FakeMachine& machine(const std::string& host);
  void start_thread(std::function<void()> body);
  /// Runs `job(ensemble)` on its loop, and waits until the library has reacted.
  template <class Job>
  void act(const Job& job) {
    ensemble_->run([&] { job(*ensemble_); });
    time_.settle();
  }
  template <class Job>
  void act_on(const Client& client, const Job& job) {
    const std::shared_ptr<internal::FakeLine> line = line_of(client);
    act([&](internal::FakeEnsemble& ensemble) { job(ensemble, *line); });
  }
  template <class Job>
  void act_on(int server, const Job& job) {
    check_server(server);
    act([&](internal::FakeEnsemble& ensemble) { job(ensemble.quorum()); });
  }
  void check_server(int server) const {
    if (server < 0 || server >= ensemble_->quorum().size()) {
      throw std::out_of_range("FakeZooKeeper: there is no server " + std::to_string(server));
    }
  }
  /// A change of a machine's state, after which messages may be on their way again.
  template <class Change>
  void change(const internal::VirtualPlatform& platform, const Change& change) {
    change();
    const std::vector<Line> all = lines();
    act([&](internal::FakeEnsemble& ensemble) {
      for (const Line& known : all) {
        if (&known.line->platform == &platform) ensemble.network().go_on(*known.line);
      }
    });
  }
  /// A write as an operator's.
  void write(const internal::FakeQuorum::Decide& decide);

  [[nodiscard]] internal::VirtualTime& time() noexcept { return time_; }
  [[nodiscard]] internal::VirtualPlatform& platform() noexcept { return platform_; }

 private:
  struct Line {
    const ZooKeeperClient* client;
    std::shared_ptr<internal::FakeLine> line;
  };

  [[nodiscard]] std::shared_ptr<internal::FakeLine> line_of(const Client& client) const;
  [[nodiscard]] std::vector<Line> lines() const {
    const internal::MutexLock lock(mutex_);
    return lines_;
  }
  [[nodiscard]] std::map<std::string, FakeMachine*> machines() const;
  void join_threads();

  /// There is one in a process.
  class Only {
   public:
    Only() {
      if (exists().exchange(true)) throw std::logic_error("there is another FakeZooKeeper");
    }
    ~Only() { exists() = false; }
    Only(const Only&) = delete;
    Only& operator=(const Only&) = delete;

   private:
    static std::atomic<bool>& exists() {
      static std::atomic<bool> one{false};
      return one;
    }
  };
  static Only check(const FakeOptions& options);

  const Only only_one_;
  internal::VirtualTime time_;
  internal::VirtualPlatform platform_;  // of the test, and of the servers
  std::shared_ptr<internal::FakeEnsemble> ensemble_;

  mutable internal::Mutex mutex_;
  std::map<std::string, std::unique_ptr<FakeMachine>> machines_ ZKLOCK_GUARDED_BY(mutex_);
  std::vector<Line> lines_ ZKLOCK_GUARDED_BY(mutex_);  // in the order of connecting
  std::vector<std::unique_ptr<internal::Thread>> threads_ ZKLOCK_GUARDED_BY(mutex_);
};

}  // namespace zklock::testing

#endif  // ZKLOCK_SRC_TESTING_FAKE_ZOOKEEPER_IMPL_H_
