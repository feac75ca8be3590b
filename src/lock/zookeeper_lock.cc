#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <stop_token>
#include <utility>

#include "base/znode_path.h"
#include "client/connect.h"
#include "lock/basic_claim_client.h"
#include "lock/check_config.h"
#include "lock/claim.h"
#include "lock/grants.h"
#include "lock/list_entries.h"
#include "lock/lock_directory.h"
#include "lock/lock_settings.h"
#include "lock/open_calls.h"
#include "lock/uncontended_path.h"

namespace zklock {

namespace {

using internal::Grants;
using internal::LockSettings;
using internal::Platform;
using std::chrono::milliseconds;

/// The time for the one attempt of a `lock` whose deadline has passed already.
constexpr milliseconds kLatePatience{60};
/// The destructor blocks at most for this long.
constexpr milliseconds kFarewell{900};

std::shared_ptr<const LockSettings> settings_of(const ZooKeeperLockConfig& config,
                                                std::shared_ptr<ZooKeeperClient> client) {
  auto settings = std::make_shared<LockSettings>();
  settings->path = internal::normalized_path(config.path);
  settings->ttl = config.ttl;
  settings->purge_without_ttl = config.purge_without_ttl;
  settings->acl = config.acl;
  settings->further_claim_markers = config.further_claim_markers;
  settings->observer = config.observer;
  settings->log = internal::Log(config.client.logger);
  settings->background = internal::Background::shared();
  settings->client =
      internal::claim_client_of(std::move(client), settings->background, settings->log);
  settings->local_queue = settings->background->shared_objects.get<internal::LocalQueue>();
  return settings;
}

}  // namespace

/// Outlives the ZooKeeperLock while calls are under way. Thread safety: as ZooKeeperLock.
class ZooKeeperLock::Impl {
 public:
  Impl(const ZooKeeperLockConfig& config, std::shared_ptr<ZooKeeperClient> client, bool owns_client)
      : settings_(settings_of(config, std::move(client))),
        owner_key_(config.owner_key),
        owns_client_(owns_client) {}

  void create_path(const Context& context);
  Lease lock(const Context& caller);
  void unlock(const Context& context);
  void unlock(const Lease& lease, const Context& context);
  void set_owner(const Grants::Held& held, std::string owner);
  [[nodiscard]] LockEntries entries(const Context& caller) const {
    return internal::list_entries(*settings_, context_for(caller));
  }
  void close() noexcept;

  [[nodiscard]] const Grants& grants() const noexcept { return grants_; }
  [[nodiscard]] bool is_forked() const noexcept { return internal::fork_count() != forks_; }

 private:
  [[nodiscard]] std::string owner_of(const Context& context) const {
    return owner_key_.empty() ? std::string() : context.value(owner_key_).value_or("");
  }
  [[nodiscard]] Context context_for(const Context& caller) const;
  void release(const Grants::Held& held, const Context& context);

  const std::shared_ptr<const LockSettings> settings_;
  const std::string owner_key_;
  const bool owns_client_;
  const int forks_ = internal::fork_count();
  // These guard their own state.
  internal::HolderMemory memory_;
  internal::UncontendedPath uncontended_path_;
  Grants grants_;
  std::stop_source closing_;        // cancels the waiting calls when the lock is destroyed
  internal::OpenCalls open_locks_;  // calls of `lock`
};

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
      internal::create_lock_directory(*settings_->client, settings_->path, settings_->acl, context);
  if (!made.error) return;
  throw LockError(Errc::locking_failed,
                  "path: cannot create " + made.path + ": " + made.error.message(), made.error);
}

Lease ZooKeeperLock::Impl::lock(const Context& caller) {
  const internal::OpenCalls::Scope call(open_locks_);
  const internal::SteadyTime begun = Platform::current().steady_now();
  const auto waited = [begun] { return Platform::current().steady_now() - begun; };
  try {
    const std::string owner = owner_of(caller);
    if (!owner.empty()) {
      const Grants::Held current = grants_.current();
      if (current && current->owner() == owner) {
        throw LockError(Errc::already_own_lock, owner + " holds " + settings_->path);
      }
    }
    const Grants::Held held =
        internal::Claim(settings_, memory_, uncontended_path_, owner, context_for(caller))
            .acquire();
    grants_.add(held);
    if (closing_.stop_requested()) {
      held->abandon(Context().with_timeout(kLatePatience));
      throw LockError(Errc::locking_canceled, settings_->path + ": the lock is being destroyed");
    }
    settings_->observe(
        [&](LockObserver& observer) { observer.on_granted(held->lease(), waited()); });
    return held->lease();
  } catch (const LockError& error) {
    settings_->observe(
        [&](LockObserver& observer) { observer.on_lock_failed(settings_->path, error, waited()); });
    throw;
  }
}

void ZooKeeperLock::Impl::unlock(const Context& context) {
  const std::string owner = owner_of(context);
  if (owner.empty()) {
    const Grants::Held held = grants_.of_this_thread();
    if (!held) {
      throw LockError(Errc::unlocking_failed, "this thread holds no grant of " + settings_->path);
    }
    release(held, context);
    return;
  }
  const Grants::Held held = grants_.of_owner(owner);
  if (held) {
    release(held, context);
    return;
  }
  const Grants::Held current = grants_.current();
  if (!current) {
    throw LockError(Errc::unlocking_failed, "nobody holds " + settings_->path + " here");
  }
  throw LockError(Errc::not_lock_owner, current->owner().empty()
                                            ? settings_->path + " is held by an unnamed owner"
                                            : current->owner() + " holds " + settings_->path);
}

void ZooKeeperLock::Impl::unlock(const Lease& lease, const Context& context) {
  const Grants::Held held = grants_.of_lease(lease);
  if (held) {
    release(held, context);
    return;
  }
  if (!lease) throw LockError(Errc::unlocking_failed, "the lease refers to no grant");
  if (lease.loss_reason()) {
    throw LockError(Errc::lock_lost, lease.znode() + ": " + lease.loss_reason().message());
  }
  throw LockError(Errc::unlocking_failed,
                  lease.znode() + " is not held by this lock, or no longer");
}

void ZooKeeperLock::Impl::release(const Grants::Held& held, const Context& context) {
  grants_.remove(held);  // first: whatever the outcome is, the caller is done with the grant
  const internal::UncontendedPath::Mark mark = uncontended_path_.releasing();
  held->release(context);
  uncontended_path_.released(mark, held->grant().znode);
}

void ZooKeeperLock::Impl::set_owner(const Grants::Held& held, std::string owner) {
  if (!held) throw LockError(Errc::not_lock_owner, "no such grant of " + settings_->path);
  if (!held->valid()) {
    throw LockError(Errc::lock_lost, held->grant().znode + ": " + held->loss_reason().message());
  }
  if (!held->set_owner(std::move(owner))) {
    throw LockError(Errc::owner_already_set, "it is " + held->owner());
  }
}

void ZooKeeperLock::Impl::close() noexcept {
  const Context context = Context().with_timeout(kFarewell);
  closing_.request_stop();
  for (const Grants::Held& held : grants_.take_all()) held->abandon(context);
  open_locks_.wait_for_all(context);
  // Leases that outlive the lock refer to its client, but must not keep its session.
  if (owns_client_) static_cast<void>(settings_->client->close(context));
}

// By value: the signature is part of the contract.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
ZooKeeperLock::ZooKeeperLock(ZooKeeperLockConfig config) {
  internal::check_config(config, &config.client);
  const Context context = Context().with_timeout(config.client.connect_timeout);
  const internal::Connected connected = internal::connect_and_find(
      config.address, config.client, internal::normalized_path(config.path));
  impl_ = std::make_shared<Impl>(config, connected.client, true);
  // Usually it exists: the read costs less than a write for each part of the path.
  if (!connected.path_exists) impl_->create_path(context);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): as above
ZooKeeperLock::ZooKeeperLock(ZooKeeperLockConfig config, std::shared_ptr<ZooKeeperClient> client) {
  internal::check_config(config, nullptr);
  if (!client) throw LockError(Errc::invalid_config, "client: it is null");
  impl_ = std::make_shared<Impl>(config, std::move(client), false);
}

ZooKeeperLock::~ZooKeeperLock() {
  if (impl_->is_forked()) {
    // The claims, threads and mutexes belong to the parent process: leave them as they are.
    static_cast<void>(new std::shared_ptr<Impl>(std::move(impl_)));
    return;
  }
  impl_->close();
}

void ZooKeeperLock::set_owner(std::string owner) {
  impl_->set_owner(impl_->grants().of_this_thread(), std::move(owner));
}

void ZooKeeperLock::set_owner(const Lease& lease, std::string owner) {
  impl_->set_owner(impl_->grants().of_lease(lease), std::move(owner));
}

Lease ZooKeeperLock::lease() const {
  const Grants::Held held = impl_->grants().current();
  return held ? held->lease() : Lease();
}

LockEntries ZooKeeperLock::entries(const Context& context) const { return impl_->entries(context); }

Lease ZooKeeperLock::do_lock(const Context& context) {
  const std::shared_ptr<Impl> impl = impl_;
  return impl->lock(context);
}

void ZooKeeperLock::do_unlock(const Context& context) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->unlock(context);
}

void ZooKeeperLock::do_unlock(const Lease& lease, const Context& context) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->unlock(lease, context);
}

std::string ZooKeeperLock::do_owner() const {
  const Grants::Held held = impl_->grants().current();
  return held ? held->owner() : std::string();
}

}  // namespace zklock
