#include "checker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lock/lease_state.h"
#include "queue/metadata.h"

namespace zklock::simulation {

namespace {

using std::chrono::milliseconds;

/// By how much a call may return later than it was to.
constexpr milliseconds kOverstay{100};

std::string in_ms(nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(time).count()) + " ms";
}

}  // namespace

Checker::Checker(World& world, internal::FakeEnsemble& ensemble,
                 const std::vector<std::unique_ptr<Process>>& processes,
                 std::vector<std::string> paths)
    : world_(world), ensemble_(ensemble), processes_(processes), paths_(std::move(paths)) {}

bool Checker::stands(const std::string& znode) const {
  return ensemble_.quorum().committed().has(znode);
}

std::vector<std::string> Checker::claims(const std::string& path) const {
  const internal::FakeTree& tree = ensemble_.quorum().committed();
  std::vector<std::pair<std::int64_t, std::string>> dated;
  for (const std::string& child : tree.children_of(path)) {
    const Stat stat = tree.stat(child).value_or(Stat{});
    if (stat.ephemeral_owner != 0) dated.emplace_back(stat.czxid, child);
  }
  std::sort(dated.begin(), dated.end());
  std::vector<std::string> claims;
  for (auto& [czxid, child] : dated) claims.push_back(std::move(child));
  return claims;
}

bool Checker::is_excused(const Grant& grant) const {
  const bool can_know = grant.process->line().gone.contains(grant.session);
  return was_deleted_by_hand(grant.lease.znode()) ||
         (ended_by_hand_.contains(grant.session) && !can_know);
}

void Checker::granted(Process& process, int path, const Lease& lease) {
  const Stat stat = ensemble_.quorum().committed().stat(lease.znode()).value_or(Stat{});
  const Grant grant{&process, lease,
                    stat.ephemeral_owner != 0 ? stat.ephemeral_owner : process.line().session,
                    lease.suspended()};
  registers_.granted(lease);
  check_order(lease, paths_.at(static_cast<std::size_t>(path)));
  if (is_excused(grant)) {
    world_.count(process.name(), "is granted what is gone already", lease.znode());
  } else {
    check_claim(grant);
    std::int64_t& last = last_token_[path];
    if (lease.fencing_token() <= last) {
      world_.fail("2: the token of " + lease.znode() + " is not larger than one before it");
    }
    last = lease.fencing_token();
    check_exclusion(grant, path);
  }
  grants_[path].push_back(grant);
}

/// Whatever the process believes: none of its leases is valid when the servers end its session.
void Checker::session_ended(std::int64_t session) {
  for (auto& [path, grants] : grants_) {
    for (const Grant& grant : grants) {
      if (grant.session != session || is_excused(grant) || !looks_valid(grant)) continue;
      world_.fail("1: " + grant.lease.znode() + " is valid, and its session has ended");
    }
  }
}

// --- Purges -------------------------------------------------------------------------------------

void Checker::decided(internal::FakeOperation operation, const std::string& path,
                      std::int64_t session, const Result<internal::FakeTransaction>& outcome) {
  for (const auto& process : processes_) whose_.emplace(process->line().session, process.get());
  if (operation == internal::FakeOperation::remove) {
    if (outcome.error() == ZooKeeperErrc::bad_version) {
      world_.count("ensemble", "a purge meets a newer write", path);
    }
    if (!outcome) return;
    const Stat stat = ensemble_.quorum().committed().stat(path).value_or(Stat{});
    const Process* const purger = whose(session);
    const Process* const holder = whose(stat.ephemeral_owner);
    // A process may remove what is left of a session that it had before.
    if (purger != nullptr && holder != nullptr && purger != holder) {
      check_purge(path, *purger, *holder);
    }
    written_.erase(path);
  } else if (operation == internal::FakeOperation::multi) {
    if (outcome) registers_.carried_out(*outcome);
  } else if (outcome && operation == internal::FakeOperation::check) {
    checked_[path] = world_.now();
  } else if (outcome) {
    written_[outcome->path] = world_.now();
  }
}

/// Null: an operator's, or none.
Process* Checker::whose(std::int64_t session) const {
  const auto found = whose_.find(session);
  return session == 0 || found == whose_.end() ? nullptr : found->second;
}

void Checker::check_purge(const std::string& znode, const Process& purger, const Process& holder) {
  const std::string what = purger.name() + " purges " + znode;
  if (!purger.has_ttl()) world_.fail("4: " + what + ", and has no TTL itself");
  if (claims(znode.substr(0, znode.rfind('/'))).front() != znode) {
    world_.fail("4: " + what + ", which is not first");
  }
  const std::string data = ensemble_.quorum().committed().read(znode).value_or(Znode{}).data;
  const auto metadata = internal::parse_metadata(data);
  std::optional<nanoseconds> ttl = metadata ? metadata->ttl() : std::nullopt;
  if (!ttl) {
    if (!purger.purges_without_ttl()) world_.fail("4: " + what + ", which has no TTL");
    world_.count(purger.name(), "purges a holder without a TTL", znode);
    deleted_by_hand_.insert(znode);
    ttl = purger.ttl();
  }
  const nanoseconds age = world_.now() - written_.at(znode);
  if (age < *ttl) world_.fail("4: " + what + " " + in_ms(*ttl - age) + " before its TTL is over");
  for (const auto& [path, grants] : grants_) {
    for (const Grant& grant : grants) {
      if (grant.lease.znode() != znode || is_excused(grant) || !looks_valid(grant)) continue;
      world_.fail("1: " + what + ", whose lease is valid");
    }
  }
  if (metadata && metadata->waiting) {
    world_.count("ensemble", "a claim is purged whose turn came, and who did not take it", znode);
  }
  if (holder.is_frozen()) world_.count("ensemble", "a frozen holder is purged", znode);
}

// --- Leases -------------------------------------------------------------------------------------

bool Checker::looks_valid(const Grant& grant) {
  const internal::PlatformScope scope(grant.process->platform());
  return look_at(grant.lease);
}

/// Without an excuse: whatever has become of the claim itself, those before it are gone for good
/// when it is granted.
void Checker::check_order(const Lease& lease, const std::string& path) {
  for (const std::string& claim : claims(path)) {
    const Stat stat = ensemble_.quorum().committed().stat(claim).value_or(Stat{});
    if (stat.czxid < lease.fencing_token()) {
      world_.fail("4: " + lease.znode() + " is granted, but " + claim + " is in front of it");
    }
  }
}

void Checker::check_claim(const Grant& grant) {
  // With a TTL, it may have been purged in this very moment: it says so itself.
  if (!stands(grant.lease.znode()) && looks_valid(grant)) {
    world_.fail("1: " + grant.lease.znode() + " is granted, but does not stand");
  }
}

void Checker::check_exclusion(const Grant& grant, int path) {
  std::vector<Grant>& others = grants_[path];
  for (auto other = others.begin(); other != others.end();) {
    if (!looks_valid(*other)) {
      check_told(*other, grant.lease);
      other = suspended_.contains(other->lease.znode()) ? other + 1 : others.erase(other);
      continue;
    }
    if (!is_excused(*other)) {
      world_.fail("1: " + grant.lease.znode() + " and " + other->lease.znode() +
                  " are valid at once");
    }
    world_.statistics.count("(a holder that cannot know)");
    ++other;
  }
}

bool Checker::look_at(const Lease& lease) {
  const bool is_valid = lease.valid();
  if (is_valid && ended_.contains(lease.znode())) {
    world_.fail("3: " + lease.znode() + " was not valid any more, and is again");
  }
  if (is_valid) {
    const auto suspended = suspended_.extract(lease.znode());
    if (suspended) check_resumption(lease, suspended.mapped());
  } else if (internal::LeaseAccess::state(lease)->is_suspended()) {
    suspended_.emplace(lease.znode(), world_.now());
  } else {
    ended(lease);
  }
  return is_valid;
}

/// As at a grant. Others may have been granted meanwhile, if its claim has gone.
void Checker::check_resumption(const Lease& lease, SteadyTime suspended_at) {
  const auto checked = checked_.find(lease.znode());
  if (checked == checked_.end() || checked->second < suspended_at) {
    world_.fail("1: " + lease.znode() + " is resumed, and nobody has looked whether it stands");
  }
  for (auto& [path, grants] : grants_) {
    for (Grant& grant : grants) {
      if (grant.lease != lease || is_excused(grant)) continue;
      grant.suspended = lease.suspended();
      check_claim(grant);
      for (const Grant& other : grants) {
        if (other.lease == lease || is_excused(other) || !looks_valid(other)) continue;
        world_.fail("1: " + lease.znode() + " is resumed, and " + other.lease.znode() +
                    " is valid");
      }
    }
  }
}

/// Work under a lease that is not certain has been asked to stop before the next grant.
void Checker::check_told(const Grant& grant, const Lease& next) {
  const auto& state = internal::LeaseAccess::state(grant.lease);
  const bool is_uncertain =
      state->is_suspended() || grant.lease.loss_reason() == LossReason::cut_off;
  if (!is_uncertain || grant.suspended.stop_requested() || is_excused(grant)) return;
  const Process& process = *grant.process;
  if (process.is_crashed() || process.is_frozen()) return;
  // Its threads may not have run yet.
  if (process.platform().steady_now() - process.last_thawed() < kOverstay) return;
  world_.fail("3: suspended() of " + grant.lease.znode() + " is not told, and " + next.znode() +
              " is granted");
}

void Checker::released(const Lease& lease) {
  if (stands(lease.znode())) {
    world_.fail("6: the release of " + lease.znode() + " is confirmed, but it stands");
  }
}

void Checker::returned(const Process& process, const std::string& call, SteadyTime begun,
                       SteadyTime deadline) {
  if (process.is_crashed() || deadline == SteadyTime::max()) return;
  // A process that was frozen meanwhile may only return when it is thawed.
  const SteadyTime due = std::max({deadline, begun, process.last_thawed()});
  const nanoseconds late = process.platform().steady_now() - due;
  if (late > kOverstay) world_.fail("5: " + call + " has overstayed by " + in_ms(late));
}

/// A waiter that queues again has lost its place, so its old claim must be gone.
void Checker::requeued(const std::string& znode, std::int64_t session) const {
  const Stat stat = ensemble_.quorum().committed().stat(znode).value_or(Stat{});
  // A client that has been without servers for long gives its session up.
  if (stat.ephemeral_owner == session && ensemble_.sessions().find(session) != nullptr) {
    world_.fail("4: " + znode + " gives up its place in the queue, but stands");
  }
}

void Checker::count_claims_of(const Process& process, const std::string& what) {
  const internal::FakeTree& tree = ensemble_.quorum().committed();
  for (const std::string& path : paths_) {
    const std::vector<std::string> queue = claims(path);
    for (const std::string& claim : queue) {
      if (tree.stat(claim).value_or(Stat{}).ephemeral_owner != process.line().session) continue;
      const bool is_first = claim == queue.front();
      world_.statistics.count(what + (is_first ? " while it holds" : " while it waits"));
    }
  }
}

void Checker::nothing_is_left(const std::function<bool(std::int64_t)>& is_excused) const {
  const internal::FakeTree& tree = ensemble_.quorum().committed();
  for (const std::string& path : paths_) {
    for (const std::string& claim : claims(path)) {
      const std::int64_t session = tree.stat(claim).value_or(Stat{}).ephemeral_owner;
      if (!is_excused(session)) world_.fail("6: " + claim + " was left behind");
    }
  }
}

void Checker::foreign_nodes_stand() const {
  for (const std::string& znode : created_by_hand_) {
    if (!stands(znode)) world_.fail("7: somebody has removed " + znode);
  }
}

}  // namespace zklock::simulation
