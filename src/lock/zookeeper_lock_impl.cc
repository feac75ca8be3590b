#include "lock/zookeeper_lock_impl.h"

#include <chrono>
#include <vector>

#include "base/error_kinds.h"
#include "base/farewell.h"
#include "base/znode_path.h"
#include "lock/basic_claim_client.h"
#include "lock/claim.h"
#include "lock/lock_directory.h"

namespace zklock {

namespace {

using internal::Grants;
using internal::HeldClaim;
using internal::LockSettings;
using internal::Platform;
using std::chrono::milliseconds;

/// The time for the one attempt of a `lock` whose deadline has passed already.
constexpr milliseconds kLatePatience{60};
/// How long a lock that is closed waits for calls that it has cancelled before it turns to the
/// servers. They take longer only in code of the user's.
constexpr milliseconds kGivingUp{100};
/// For an unlock that releases nothing, though there may be something to release.
constexpr const char* kAdvice = ": to release a grant from any thread, call unlock(lease)";

std::shared_ptr<const LockSettings> settings_of(const ZooKeeperLockConfig& config,
                                                std::shared_ptr<ZooKeeperClient> client) {
  auto settings = std::make_shared<LockSettings>();
  settings->path = internal::normalized_path(config.path);
  settings->ttl = config.ttl;
  settings->purge_without_ttl = config.purge_without_ttl;
  settings->acl = config.acl;
  settings->directory = config.directory;
  settings->when_uncertain = config.when_uncertain;
  settings->further_claim_markers = config.further_claim_markers;
  settings->observer = config.observer;
  settings->observer_margin = config.observer_margin;
  settings->log = internal::Log(config.client.logger);
  settings->background = internal::Background::shared();
  settings->client =
      internal::claim_client_of(std::move(client), settings->background, settings->log);
  settings->callbacks = internal::UserCallbacks(
      {settings->background, &settings->background->losses}, config.client.callback_executor);
  settings->local_queue = settings->background->shared_objects.get<internal::LocalQueue>();
  return settings;
}

}  // namespace

ZooKeeperLock::Impl::Impl(const ZooKeeperLockConfig& config,
                          std::shared_ptr<ZooKeeperClient> client, bool owns_client)
    : settings_(settings_of(config, std::move(client))),
      keys_(keys_of(config)),
      owns_client_(owns_client) {}

std::unique_ptr<const ZooKeeperLock::Impl::Keys> ZooKeeperLock::Impl::keys_of(
    const ZooKeeperLockConfig& config) {
  if (config.owner_key.empty() && config.trace_key.empty()) return nullptr;
  return std::make_unique<const Keys>(Keys{config.owner_key, config.trace_key});
}

/// The caller's context, which destroying the lock cancels too. If its deadline has passed, it
/// leaves time for one attempt.
Context ZooKeeperLock::Impl::context_for(const Context& caller) const {
  Context context = caller;
  if (caller.expired()) {
    context = Context().with_timeout(kLatePatience).without_waiting();
    for (const std::stop_token& token : caller.stop_tokens()) {
      context = context.with_stop_token(token);
    }
  }
  return context.with_stop_token(closing_.get_token());
}

void ZooKeeperLock::Impl::create_path(const Context& context) {
  const internal::DirectoryResult made =
      internal::create_lock_directory(*settings_, *settings_->client, context);
  if (!made.error) return;
  throw LockError(
      internal::is_unanswered(made.error) ? Errc::no_server_answered : Errc::locking_failed,
      "path: cannot create " + made.path + ": " + made.error.message(), made.error);
}

Lease ZooKeeperLock::Impl::lock(const Context& caller) {
  const internal::OpenCalls::Scope call(open_calls_);
  const internal::SteadyTime begun = Platform::current().steady_now();
  const auto waited = [begun] { return Platform::current().steady_now() - begun; };
  const std::string trace = value_of(caller, &Keys::trace);
  try {
    const std::string owner = owner_of(caller);
    if (!owner.empty()) {
      const Grants::Held current = grants_.current();
      if (current && current->owner() == owner) {
        throw LockError(Errc::already_own_lock, owner + " holds " + settings_->path);
      }
    }
    Context context = context_for(caller);
    if (context.canceled()) throw LockError(Errc::locking_canceled, settings_->path);
    const Grants::Held held =
        internal::Claim(settings_, memory_, uncontended_path_, owner, trace, std::move(context))
            .acquire();
    internal::Farewell::servers_answered();
    grants_.add(held);
    if (closing_.stop_requested()) {
      abandon(*held);
      held->await_removal(Context().with_timeout(kLatePatience));
      throw LockError(Errc::locking_canceled, settings_->path + ": the lock is being destroyed");
    }
    settings_->observe(
        trace, [&](LockObserver& observer) { observer.on_granted(held->lease(), waited()); });
    return held->lease();
  } catch (const LockError& error) {
    settings_->observe(trace, [&](LockObserver& observer) {
      observer.on_lock_failed(settings_->path, error, waited());
    });
    throw;
  }
}

Grants::Held ZooKeeperLock::Impl::held_by(const std::string& owner) const {
  const std::string& path = settings_->path;
  Grants::Held held = owner.empty() ? grants_.of_this_thread() : grants_.of_owner(owner);
  if (held) return held;
  const Grants::Held current = grants_.current();
  if (!current) throw LockError(Errc::unlocking_failed, "nobody holds " + path + " here");
  if (owner.empty()) {
    throw LockError(Errc::unlocking_failed,
                    "this thread holds no grant of " + path + ", but another one does" + kAdvice);
  }
  throw LockError(Errc::not_lock_owner, current->owner().empty()
                                            ? path + " is held by an unnamed owner" + kAdvice
                                            : current->owner() + " holds " + path);
}

/// The guard may have been moved here from another thread: see Grants.
Grants::Held ZooKeeperLock::Impl::held_by_guard() {
  if (Grants::Held held = grants_.of_this_thread()) return held;
  if (grants_.settle_a_loss()) {
    throw LockError(Errc::lock_lost, "this thread holds no grant of " + settings_->path +
                                         ", and one of another thread was lost" + kAdvice);
  }
  if (Grants::Held held = grants_.of_moved_guard()) return held;
  return held_by("");
}

Grants::Held ZooKeeperLock::Impl::held_through(const Lease& lease) const {
  if (Grants::Held held = grants_.of_lease(lease)) return held;
  if (!lease) throw LockError(Errc::unlocking_failed, "the lease refers to no grant");
  if (lease.loss_reason()) {
    throw LockError(Errc::lock_lost, lease.znode() + ": " + lease.loss_reason().message());
  }
  throw LockError(Errc::unlocking_failed,
                  lease.znode() + " is not held by this lock, or no longer");
}

/// Reports each failure: guards have nobody to tell. In a forked child, logger and observer are the
/// parent's. `lease`: for the report, if no grant is found.
template <class Find>
void ZooKeeperLock::Impl::release(const Find& find, Lease lease, const Context& context) {
  try {
    const Grants::Held held = find();
    lease = held->lease();
    release(held, context);
  } catch (const LockError& error) {
    if (!is_forked()) {
      const std::string trace = lease.trace();
      settings_->log.warning([&] { return internal::with_trace(error.what(), trace); });
      settings_->observe(trace,
                         [&](LockObserver& observer) { observer.on_unlock_failed(lease, error); });
    }
    throw;
  }
}

void ZooKeeperLock::Impl::unlock(const Context& context) {
  release([&] { return held_by(owner_of(context)); }, Lease(), context);
}

void ZooKeeperLock::Impl::unlock(const Lease& lease, const Context& context) {
  release([&] { return held_through(lease); }, lease, context);
}

void ZooKeeperLock::Impl::unlock_of_guard(const Context& context) {
  release([this] { return held_by_guard(); }, Lease(), context);
}

void ZooKeeperLock::Impl::release(const Grants::Held& held, const Context& context) {
  grants_.remove(held);  // first: whatever the outcome is, the caller is done with the grant
  const internal::UncontendedPath::Mark mark = uncontended_path_.releasing();
  held->release(context);
  uncontended_path_.released(mark, held->grant().znode);
}

void ZooKeeperLock::Impl::set_owner(const Grants::Held& held, std::string owner) {
  if (!held) throw LockError(Errc::not_lock_owner, "no such grant of " + settings_->path);
  if (!held->stands()) {
    throw LockError(Errc::lock_lost, held->grant().znode + ": " + held->loss_reason().message());
  }
  if (!held->set_owner(std::move(owner))) {
    throw LockError(Errc::owner_already_set, "it is " + held->owner());
  }
}

void ZooKeeperLock::Impl::abandon(HeldClaim& held) noexcept {
  if (!held.stands()) return;
  // An executor of the user's may be the very thread that would wait.
  held.lose(LossReason::client_closed, settings_->callbacks.has_executor()
                                           ? nullptr
                                           : std::make_shared<Hook>(shared_from_this()));
}

void ZooKeeperLock::Impl::begin_to_end() noexcept {
  closing_.request_stop();
  for (const Grants::Held& held : grants_.all()) abandon(*held);
}

void ZooKeeperLock::Impl::await_servers(const Context& context) noexcept {
  // Waiting calls give up, and remove their claims.
  open_calls_.wait_for_all(context.with_timeout(kGivingUp));
  const std::vector<Grants::Held> all = grants_.take_all();
  if (!owns_client_) {
    for (const Grants::Held& held : all) {
      if (held->loss_reason() == LossReason::client_closed) held->await_removal(context);
    }
    return;
  }
  // Leases that outlive the lock refer to its client, but must not keep its session.
  ClaimClient& client = *settings_->client;
  if (client.close(internal::patience_with(client, context))) {
    internal::Farewell::servers_answered();
  }
}

}  // namespace zklock
