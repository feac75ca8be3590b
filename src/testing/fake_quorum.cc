#include "testing/fake_quorum.h"

#include <algorithm>
#include <utility>

namespace zklock::internal {

namespace {

constexpr int kNoLeader = -1;
/// ZooKeeper's syncLimit, in ticks: how long servers do without hearing of each other.
constexpr int kSyncLimit = 5;
constexpr std::chrono::milliseconds kElectionTime{200};

}  // namespace

FakeQuorum::FakeQuorum(int servers, std::chrono::nanoseconds tick, Executor& loop,
                       FakeQuorumListener& listener)
    : tick_(tick),
      loop_(loop),
      listener_(listener),
      servers_(static_cast<std::size_t>(std::max(servers, 1))) {}

bool FakeQuorum::is_up(int server) const {
  const Server& one = at(server);
  return one.is_running && !one.is_frozen && !one.is_cut_off;
}

bool FakeQuorum::has_quorum() const {
  if (leader_ == kNoLeader) return false;
  // A leader that is cut off has only itself; that will do where there are no others.
  if (!is_up(leader_)) return size() == 1 && !at(0).is_frozen && at(0).is_running;
  int up = 0;
  for (int server = 0; server < size(); ++server) up += is_up(server) ? 1 : 0;
  return up > size() / 2;
}

bool FakeQuorum::reaches_leader(int server) const {
  if (!has_quorum()) return false;
  const Server& one = at(server);
  return server == leader_ ||
         (is_up(server) && one.serves && one.epoch == epoch_ && !one.is_catching_up);
}

Stat::Time FakeQuorum::wall_now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(Platform::current().wall_now() +
                                                                 wall_offset_);
}

// --- Writes -------------------------------------------------------------------------------------

void FakeQuorum::propose(int server, Decide decide, Done done) {
  if (reaches_leader(server)) {
    order(server, decide, done);
    return;
  }
  stuck_.push_back(
      {server, true, [this, server, decide = std::move(decide), done = std::move(done)] {
         order(server, decide, done);
       }});
}

void FakeQuorum::propose_at_leader(const Decide& decide) {
  if (has_quorum()) order(leader_, decide, [](const Result<FakeTransaction>&) {});
}

void FakeQuorum::tell_leader(int server, std::function<void()> arrive) {
  if (reaches_leader(server)) {
    arrive();
  } else {
    stuck_.push_back({server, false, std::move(arrive)});
  }
}

void FakeQuorum::order(int server, const Decide& decide, const Done& done) {
  Result<FakeTransaction> outcome = decide(committed_, wall_now());
  FakeTransaction transaction = outcome ? *outcome : FakeTransaction{};
  transaction.zxid = (epoch_ << 32) | ++counter_;
  transaction.time = wall_now();
  if (outcome) *outcome = transaction;
  const std::size_t number = commit(std::move(transaction));
  at(server).when_applied.emplace(number, [done, outcome] { done(outcome); });
  for (int other = 0; other < size(); ++other) apply_what_is_due(other);
}

/// Returns how many transactions there are now.
std::size_t FakeQuorum::commit(FakeTransaction transaction) {
  committed_.apply(transaction);
  log_.push_back({std::move(transaction), Platform::current().steady_now()});
  return length();
}

/// A server that is slow, frozen or cut off applies committed transactions later.
void FakeQuorum::apply_what_is_due(int server) {
  Server& one = at(server);
  if (!is_up(server) && !(server == leader_ && has_quorum())) return;
  while (one.applied < length()) {
    const SteadyTime due = server == leader_
                               ? SteadyTime::min()
                               : log_[one.applied - first_].committed_at + one.commit_delay;
    if (due > Platform::current().steady_now()) {
      if (std::exchange(one.is_applying, true)) return;
      loop_.schedule(due, [this, server] {
        at(server).is_applying = false;
        apply_what_is_due(server);
      });
      return;
    }
    apply_next(server);
  }
  trim();
}

void FakeQuorum::apply_all(int server) {
  while (at(server).applied < length()) apply_next(server);
}

void FakeQuorum::apply_next(int server) {
  Server& one = at(server);
  const FakeTransaction transaction = log_[one.applied - first_].transaction;
  ++one.applied;
  one.last_zxid = transaction.zxid;
  const std::vector<FakeChange> changes = one.tree.apply(transaction);
  // Watches fire before the answer of the write that fired them.
  listener_.on_applied(server, transaction, changes);
  const auto end = one.when_applied.upper_bound(one.applied);
  std::vector<std::function<void()>> due;
  for (auto waiting = one.when_applied.begin(); waiting != end; ++waiting) {
    due.push_back(std::move(waiting->second));
  }
  one.when_applied.erase(one.when_applied.begin(), end);
  for (const auto& call : due) call();
}

/// What all have carried out is not needed any more.
void FakeQuorum::trim() {
  std::size_t known = length();
  for (const Server& server : servers_) known = std::min(known, server.applied);
  for (; first_ < known; ++first_) log_.pop_front();
}

void FakeQuorum::retry_stuck() {
  std::vector<Stuck> still_stuck;
  for (Stuck& message : std::exchange(stuck_, {})) {
    if (reaches_leader(message.server)) {
      message.arrive();
    } else {
      still_stuck.push_back(std::move(message));
    }
  }
  stuck_.insert(stuck_.begin(), std::make_move_iterator(still_stuck.begin()),
                std::make_move_iterator(still_stuck.end()));
}

void FakeQuorum::drop_messages() {
  stuck_.clear();
  inherited_.clear();
  for (Server& server : servers_) server.when_applied.clear();
}

// --- What goes wrong ----------------------------------------------------------------------------

void FakeQuorum::kill(int server) {
  if (!std::exchange(at(server).is_running, false)) return;
  at(server).is_frozen = false;
  if (server == leader_) {
    lose_leader();  // its connections break: the others know at once
  } else {
    goes_silent(server);
  }
  stop_serving(server);
}

void FakeQuorum::start(int server) {
  Server& one = at(server);
  one.is_running = true;
  if (!is_up(server)) return;  // it is frozen, or cut off: the others have yet to notice
  ++one.silences;              // what was noticed of its end concerns it no more
  if (leader_ == kNoLeader) {
    elect_later(kElectionTime);
  } else {
    come_back(server);
  }
}

void FakeQuorum::come_back(int server) {
  Server& one = at(server);
  if (server == leader_ && !one.serves) {  // it has given up its office
    lose_leader();
    return;
  }
  if (one.serves && one.epoch != epoch_) stop_serving(server);  // it had followed another leader
  const bool serves_still = std::exchange(one.serves, true);
  one.epoch = epoch_;
  for (int other = 0; other < size(); ++other) {
    if (other == server || server == leader_) catch_up(other);
  }
  apply_all(server);
  retry_stuck();
  if (!serves_still) return;
  for (int other = 0; other < size(); ++other) {
    if (other == server || server == leader_) catch_up_later(other);
  }
}

/// What a server had sent arrives, then it hears what the leader has sent: pings, and what was
/// committed after them. So the answer to a write of its own may be with the client before its
/// answer to the pings is with the leader.
void FakeQuorum::catch_up_later(int server) {
  Server& one = at(server);
  if (server == leader_ || !is_up(server) || !one.serves) return;
  one.is_catching_up = true;
  const auto time = static_cast<std::int64_t>(Platform::current().random() %
                                              static_cast<std::uint64_t>((tick_ / 2).count()));
  loop_.schedule(Platform::current().steady_now() + std::chrono::nanoseconds(time),
                 [this, server, number = ++one.catch_ups] {
                   if (at(server).catch_ups != number || !is_up(server)) return;
                   catch_up(server);
                   retry_stuck();
                 });
}

void FakeQuorum::catch_up(int server) {
  if (leader_ == kNoLeader || !is_up(leader_)) return;  // once that is back
  if (std::exchange(at(server).is_catching_up, false)) listener_.on_caught_up(server);
}

void FakeQuorum::freeze(int server) {
  if (!at(server).is_running || std::exchange(at(server).is_frozen, true)) return;
  goes_silent(server);
}

void FakeQuorum::thaw(int server) {
  Server& one = at(server);
  if (!std::exchange(one.is_frozen, false)) return;
  listener_.on_thawed(server);
  start(server);
}

void FakeQuorum::cut_off(int server) {
  if (std::exchange(at(server).is_cut_off, true)) return;
  goes_silent(server);
}

void FakeQuorum::heal(int server) {
  if (!std::exchange(at(server).is_cut_off, false)) return;
  if (at(server).is_running) start(server);
}

/// The others do not hear of it, and it may not hear of them. Nobody notices at the same time: the
/// others may have another leader while this one goes on answering.
void FakeQuorum::goes_silent(int server) {
  const std::uint64_t silence = ++at(server).silences;
  const SteadyTime now = Platform::current().steady_now();
  const auto after = [&](std::chrono::nanoseconds time, std::function<void()> notice) {
    loop_.schedule(now + time, [this, server, silence, notice = std::move(notice)] {
      if (at(server).silences == silence) notice();
    });
  };
  if (size() == 1) return;
  after(kSyncLimit * tick_, [this, server] { stop_serving(server); });
  const auto some = static_cast<std::int64_t>(Platform::current().random() %
                                              static_cast<std::uint64_t>((2 * tick_).count()));
  after((kSyncLimit - 1) * tick_ + std::chrono::nanoseconds(some), [this, server] {
    if (leader_ != kNoLeader && (server == leader_ || !has_quorum())) lose_leader();
  });
}

/// Its connection to the leader is gone, with all that had not arrived.
void FakeQuorum::stop_serving(int server) {
  at(server).serves = false;
  at(server).is_catching_up = false;
  at(server).when_applied.clear();
  std::erase_if(stuck_, [server](const Stuck& message) { return message.server == server; });
  listener_.on_stopped_serving(server);
}

void FakeQuorum::slow_commits(int server, std::chrono::nanoseconds delay) {
  at(server).commit_delay = delay;
}

void FakeQuorum::set_sequence_counter(const std::string& path, std::int32_t counter) {
  committed_.set_sequence_counter(path, counter);
  for (Server& server : servers_) server.tree.set_sequence_counter(path, counter);
}

// --- Elections ----------------------------------------------------------------------------------

void FakeQuorum::lose_leader() {
  const int lost = std::exchange(leader_, kNoLeader);
  // What the leader had ordered, alone, is lost or not; what had not reached it is.
  for (Stuck& message : std::exchange(stuck_, {})) {
    const bool is_ordered = message.is_write && message.server == lost;
    if (is_ordered && Platform::current().random() % 2 == 0) {
      inherited_.push_back(std::move(message.arrive));
    }
  }
  for (int server = 0; server < size(); ++server) {
    // Servers that are cut off or frozen do not know yet.
    if (is_up(server)) stop_serving(server);
  }
  elect_later(kElectionTime);
}

void FakeQuorum::elect_later(std::chrono::nanoseconds delay) {
  if (std::exchange(is_electing_, true)) return;
  loop_.schedule(Platform::current().steady_now() + delay, [this] {
    is_electing_ = false;
    elect(std::nullopt, {});
  });
}

void FakeQuorum::elect(std::optional<int> preferred, std::chrono::nanoseconds wall_offset) {
  if (leader_ != kNoLeader) return;
  std::vector<int> up;
  for (int server = 0; server < size(); ++server) {
    if (is_up(server)) up.push_back(server);
  }
  if (static_cast<int>(up.size()) <= size() / 2) return;  // `start` or `heal` tries again
  const bool is_possible = preferred && is_up(*preferred);
  leader_ = is_possible ? *preferred : up[Platform::current().random() % up.size()];
  wall_offset_ = wall_offset;
  ++epoch_;
  counter_ = 0;
  for (const int server : up) {
    if (at(server).serves) stop_serving(server);  // it was cut off when the last leader was lost
    apply_all(server);
    at(server).serves = true;
    at(server).epoch = epoch_;
  }
  listener_.on_new_leader(leader_);
  // They come first in the new term, for every client.
  for (const auto& arrive : std::exchange(inherited_, {})) arrive();
}

void FakeQuorum::change_leader(int server, std::chrono::nanoseconds wall_offset) {
  if (leader_ != kNoLeader) lose_leader();
  elect(server, wall_offset);
}

}  // namespace zklock::internal
