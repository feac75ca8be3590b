#include "contender.h"

#include <algorithm>
#include <stop_token>
#include <utility>

#include "lock/lease_state.h"

namespace zklock::simulation {

namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kNever = SteadyTime::max();

std::string until(SteadyTime deadline, SteadyTime now) {
  if (deadline == kNever) return "";
  if (deadline <= now) return ", too late";
  return ", for " + std::to_string((deadline - now).count()) + " ns";
}

}  // namespace

Contender::Contender(World& world, Checker& checker, const Chronicle& chronicle, Process& process,
                     std::string name, int paths)
    : world_(world),
      checker_(checker),
      chronicle_(chronicle),
      process_(process),
      name_(std::move(name)),
      paths_(paths),
      chores_("chores") {}

void Contender::run(int operations) {
  while (operations_ < operations && !has_ended()) {
    one_cycle();
    if (world_.chance(60)) World::sleep(world_.between(0ns, 1s));
  }
}

// --- Terms --------------------------------------------------------------------------------------

Contender::Terms Contender::lock_terms(bool may_be_endless) {
  Terms terms;
  terms.context = Context().with_stop_token(process_.buried());
  const int kind = world_.below(100);
  if (kind < 40 || (kind >= 76 && !may_be_endless)) {
    terms.deadline = now() + world_.between(2s, 60s);
  } else if (kind < 70) {
    terms.deadline = now() + world_.between(1ns, 500ms);
  } else if (kind < 76) {
    terms.deadline = now();
    terms.is_late = true;
  }
  if (terms.deadline != kNever) terms.context = terms.context.with_deadline(terms.deadline);
  if (!terms.is_late && world_.chance(15)) {
    terms.canceled_at = now() + world_.between(0ns, 5s);
    std::stop_source source;
    terms.context = terms.context.with_stop_token(source.get_token());
    chores_.schedule(*terms.canceled_at, [source]() mutable { source.request_stop(); });
  }
  return terms;
}

Contender::Terms Contender::brief_terms(nanoseconds least, nanoseconds most) {
  Terms terms;
  terms.deadline = now() + world_.between(least, most);
  terms.context = Context().with_stop_token(process_.buried()).with_deadline(terms.deadline);
  return terms;
}

// --- A cycle ------------------------------------------------------------------------------------

void Contender::one_cycle() {
  const int path = world_.below(paths_);
  if (world_.chance(8)) {
    destroy_in_use(path);
    return;
  }
  ZooKeeperLock& lock = process_.lock(path);
  if (world_.chance(5)) look(lock);
  const std::optional<Lease> lease = acquire(lock, path, true);
  if (!lease) return;
  hold(*lease);
  release(lock, *lease);
}

/// A lock that is destroyed while it is held, and waited for.
void Contender::destroy_in_use(int path) {
  std::unique_ptr<ZooKeeperLock> lock = process_.make_lock(path);
  const auto waiter = internal::Platform::current().start_thread(
      "waiter", [this, path, &waited_for = *lock] { wait_until_destroyed(waited_for, path); });
  // Its waiter may have it first, and keeps it.
  const std::optional<Lease> lease = acquire(*lock, path, false);
  World::sleep(world_.between(0ns, 1s));
  ++operations_;
  const SteadyTime begun = now();
  lock.reset();
  checker_.returned(process_, name_ + "'s destructor", begun, begun + 1s);
  world_.count(name_, lease ? "destroys a lock that it holds" : "destroys a lock");
  waiter->join();
  checker_.returned(process_, "the call of a lock that " + name_ + " destroyed", begun, begun + 1s);
  if (lease && checker_.look_at(*lease)) {
    world_.fail("3: " + lease->znode() + " is valid after its lock was destroyed");
  }
}

void Contender::wait_until_destroyed(ZooKeeperLock& lock, int path) {
  ++operations_;
  const auto begun = internal::Platform::current().boot_now();
  try {
    const Lease lease = lock.lock(Context().with_stop_token(process_.buried()));
    if (process_.is_crashed()) return;
    world_.count(name_, "is granted by a lock that will be destroyed", lease.znode());
    checker_.granted(process_, path, lease);
  } catch (const LockError& error) {
    if (process_.is_crashed()) return;
    if (error.code() == Errc::locking_canceled) {
      world_.count(name_, "is canceled by the destruction of the lock");
    } else if (!finds_servers_too_slow(error, internal::Platform::current().boot_now() - begun)) {
      world_.fail("7: the lock that " + name_ + " destroys failed: " + error.what());
    }
  }
}

std::optional<Lease> Contender::acquire(ZooKeeperLock& lock, int path, bool may_be_endless) {
  ++operations_;
  const Terms terms = lock_terms(may_be_endless);
  const SteadyTime begun = now();
  const internal::BootTime begun_by_boot_clock = process_.platform().boot_now();
  const std::int64_t session = process_.line().session;
  const int lists = chronicle_.lists_of(session);
  world_.note(name_, "locks path " + std::to_string(path) + until(terms.deadline, begun));
  std::optional<LockError> error;
  Lease lease;
  try {
    lease = lock.lock(terms.context);
  } catch (const LockError& thrown) {
    error = thrown;
  }
  if (process_.is_crashed()) return std::nullopt;
  SteadyTime due = terms.deadline;
  if (terms.canceled_at) due = std::min(due, *terms.canceled_at);
  checker_.returned(process_, name_ + "'s lock", begun, due);
  if (error) {
    refused(terms, *error, begun, process_.platform().boot_now() - begun_by_boot_clock);
    return std::nullopt;
  }
  world_.count(name_, "is granted", lease.znode());
  count_way(lease, session, lists, terms.is_late);
  checker_.granted(process_, path, lease);
  return lease;
}

/// How it came to be granted.
void Contender::count_way(const Lease& lease, std::int64_t session, int lists, bool is_late) {
  Statistics& statistics = world_.statistics;
  if (is_late) statistics.count("is granted in one late attempt");
  if (chronicle_.was_created_unheard(lease.znode())) {
    statistics.count("adopts a claim whose answer was lost");
  }
  if (process_.line().session != session) {
    statistics.count("is granted in another session than it began in");
    return;
  }
  // Roughly, where threads share a session.
  const int listed = chronicle_.lists_of(session) - lists;
  statistics.count(listed == 0   ? "is granted without a list"
                   : listed == 1 ? "is granted by its first list"
                                 : "is granted after another list");
}

/// `took`: by the boot clock, as TTLs are.
void Contender::refused(const Terms& terms, const LockError& thrown, SteadyTime begun,
                        nanoseconds took) {
  const std::error_code error = thrown.code();
  const std::string what = thrown.what();
  if (error == Errc::locking_timed_out || error == Errc::no_server_answered) {
    if (!terms.is_late && now() < terms.deadline) {
      world_.fail("7: " + name_ + " timed out before its deadline");
    }
    world_.count(name_, terms.is_late    ? "does not get it in one late attempt"
                        : now() == begun ? "times out at once"
                                         : "times out");
    if (error == Errc::no_server_answered) world_.count(name_, "finds that no server answers");
  } else if (error == Errc::locking_canceled) {
    if (!terms.canceled_at || now() < *terms.canceled_at) {
      world_.fail("7: " + name_ + " was cancelled, which nobody asked for");
    }
    world_.count(name_, "is canceled");
  } else if (!finds_servers_too_slow(thrown, took)) {
    world_.fail("7: " + name_ + "'s lock failed: " + what);
  }
}

/// It has written at least ten times, and each time half the TTL was over before it could be
/// granted.
bool Contender::finds_servers_too_slow(const LockError& error, nanoseconds took) {
  if (error.code() != Errc::locking_failed || !process_.has_ttl() || took < 5 * process_.ttl()) {
    return false;
  }
  const std::string what = error.what();
  const auto says = [&what](const char* text) { return what.find(text) != std::string::npos; };
  if (says("longer to answer than half the TTL")) {
    world_.count(name_, "finds that the servers take longer than half its TTL");
    return true;
  }
  if (says("certain within half the TTL")) {
    world_.count(name_, "finds that the servers are too slow for evidence");
    return true;
  }
  return false;
}

void Contender::hold(const Lease& lease) {
  const int kind = world_.below(100);
  if (process_.has_ttl() && world_.chance(15)) {
    if (world_.chance(60)) cling(lease);
    if (world_.chance(50)) overhold(lease);
    return;
  }
  if (kind < 25) return;
  if (kind < 32) {
    stay();
    return;
  }
  World::sleep(kind < 50 ? world_.between(0ns, 60ms) : world_.between(0ns, 4s));
  if (process_.has_ttl() && world_.chance(50)) renew(lease);
  if (world_.chance(15)) verify(lease);
  if (world_.chance(40)) write(lease);
  if (world_.chance(30)) World::sleep(world_.between(0ns, 2s));
}

/// As an elected leader does: for longer than its session stands without a connection.
void Contender::stay() {
  world_.statistics.count("holds for long");
  World::sleep(world_.between(5s, 30s));
}

/// Longer than its TTL: `lost()` is notified, though nobody asks whether it is valid.
void Contender::overhold(const Lease& lease) {
  World::sleep(process_.ttl());  // since later than the grant
  World::sleep(100ms);           // another thread notifies it, and may have been frozen too
  if (process_.is_crashed()) return;
  if (!lease.lost().stop_requested()) {
    world_.fail("3: the TTL of " + lease.znode() + " is over, and lost() does not tell");
  }
  world_.count(name_, "holds for longer than its TTL", lease.znode());
}

/// Renews at the last moment, or too late, when others are about to purge it.
void Contender::cling(const Lease& lease) {
  for (int left = 1 + world_.below(3); left > 0 && lease.valid(); --left) {
    const nanoseconds margin = world_.between(0ms, 300ms);
    World::sleep(process_.ttl() - margin);
    if (process_.is_crashed()) return;
    world_.statistics.count("renews at the last moment");
    renew(lease);
  }
}

void Contender::renew(const Lease& lease) {
  ++operations_;
  const Terms terms = brief_terms(1ms, 5s);
  const SteadyTime begun = now();
  std::error_code error;
  lease.renew(terms.context, error);
  if (process_.is_crashed()) return;
  checker_.returned(process_, name_ + "'s renew", begun, terms.deadline);
  if (!error) {
    world_.count(name_, "renews", lease.znode());
  } else if (error == Errc::lock_lost) {
    if (checker_.look_at(lease)) world_.fail("3: renewing a valid lease says lock_lost");
    world_.count(name_, "is too late to renew", lease.znode());
  } else {
    world_.count(name_, "cannot renew", error.message());
  }
}

void Contender::verify(const Lease& lease) {
  ++operations_;
  const Terms terms = brief_terms(1ms, 5s);
  const SteadyTime begun = now();
  std::error_code error;
  lease.verify(terms.context, error);
  if (process_.is_crashed()) return;
  checker_.returned(process_, name_ + "'s verify", begun, terms.deadline);
  if (error == Errc::lock_lost && checker_.look_at(lease)) {
    world_.fail("3: verifying a valid lease says lock_lost");
  }
  world_.count(name_, error ? "cannot verify" : "verifies", lease.znode());
}

/// As work does that was suspended.
void Contender::await_certainty(const Lease& lease) {
  ++operations_;
  const Terms terms = brief_terms(1ms, 60s);
  const SteadyTime begun = now();
  std::error_code error;
  lease.await_certainty(terms.context, error);
  if (process_.is_crashed()) return;
  checker_.returned(process_, name_ + "'s await_certainty", begun, terms.deadline);
  const bool is_valid = checker_.look_at(lease);
  if (!error) {
    world_.count(name_, "goes on with a lease that was suspended", lease.znode());
  } else if (error == Errc::lock_lost) {
    if (is_valid) world_.fail("3: awaiting a valid lease says lock_lost");
    world_.count(name_, "awaits a suspended lease in vain", lease.znode());
  } else if (now() < terms.deadline && !has_ended()) {
    world_.fail("7: " + name_ + "'s await_certainty failed: " + error.message());
  }
}

/// As its holder, or as another process does to which it was handed over: that does not know of a
/// loss.
void Contender::write(const Lease& lease) {
  ++operations_;
  const Terms terms = brief_terms(1ms, 20s);
  const SteadyTime begun = now();
  const std::string path = GuardedRegisters::path_for(lease.znode());
  const Result<Znode> seen = process_.client()->get(path, terms.context);
  if (process_.is_crashed() || !seen) return;
  GuardedRegisters& registers = checker_.registers();
  const std::string data = registers.next_data(lease);
  GuardedWrite guarded =
      world_.chance(50) ? GuardedWrite(lease)
                        : GuardedWrite(process_.client(), lease.znode(), lease.fencing_token());
  std::error_code error;
  guarded.set(path, data, seen->stat.version).commit(terms.context, error);
  if (process_.is_crashed()) return;
  checker_.returned(process_, name_ + "'s guarded write", begun, terms.deadline);
  if (!error) {
    registers.reported_done(data);
    world_.count(name_, "writes under its claim", data);
  } else if (may_have_been_done(error)) {
    world_.count(name_, "does not know whether it has written", data);
  } else {
    registers.reported_not_done(data);
    world_.count(name_, error == Errc::lock_lost ? "is too late to write" : "cannot write", data);
  }
}

// --- Release ------------------------------------------------------------------------------------

void Contender::release(ZooKeeperLock& lock, const Lease& lease) {
  if (process_.is_crashed()) return;
  const auto is_suspended = [&lease] {
    return internal::LeaseAccess::state(lease)->is_suspended();
  };
  if (!checker_.look_at(lease) && is_suspended() && world_.chance(70)) await_certainty(lease);
  if (process_.is_crashed()) return;
  if (!checker_.look_at(lease) && !is_suspended()) {
    release_lost(lock, lease);
    return;
  }
  ++operations_;
  const SteadyTime begun = now();
  std::error_code error;
  SteadyTime deadline = begun + 1s;      // of what has no terms, or comes too late
  std::optional<SteadyTime> gives_up{};  // when it may fail; none: at the deadline
  switch (world_.below(4)) {
    case 0:
      gives_up = begun;  // others may have waited in vain before, and used up its time
      error = lock.unlock();
      break;
    case 1: {
      const Terms terms = brief_terms(1ms, 20s);
      deadline = terms.deadline;
      lock.unlock(terms.context, error);
      break;
    }
    case 2: {
      const Terms terms = brief_terms(1ms, 20s);
      deadline = terms.deadline;
      lock.unlock(lease, terms.context, error);
      break;
    }
    default:
      lock.unlock(lease, Context().with_deadline(begun), error);
      break;
  }
  if (process_.is_crashed()) return;
  checker_.returned(process_, name_ + "'s unlock", begun, deadline);
  if (checker_.look_at(lease)) world_.fail("3: " + lease.znode() + " is valid after its release");
  if (!error) {
    world_.count(name_, "releases", lease.znode());
    checker_.released(lease);
  } else if (error == Errc::lock_lost) {
    if (checker_.stands(lease.znode())) {
      world_.fail("3: " + lease.znode() + " is said to be lost, but stands");
    }
    world_.count(name_, "finds at its release that it has lost", lease.znode());
  } else if (error == Errc::unlocking_failed && now() >= gives_up.value_or(deadline)) {
    world_.count(name_, "leaves the release to the background", lease.znode());
  } else {
    world_.fail("7: " + name_ + "'s unlock failed: " + error.message());
  }
}

/// `lost()` is notified soon, and releasing it reports the loss at once.
void Contender::release_lost(ZooKeeperLock& lock, const Lease& lease) {
  if (world_.chance(30)) write(lease);
  ++operations_;
  const std::stop_token lost = lease.lost();
  for (int i = 0; i < 100 && !lost.stop_requested(); ++i) World::sleep(1ms);
  if (process_.is_crashed()) return;
  if (!lost.stop_requested()) world_.fail("3: lost() of " + lease.znode() + " is not told");
  if (!lease.loss_reason()) world_.fail("3: " + lease.znode() + " is lost for no reason");
  std::error_code error;
  const SteadyTime begun = now();
  if (world_.chance(50)) {
    error = lock.unlock();  // the last that this thread acquired: this one
  } else {
    lock.unlock(lease, Context(), error);
  }
  if (process_.is_crashed()) return;
  checker_.returned(process_, name_ + "'s unlock of a lost lease", begun, begun);
  if (error != Errc::lock_lost) {
    world_.fail("3: releasing the lost " + lease.znode() + " says " + error.message());
  }
  world_.count(name_, "has lost (" + lease.loss_reason().message() + ")", lease.znode());
}

void Contender::look(ZooKeeperLock& lock) {
  ++operations_;
  const Terms terms = brief_terms(1ms, 5s);
  const SteadyTime begun = now();
  try {
    const LockEntries known = lock.entries(terms.context);
    world_.count(name_, "looks at the queue");
    const LockEntries next = lock.wait_for_change(known, terms.context);
    const auto holder = [](const LockEntries& queue) {
      return queue.empty() ? 0 : queue.begin()->fencing_token;
    };
    if (holder(next) == holder(known)) world_.fail("7: the holder has not changed");
    world_.count(name_, known.empty() ? "sees a first holder" : "sees another holder, or none");
  } catch (const LockError& error) {
    if (process_.is_crashed()) return;
    if (error.code() != Errc::locking_timed_out && error.code() != Errc::no_server_answered &&
        error.code() != Errc::locking_canceled) {
      world_.fail("7: listing the queue failed: " + std::string(error.what()));
    }
    world_.count(name_, "cannot look at the queue");
  }
  checker_.returned(process_, name_ + "'s entries", begun, terms.deadline);
}

}  // namespace zklock::simulation
