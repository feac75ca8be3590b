#include <zklock/testing/fake_zookeeper.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <stdexcept>
#include <system_error>

#include "base/mutex.h"
#include "client/check_client_options.h"
#include "client/client.h"
#include "testing/fake_ensemble.h"
#include "testing/fake_wire.h"
#include "testing/virtual_platform.h"
#include "testing/virtual_time.h"

namespace zklock::testing {

namespace {

using internal::FakeCaller;
using internal::FakeEnsemble;
using internal::FakeLine;
using internal::FakeQuorum;
using internal::FakeTransaction;
using internal::FakeTree;
using internal::Platform;
using internal::PlatformScope;
using internal::Thread;
using internal::VirtualPlatform;
using internal::VirtualTime;

/// How much (virtual) time the clients' threads get to end in.
constexpr std::chrono::hours kFarewell{1};
/// In millionths: half as fast again, or half as fast.
constexpr std::int64_t kMostDrift = 500'000;
/// The loop of the ensemble, which ends last.
constexpr int kOwnThreads = 1;

}  // namespace

class FakeMachine::Impl {
 public:
  Impl(FakeZooKeeper::Impl& of, const std::string& host)
      : zookeeper(of), platform(zookeeper_time(of), options_for(host)) {}

  static VirtualPlatform::Options options_for(const std::string& host) {
    VirtualPlatform::Options options;
    options.host = host;
    return options;
  }
  static VirtualTime& zookeeper_time(FakeZooKeeper::Impl& zookeeper);

  FakeZooKeeper::Impl& zookeeper;
  VirtualPlatform platform;
};

class FakeZooKeeper::Impl {
 public:
  explicit Impl(const FakeOptions& options)
      : only_one_(check(options)),
        time_(VirtualTime::Mode::free, 1, std::chrono::steady_clock::now()),
        platform_(time_, {}) {
    Platform::install(&platform_);
    VirtualTime::take_part_as_maker(true);
    ensemble_ = std::make_shared<FakeEnsemble>(options, platform_);
  }
  ~Impl() {
    // First all is well again, so that whoever waits comes to an end.
    for (const auto& [host, machine] : machines()) {
      machine->resume();
      machine->thaw();
    }
    const std::vector<Line> all = lines();
    ensemble_->run([&] {
      // What was sent to a frozen server refers to the client that sent it.
      for (int server = 0; server < ensemble_->quorum().size(); ++server) {
        ensemble_->quorum().thaw(server);
      }
      for (const Line& known : all) {
        known.line->is_cut = false;
        ensemble_->release(*known.line);
      }
    });
    join_threads();
    time_.end_threads(kOwnThreads, kFarewell);
    ensemble_->stop();
    time_.end_threads(0, kFarewell);
    VirtualTime::take_part_as_maker(false);
    Platform::install(nullptr);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Client connect(VirtualPlatform& platform, const ClientOptions& options, int first_server = -1);
  FakeMachine& machine(const std::string& host);
  void start_thread(std::function<void()> body);
  /// Runs `job(ensemble)` on its loop, and lets the library do what comes of it.
  template <class Job>
  void act(const Job& job) {
    ensemble_->run([&] { job(*ensemble_); });
    time_.settle();
  }
  template <class Job>
  void act_on(const Client& client, const Job& job) {
    const std::shared_ptr<FakeLine> line = line_of(client);
    act([&](FakeEnsemble& ensemble) { job(ensemble, *line); });
  }
  template <class Job>
  void act_on(int server, const Job& job) {
    check_server(server);
    act([&](FakeEnsemble& ensemble) { job(ensemble.quorum()); });
  }
  void check_server(int server) const {
    if (server < 0 || server >= ensemble_->quorum().size()) {
      throw std::out_of_range("FakeZooKeeper: there is no server " + std::to_string(server));
    }
  }
  /// A change of a machine's state, after which messages may be on their way again.
  template <class Change>
  void change(const VirtualPlatform& platform, const Change& change) {
    change();
    const std::vector<Line> all = lines();
    act([&](FakeEnsemble& ensemble) {
      for (const Line& known : all) {
        if (&known.line->platform == &platform) ensemble.go_on(*known.line);
      }
    });
  }
  /// A write as an operator's.
  void write(const FakeQuorum::Decide& decide);

  [[nodiscard]] VirtualTime& time() noexcept { return time_; }
  [[nodiscard]] VirtualPlatform& platform() noexcept { return platform_; }

 private:
  struct Line {
    const ZooKeeperClient* client;
    std::shared_ptr<FakeLine> line;
  };

  [[nodiscard]] std::shared_ptr<FakeLine> line_of(const Client& client) const;
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
  static Only check(const FakeOptions& options) {
    if (options.servers < 1) throw std::invalid_argument("FakeOptions: servers is below 1");
    if (options.tick_time < std::chrono::milliseconds(1)) {
      throw std::invalid_argument("FakeOptions: tick_time is below 1 ms");
    }
    if (options.latency.count() < 0 || options.jitter.count() < 0) {
      throw std::invalid_argument("FakeOptions: latency or jitter is negative");
    }
    return {};
  }

  const Only only_one_;
  VirtualTime time_;
  VirtualPlatform platform_;  // of the test, and of the servers
  std::shared_ptr<FakeEnsemble> ensemble_;

  mutable internal::Mutex mutex_;
  std::map<std::string, std::unique_ptr<FakeMachine>> machines_ ZKLOCK_GUARDED_BY(mutex_);
  std::vector<Line> lines_ ZKLOCK_GUARDED_BY(mutex_);  // in the order of connecting
  std::vector<std::unique_ptr<Thread>> threads_ ZKLOCK_GUARDED_BY(mutex_);
};

VirtualTime& FakeMachine::Impl::zookeeper_time(FakeZooKeeper::Impl& zookeeper) {
  return zookeeper.time();
}

FakeZooKeeper::Client FakeZooKeeper::Impl::connect(VirtualPlatform& platform,
                                                   const ClientOptions& options, int first_server) {
  internal::check_client_options(options);
  const PlatformScope scope(platform);
  const auto line = std::make_shared<FakeLine>(platform);
  line->first_server = first_server;
  const auto client = std::make_shared<internal::Client>(
      std::make_unique<internal::FakeDialer>(ensemble_, line, options), options, "/");
  {
    const internal::MutexLock lock(mutex_);
    lines_.push_back({client.get(), line});
  }
  const internal::TimePasses passes(time_);
  client->await_session(options.connect_timeout);
  return client;
}

std::shared_ptr<FakeLine> FakeZooKeeper::Impl::line_of(const Client& client) const {
  const internal::MutexLock lock(mutex_);
  // The last one: others may have had its address before it.
  const auto known = std::find_if(lines_.rbegin(), lines_.rend(),
                                  [&](const Line& line) { return line.client == client.get(); });
  if (known == lines_.rend()) {
    throw std::out_of_range("FakeZooKeeper: not a client of this ensemble");
  }
  return known->line;
}

std::map<std::string, FakeMachine*> FakeZooKeeper::Impl::machines() const {
  const internal::MutexLock lock(mutex_);
  std::map<std::string, FakeMachine*> machines;
  for (const auto& [host, machine] : machines_) machines[host] = machine.get();
  return machines;
}

/// Those that are started meanwhile, too.
void FakeZooKeeper::Impl::join_threads() {
  for (;;) {
    std::vector<std::unique_ptr<Thread>> threads;
    {
      const internal::MutexLock lock(mutex_);
      threads.swap(threads_);
    }
    if (threads.empty()) return;
    for (const std::unique_ptr<Thread>& thread : threads) thread->join();
  }
}

FakeMachine& FakeZooKeeper::Impl::machine(const std::string& host) {
  const internal::MutexLock lock(mutex_);
  std::unique_ptr<FakeMachine>& machine = machines_[host];
  if (!machine) {
    machine.reset(new FakeMachine(std::make_unique<FakeMachine::Impl>(*this, host)));
  }
  return *machine;
}

void FakeZooKeeper::Impl::start_thread(std::function<void()> body) {
  std::unique_ptr<Thread> thread =
      Platform::current().start_thread("test", [body = std::move(body)] {
        VirtualTime::take_part_for_the_test();
        body();
      });
  const internal::MutexLock lock(mutex_);
  threads_.push_back(std::move(thread));
}

void FakeZooKeeper::Impl::write(const FakeQuorum::Decide& decide) {
  std::error_code error = ZooKeeperErrc::connection_loss;  // there is no quorum
  act([&](FakeEnsemble& ensemble) {
    ensemble.write([&](const FakeTree& tree, Stat::Time now) {
      Result<FakeTransaction> outcome = decide(tree, now);
      error = outcome.error();
      return outcome;
    });
  });
  if (error) throw std::system_error(error);
}

// --- FakeZooKeeper ------------------------------------------------------------------------------

FakeZooKeeper::FakeZooKeeper(const FakeOptions& options) : impl_(std::make_unique<Impl>(options)) {}
FakeZooKeeper::~FakeZooKeeper() = default;

FakeZooKeeper::Client FakeZooKeeper::connect(const ClientOptions& options) {
  return impl_->connect(impl_->platform(), options);
}
FakeZooKeeper::Client FakeZooKeeper::connect_to(int server, const ClientOptions& options) {
  impl_->check_server(server);
  return impl_->connect(impl_->platform(), options, server);
}
void FakeZooKeeper::start_thread(std::function<void()> body) {
  impl_->start_thread(std::move(body));
}
FakeMachine& FakeZooKeeper::machine(const std::string& host) { return impl_->machine(host); }

void FakeZooKeeper::advance(std::chrono::nanoseconds time) { impl_->time().advance(time); }
void FakeZooKeeper::settle() { impl_->time().settle(); }
void FakeZooKeeper::let_time_pass(bool on) { impl_->time().let_time_pass(on); }
void FakeZooKeeper::step_wall_clock(std::chrono::nanoseconds step) {
  impl_->platform().step_wall_clock(step);
}

void FakeZooKeeper::lose_next_answer(Operation operation, const Client& client) {
  if (!client) {
    impl_->act([&](FakeEnsemble& ensemble) { ensemble.lose_next_answer(operation, 0); });
    return;
  }
  impl_->act_on(client, [&](FakeEnsemble& ensemble, const FakeLine& line) {
    ensemble.lose_next_answer(operation, line.session);
  });
}
void FakeZooKeeper::fail_next(Operation operation, ZooKeeperErrc error, int times) {
  if (times < 1) throw std::invalid_argument("FakeZooKeeper::fail_next: times is below 1");
  // These are the network's and the session's, and come with what they are about.
  static constexpr std::array kNotOfARequest{
      ZooKeeperErrc::connection_loss, ZooKeeperErrc::operation_timeout,
      ZooKeeperErrc::session_expired, ZooKeeperErrc::session_moved,
      ZooKeeperErrc::auth_failed,     ZooKeeperErrc::closing,
      ZooKeeperErrc::canceled,        ZooKeeperErrc::forked};
  if (std::find(kNotOfARequest.begin(), kNotOfARequest.end(), error) != kNotOfARequest.end()) {
    throw std::invalid_argument("FakeZooKeeper::fail_next: no server answers " +
                                make_error_code(error).message() +
                                "; see lose_next_answer, break_connection, expire_session");
  }
  impl_->act([&](FakeEnsemble& ensemble) { ensemble.fail_next(operation, error, times); });
}
void FakeZooKeeper::delay_watches(std::chrono::nanoseconds delay) {
  impl_->act([&](FakeEnsemble& ensemble) { ensemble.delay_watches(delay); });
}

void FakeZooKeeper::expire_session(const Client& client) {
  bool has_quorum = false;
  impl_->act_on(client, [&](FakeEnsemble& ensemble, const FakeLine& line) {
    has_quorum = ensemble.quorum().has_quorum();
    ensemble.expire_session(line.session);
  });
  if (!has_quorum) {
    throw std::system_error(make_error_code(ZooKeeperErrc::connection_loss),
                            "FakeZooKeeper::expire_session: there is no quorum to end it");
  }
}
void FakeZooKeeper::break_connection(const Client& client) {
  impl_->act_on(client, [](FakeEnsemble& ensemble, const FakeLine& line) {
    ensemble.break_connection(line);
  });
}
void FakeZooKeeper::cut(const Client& client) {
  impl_->act_on(client, [](FakeEnsemble& ensemble, FakeLine& line) { ensemble.cut(line); });
}
void FakeZooKeeper::stall(const Client& client) {
  impl_->act_on(client, [](FakeEnsemble&, FakeLine& line) { line.is_stalled = true; });
}
void FakeZooKeeper::restore(const Client& client) {
  impl_->act_on(client, [](FakeEnsemble& ensemble, FakeLine& line) {
    line.is_cut = false;
    ensemble.release(line);
  });
}
void FakeZooKeeper::move_servers(const Client& client) {
  impl_->act_on(client, [](FakeEnsemble&, FakeLine& line) { line.servers_move = true; });
}

int FakeZooKeeper::server_of(const Client& client) const {
  int server = -1;
  impl_->act_on(client, [&](const FakeEnsemble& ensemble, const FakeLine& line) {
    server = ensemble.server_of(line);
  });
  return server;
}
int FakeZooKeeper::leader() const {
  int leader = -1;
  impl_->act([&](FakeEnsemble& ensemble) { leader = ensemble.quorum().leader(); });
  return leader;
}
void FakeZooKeeper::kill_server(int server) {
  impl_->act_on(server, [&](FakeQuorum& quorum) { quorum.kill(server); });
}
void FakeZooKeeper::start_server(int server) {
  impl_->act_on(server, [&](FakeQuorum& quorum) { quorum.start(server); });
}
void FakeZooKeeper::freeze_server(int server) {
  impl_->act_on(server, [&](FakeQuorum& quorum) { quorum.freeze(server); });
}
void FakeZooKeeper::thaw_server(int server) {
  impl_->act_on(server, [&](FakeQuorum& quorum) { quorum.thaw(server); });
}
void FakeZooKeeper::cut_off_server(int server) {
  impl_->act_on(server, [&](FakeQuorum& quorum) { quorum.cut_off(server); });
}
void FakeZooKeeper::heal_server(int server) {
  impl_->act_on(server, [&](FakeQuorum& quorum) { quorum.heal(server); });
}
void FakeZooKeeper::slow_commits(int server, std::chrono::nanoseconds delay) {
  impl_->act_on(server, [&](FakeQuorum& quorum) { quorum.slow_commits(server, delay); });
}
void FakeZooKeeper::change_leader(int server, std::chrono::nanoseconds wall_clock_offset) {
  impl_->act_on(server,
                [&](FakeQuorum& quorum) { quorum.change_leader(server, wall_clock_offset); });
}
void FakeZooKeeper::bound_session_timeouts(int server, std::chrono::milliseconds least,
                                           std::chrono::milliseconds most) {
  impl_->check_server(server);
  if (least > most) throw std::invalid_argument("FakeZooKeeper: the least is above the most");
  impl_->act([&](FakeEnsemble& ensemble) { ensemble.bound_session_timeouts(server, least, most); });
}

std::vector<std::string> FakeZooKeeper::children(const std::string& path) const {
  std::vector<std::pair<std::int64_t, std::string>> dated;
  impl_->act([&](FakeEnsemble& ensemble) {
    const FakeTree& tree = ensemble.quorum().committed();
    for (const std::string& child : tree.children_of(path)) {
      dated.emplace_back(tree.stat(child).value_or(Stat{}).czxid, child);
    }
  });
  std::sort(dated.begin(), dated.end());
  std::vector<std::string> paths;
  paths.reserve(dated.size());
  for (auto& [czxid, child] : dated) paths.push_back(std::move(child));
  return paths;
}

std::optional<Znode> FakeZooKeeper::get(const std::string& path) const {
  std::optional<Znode> znode;
  impl_->act([&](FakeEnsemble& ensemble) { znode = ensemble.quorum().committed().read(path); });
  return znode;
}

void FakeZooKeeper::create(const std::string& path, const std::string& data) {
  impl_->write([&](const FakeTree& tree, Stat::Time now) {
    return tree.create(path, data, Acl::open(), false, now, FakeCaller::an_operator());
  });
}
void FakeZooKeeper::set(const std::string& path, const std::string& data) {
  impl_->write([&](const FakeTree& tree, Stat::Time) {
    return tree.set(path, data, ZooKeeperClient::kAnyVersion, FakeCaller::an_operator());
  });
}
void FakeZooKeeper::remove(const std::string& path) {
  impl_->write([&](const FakeTree& tree, Stat::Time) {
    return tree.remove(path, ZooKeeperClient::kAnyVersion, FakeCaller::an_operator());
  });
}
void FakeZooKeeper::set_sequence_counter(const std::string& path, std::int32_t counter) {
  if (!get(path)) throw std::system_error(make_error_code(ZooKeeperErrc::no_node), path);
  impl_->act(
      [&](FakeEnsemble& ensemble) { ensemble.quorum().set_sequence_counter(path, counter); });
}

// --- FakeMachine --------------------------------------------------------------------------------

class FakeMachine::Visit::Scope : public PlatformScope {
 public:
  using PlatformScope::PlatformScope;
};

FakeMachine::Visit::Visit(FakeMachine& machine)
    : scope_(std::make_unique<Scope>(machine.impl_->platform)) {}
FakeMachine::Visit::~Visit() = default;

FakeMachine::FakeMachine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FakeMachine::~FakeMachine() = default;

FakeZooKeeper::Client FakeMachine::connect(const ClientOptions& options) {
  return impl_->zookeeper.connect(impl_->platform, options);
}
void FakeMachine::step_wall_clock(std::chrono::nanoseconds step) {
  impl_->platform.step_wall_clock(step);
}
void FakeMachine::set_drift(std::int64_t millionths) {
  if (millionths < -kMostDrift || millionths > kMostDrift) {
    throw std::invalid_argument("FakeMachine::set_drift: more than a clock's drift");
  }
  impl_->platform.set_drift(millionths);
  impl_->zookeeper.time().settle();
}
void FakeMachine::freeze() {
  impl_->platform.freeze();
  impl_->zookeeper.time().settle();
}
void FakeMachine::thaw() {
  impl_->zookeeper.change(impl_->platform, [this] { impl_->platform.thaw(); });
}
void FakeMachine::suspend() {
  impl_->platform.suspend();
  impl_->zookeeper.time().settle();
}
void FakeMachine::resume() {
  impl_->zookeeper.change(impl_->platform, [this] { impl_->platform.resume(); });
}

}  // namespace zklock::testing
