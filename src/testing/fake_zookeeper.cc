#include <zklock/testing/fake_zookeeper.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "testing/fake_zookeeper_impl.h"

namespace zklock::testing {

namespace {

using internal::FakeCaller;
using internal::FakeEnsemble;
using internal::FakeLine;
using internal::FakeQuorum;
using internal::FakeTree;
using internal::PlatformScope;

/// In millionths: half as fast again, or half as fast.
constexpr std::int64_t kMostDrift = 500'000;

}  // namespace

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
    impl_->act([&](FakeEnsemble& ensemble) { ensemble.faults().lose_next_answer(operation, 0); });
    return;
  }
  impl_->act_on(client, [&](FakeEnsemble& ensemble, const FakeLine& line) {
    ensemble.faults().lose_next_answer(operation, line.session);
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
  impl_->act([&](FakeEnsemble& ensemble) { ensemble.faults().fail_next(operation, error, times); });
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
    ensemble.network().break_connection(line);
  });
}
void FakeZooKeeper::cut(const Client& client) {
  impl_->act_on(client,
                [](FakeEnsemble& ensemble, FakeLine& line) { ensemble.network().cut(line); });
}
void FakeZooKeeper::stall(const Client& client) {
  impl_->act_on(client, [](FakeEnsemble&, FakeLine& line) { line.is_stalled = true; });
}
void FakeZooKeeper::restore(const Client& client) {
  impl_->act_on(client, [](FakeEnsemble& ensemble, FakeLine& line) {
    line.is_cut = false;
    ensemble.network().release(line);
  });
}
void FakeZooKeeper::move_servers(const Client& client) {
  impl_->act_on(client, [](FakeEnsemble&, FakeLine& line) { line.servers_move = true; });
}
void FakeZooKeeper::know_only(const Client& client, int server) {
  impl_->check_server(server);
  impl_->act_on(client, [server](FakeEnsemble&, FakeLine& line) { line.only_server = server; });
}

int FakeZooKeeper::server_of(const Client& client) const {
  int server = -1;
  impl_->act_on(client, [&](FakeEnsemble& ensemble, const FakeLine& line) {
    server = ensemble.network().server_of(line);
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
  impl_->check_server(server);
  impl_->act([server](FakeEnsemble& ensemble) { ensemble.start(server); });
}
void FakeZooKeeper::power_off_server(int server) {
  impl_->check_server(server);
  impl_->act([server](FakeEnsemble& ensemble) { ensemble.power_off(server); });
}
void FakeZooKeeper::move_server(int server) {
  impl_->check_server(server);
  impl_->act([server](FakeEnsemble& ensemble) {
    ensemble.quorum().kill(server);
    ensemble.addresses().move(server);
    ensemble.start(server);
  });
}
void FakeZooKeeper::freeze_server(int server) {
  impl_->act_on(server, [&](FakeQuorum& quorum) { quorum.freeze(server); });
}
void FakeZooKeeper::thaw_server(int server) {
  impl_->check_server(server);
  impl_->act([server](FakeEnsemble& ensemble) { ensemble.thaw(server); });
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
  impl_->act(
      [&](FakeEnsemble& ensemble) { ensemble.sessions().bound_timeouts(server, least, most); });
}
void FakeZooKeeper::remove_empty_containers() {
  impl_->act([](FakeEnsemble& ensemble) { ensemble.remove_empty_containers(); });
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
    return tree.create(path, data, Acl::open(), FakeTree::CreateMode::persistent, now,
                       FakeCaller::an_operator());
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
