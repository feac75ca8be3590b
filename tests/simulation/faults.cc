#include "faults.h"

#include <algorithm>
#include <utility>

namespace zklock::simulation {

namespace {

using namespace std::chrono_literals;
using internal::FakeCaller;
using internal::FakeEnsemble;
using internal::FakeOperation;
using internal::FakeTree;
using CreateMode = FakeTree::CreateMode;

const std::string kWho = "fault";

}  // namespace

Faults::Faults(World& world, Checker& checker, std::shared_ptr<FakeEnsemble> ensemble,
               std::vector<std::unique_ptr<Process>>& processes, std::vector<std::string> paths)
    : world_(world),
      checker_(checker),
      ensemble_(std::move(ensemble)),
      processes_(processes),
      paths_(std::move(paths)),
      servers_(world, plan_, *ensemble_) {}

void Faults::run(nanoseconds duration) {
  const SteadyTime end = world_.now() + duration;
  while (world_.now() < end) {
    // Faults come in bursts: each soon after the other, and at the same process.
    const bool goes_on = world_.chance(30);
    plan_.go_on_until(world_.now() + world_.between(1ms, goes_on ? 500ms : 4s));
    if (!goes_on) victim_ = nullptr;
    cause_one();
  }
  plan_.go_on_until(SteadyTime::max());
  world_.note(kWho, "all is well");
}

Process& Faults::any_process() {
  if (victim_ == nullptr && world_.chance(40)) victim_ = holder();
  if (victim_ == nullptr) {
    const int drawn = world_.below(static_cast<int>(processes_.size()));
    victim_ = processes_.at(static_cast<std::size_t>(drawn)).get();
  }
  return *victim_;
}

/// Of any path; null: nobody is known to hold it.
Process* Faults::holder() {
  const std::vector<std::string> claims = checker_.claims(any_path());
  if (claims.empty()) return nullptr;
  const Stat first = ensemble_->quorum().committed().stat(claims.front()).value_or(Stat{});
  const auto found = std::find_if(
      processes_.begin(), processes_.end(),
      [&first](const auto& process) { return process->line().session == first.ephemeral_owner; });
  return found == processes_.end() ? nullptr : found->get();
}

const std::string& Faults::any_path() {
  return paths_.at(static_cast<std::size_t>(world_.below(static_cast<int>(paths_.size()))));
}

void Faults::cause_one() {
  struct Kind {
    int weight;
    Fault cause;
  };
  static constexpr std::array<Kind, 29> kKinds{{
      {20, &Faults::lose_answer},
      {4, &Faults::delay_watches},
      {14, &Faults::break_connection},
      {8, &Faults::cut_any},
      {6, &Faults::stall},
      {6, &Faults::slow_line},
      {5, &Faults::split_network},
      {6, &Faults::expire_session},
      {6, &Faults::freeze_process},
      {1, &Faults::crash_process},
      {5, &Faults::move_servers},
      {3, &Faults::kill_server},
      {3, &Faults::freeze_server},
      {3, &Faults::cut_off_server},
      {5, &Faults::slow_commits},
      {3, &Faults::change_leader},
      {5, &Faults::raise_session_timeouts},
      {3, &Faults::power_off_server},
      {3, &Faults::replace_pods},
      {8, &Faults::delete_claim},
      {3, &Faults::delete_directory},
      {8, &Faults::remove_empty_containers},
      {4, &Faults::renew_directory},
      {2, &Faults::create_foreign_node},
      {3, &Faults::step_wall_clock},
      {4, &Faults::step_clocks_together},
      {3, &Faults::suspend_process},
      {2, &Faults::suspend_host},
      {4, &Faults::throttle},
  }};
  int all = 0;
  for (const Kind& kind : kKinds) all += kind.weight;
  int drawn = world_.below(all);
  for (const Kind& kind : kKinds) {
    if (drawn < kind.weight) {
      (this->*kind.cause)();
      return;
    }
    drawn -= kind.weight;
  }
}

// --- Requests -----------------------------------------------------------------------------------

void Faults::lose_answer() {
  static constexpr std::array kOperations{
      FakeOperation::create,   FakeOperation::create, FakeOperation::remove, FakeOperation::set,
      FakeOperation::children, FakeOperation::get,    FakeOperation::check,  FakeOperation::multi};
  const FakeOperation operation =
      kOperations.at(static_cast<std::size_t>(world_.below(static_cast<int>(kOperations.size()))));
  const std::int64_t session = any_process().line().session;
  const bool is_bad_hour = operation == FakeOperation::create && world_.chance(25);
  ensemble_->run([&] {
    ensemble_->faults().lose_next_answer(operation, session);
    if (!is_bad_hour) return;
    // Clients that look for their create ask servers that lag behind and refuse requests.
    world_.count(kWho, "slows and throttles all that follow a lost create");
    ensemble_->faults().fail_next(FakeOperation::check, ZooKeeperErrc::throttled, 2);
    for (int server = 0; server < ensemble_->quorum().size(); ++server) {
      ensemble_->quorum().slow_commits(server, 2s);
    }
  });
  if (!is_bad_hour) return;
  plan_.heal_later(1s, 5s, [this] {
    ensemble_->run([this] {
      for (int server = 0; server < ensemble_->quorum().size(); ++server) {
        ensemble_->quorum().slow_commits(server, 0ns);
      }
    });
  });
}

void Faults::throttle() {
  static constexpr std::array kOperations{FakeOperation::any,      FakeOperation::create,
                                          FakeOperation::check,    FakeOperation::get,
                                          FakeOperation::children, FakeOperation::multi};
  const FakeOperation operation =
      kOperations.at(static_cast<std::size_t>(world_.below(static_cast<int>(kOperations.size()))));
  const int times = 1 + world_.below(3);
  world_.count(kWho, "throttles requests");
  ensemble_->run(
      [&] { ensemble_->faults().fail_next(operation, ZooKeeperErrc::throttled, times); });
}

void Faults::delay_watches() {
  const nanoseconds delay = world_.between(1ms, 1s);
  world_.count(kWho, "delays watches");
  ensemble_->run([&] { ensemble_->delay_watches(delay); });
  plan_.heal_later(0s, 10s, [this] { ensemble_->run([this] { ensemble_->delay_watches(0ns); }); });
}

// --- Clients ------------------------------------------------------------------------------------

void Faults::break_connection() {
  Process& process = any_process();
  world_.count(kWho, "breaks a connection", process.name());
  ensemble_->run([&] { ensemble_->network().break_connection(process.line()); });
}

void Faults::cut_any() { cut(any_process()); }

void Faults::cut(Process& process) {
  if (process.is_crashed()) return;
  world_.count(kWho, "cuts a client off", process.name());
  ensemble_->run([&] { ensemble_->network().cut(process.line()); });
  plan_.heal_later(1ms, 15s, [this, &process] {
    if (process.is_crashed()) return;
    world_.note(kWho, "restores " + process.name());
    ensemble_->run([&] { process.line().is_cut = false; });
  });
}

void Faults::stall() {
  Process& process = any_process();
  world_.count(kWho, "stalls a client's network", process.name());
  ensemble_->run([&] { process.line().is_stalled = true; });
  plan_.heal_later(1ms, 15s, [this, &process] {
    world_.note(kWho, "restores " + process.name());
    ensemble_->run([&] { ensemble_->network().release(process.line()); });
  });
}

/// Messages of both directions arrive late, as if many packets were lost. Often the connection
/// breaks too, and then no other one can be made.
void Faults::slow_line() {
  Process& process = any_process();
  if (process.is_crashed()) return;
  const nanoseconds delay = world_.between(1ms, 2s);
  world_.count(kWho, "slows a client's network", process.name());
  ensemble_->run([&] {
    process.line().most_delay = delay;
    if (world_.chance(50)) ensemble_->network().break_connection(process.line());
  });
  plan_.heal_later(1ms, 5s, [this, &process] {
    world_.note(kWho, "restores " + process.name());
    ensemble_->run([&] { process.line().most_delay = 0ns; });
    if (world_.chance(50)) cut(process);
  });
}

/// The servers go on without the one that a client is connected to, which it still reaches.
void Faults::split_network() {
  Process& process = any_process();
  if (process.is_crashed()) return;
  int server = -1;
  ensemble_->run([&] {
    server = ensemble_->network().server_of(process.line());
    if (server < 0) return;
    process.line().is_cut = true;
    ensemble_->quorum().cut_off(server);
  });
  if (server < 0) return;
  world_.count(kWho, "splits the network", process.name());
  plan_.heal_later(1ms, 15s, [this, &process, server] {
    world_.note(kWho, "unites the network of " + process.name());
    ensemble_->run([&] {
      ensemble_->quorum().heal(server);
      if (!process.is_crashed()) process.line().is_cut = false;
    });
  });
}

void Faults::expire_session() {
  Process& process = any_process();
  world_.count(kWho, "expires a session", process.name());
  ensemble_->run([&] {
    checker_.session_ended_by_hand(process.line().session);
    ensemble_->expire_session(process.line().session);
  });
}

void Faults::freeze_process() {
  Process& process = any_process();
  if (process.is_crashed() || process.is_frozen()) return;
  world_.count(kWho, "freezes a process", process.name());
  checker_.count_claims_of(process, "frozen");
  process.freeze();
  plan_.heal_later(1ms, 15s, [this, &process] {
    world_.note(kWho, "thaws " + process.name());
    process.thaw();
  });
}

void Faults::suspend_process() {
  Process& process = any_process();
  if (process.is_crashed() || process.is_frozen()) return;
  world_.count(kWho, "suspends a machine", process.name());
  process.suspend();
  plan_.heal_later(1ms, 15s, [this, &process] {
    world_.note(kWho, "wakes " + process.name());
    process.thaw();
  });
}

void Faults::crash_process() {
  const auto alive = std::count_if(processes_.begin(), processes_.end(),
                                   [](const auto& process) { return !process->is_crashed(); });
  Process& process = any_process();
  if (alive < 2 || process.is_crashed() || process.is_frozen()) return;
  world_.count(kWho, "kills a process", process.name());
  checker_.count_claims_of(process, "killed");
  process.crash();
}

void Faults::move_servers() {
  Process& process = any_process();
  if (process.is_crashed()) return;
  world_.count(kWho, "moves the servers", process.name());
  ensemble_->run([&] {
    process.line().servers_move = true;
    ensemble_->network().cut(process.line());
  });
  plan_.heal_later(2s, 6s, [this, &process] {
    if (process.is_crashed()) return;
    world_.note(kWho, "restores " + process.name());
    ensemble_->run([&] { process.line().is_cut = false; });
  });
}

void Faults::step_wall_clock() {
  Process& process = any_process();
  world_.count(kWho, "sets a process's wall clock", process.name());
  process.platform().step_wall_clock(world_.between(-1h, 1h));
}

/// One time source, of the leader and of some of the processes, was wrong or becomes so.
void Faults::step_clocks_together() {
  const nanoseconds step = world_.between(-1h, 1h);
  world_.count(kWho, "sets the leader's clock and others'");
  world_.root.step_wall_clock(step);
  for (const auto& process : processes_) {
    if (world_.chance(50)) process->platform().step_wall_clock(step);
  }
}

/// A host of several processes and of a server is paused.
void Faults::suspend_host() {
  world_.count(kWho, "suspends a host");
  freeze_server();
  for (const auto& process : processes_) {
    if (process->is_crashed() || process->is_frozen() || !world_.chance(50)) continue;
    process->suspend();
    plan_.heal_later(1ms, 15s, [&process] { process->thaw(); });
  }
}

// --- By hand ------------------------------------------------------------------------------------

/// Whether it was there, and could be removed. REQUIRES: on the ensemble's thread.
bool Faults::remove_by_hand(const std::string& znode) {
  bool is_gone = false;
  ensemble_->write([&](const FakeTree& tree, Stat::Time) {
    auto outcome = tree.remove(znode, ZooKeeperClient::kAnyVersion, FakeCaller::an_operator());
    is_gone = static_cast<bool>(outcome);
    if (is_gone) checker_.deleted_by_hand(znode);
    return outcome;
  });
  return is_gone;
}

void Faults::delete_claim() {
  const std::string& path = any_path();
  ensemble_->run([&] {
    const std::vector<std::string> claims = checker_.claims(path);
    if (claims.empty()) return;
    const int drawn = world_.below(static_cast<int>(claims.size()));
    const std::string& claim = claims.at(static_cast<std::size_t>(drawn));
    if (remove_by_hand(claim)) {
      world_.count(kWho, drawn == 0 ? "deletes the first claim" : "deletes a waiter's claim",
                   claim);
    }
  });
}

void Faults::delete_directory() {
  const std::string& path = any_path();
  ensemble_->run([&] {
    if (remove_by_hand(path)) world_.count(kWho, "deletes an empty directory", path);
  });
}

/// The leader looks for directories that nobody uses.
void Faults::remove_empty_containers() {
  ensemble_->run([&] {
    if (ensemble_->remove_empty_containers() > 0) world_.count(kWho, "removes an empty container");
  });
}

/// With all claims in it. The numbers of the new one go on near where the old ones were, as if as
/// many claims had come and gone in it. Servers that lag let clients act before they learn of it.
void Faults::renew_directory() {
  const std::string& path = any_path();
  const std::int32_t back = world_.below(3);
  const nanoseconds delay = world_.between(0ms, 500ms);
  const auto kind = world_.chance(80) ? CreateMode::container : CreateMode::persistent;
  const auto slow_all_commits = [this](nanoseconds by) {
    for (int server = 0; server < ensemble_->quorum().size(); ++server) {
      ensemble_->quorum().slow_commits(server, by);
    }
  };
  bool are_slow = false;
  ensemble_->run([&] {
    const FakeTree& committed = ensemble_->quorum().committed();
    const std::vector<std::string> claims = checker_.claims(path);
    // Nothing foreign is to be lost.
    if (!committed.has(path) || committed.children_of(path).size() != claims.size()) return;
    const Stat stat = committed.stat(path).value_or(Stat{});
    const std::int32_t created = (stat.cversion + stat.num_children) / 2;
    slow_all_commits(delay);
    are_slow = true;
    for (const std::string& claim : claims) remove_by_hand(claim);
    if (!remove_by_hand(path)) return;
    ensemble_->write([&](const FakeTree& tree, Stat::Time now) {
      return tree.create(path, "", Acl::open(), kind, now, FakeCaller::an_operator());
    });
    if (created > back) ensemble_->quorum().set_sequence_counter(path, created - back);
    world_.count(kWho, "makes a directory anew", path);
  });
  if (!are_slow) return;
  plan_.heal_later(1ms, 2s, [this, slow_all_commits] {
    ensemble_->run([&slow_all_commits] { slow_all_commits(0ns); });
  });
}

void Faults::create_foreign_node() {
  const std::string& path = any_path();
  static constexpr std::array kNames{"shard-1", "config", "lock-", "a-99999999999999999999"};
  const std::string znode =
      path + "/" +
      kNames.at(static_cast<std::size_t>(world_.below(static_cast<int>(kNames.size()))));
  ensemble_->run([&] {
    bool is_made = false;
    ensemble_->write([&](const FakeTree& tree, Stat::Time now) {
      auto outcome = tree.create(znode, "not ours", Acl::open(), CreateMode::persistent, now,
                                 FakeCaller::an_operator());
      is_made = static_cast<bool>(outcome);
      return outcome;
    });
    if (!is_made) return;
    checker_.created_by_hand(znode);
    world_.count(kWho, "creates a foreign node", znode);
  });
}

}  // namespace zklock::simulation
