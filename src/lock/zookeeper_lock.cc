#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/context_wait.h"
#include "base/error_kinds.h"
#include "base/mutex.h"
#include "base/znode_path.h"
#include "client/connect.h"
#include "lock/basic_claim_client.h"
#include "lock/claim.h"
#include "lock/grants.h"
#include "lock/lock_settings.h"
#include "lock/uncontended_path.h"
#include "queue/standing.h"

namespace zklock {

namespace {

using internal::ClaimName;
using internal::Grants;
using internal::LockSettings;
using internal::Platform;
using std::chrono::milliseconds;

/// How long the one attempt of a `lock` whose deadline has passed may take.
constexpr milliseconds kLatePatience{60};
/// How long the destructor blocks at most.
constexpr milliseconds kFarewell{900};
/// The longest TTL: with it, no sum of times comes near to what they can hold.
constexpr std::chrono::hours kLongestTtl{24 * 365 * 100};

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw LockError(Errc::invalid_config, field + ": " + why);
}

void check_acl(const Acl& acl, const ClientOptions* options) {
  const auto& entries = acl.entries();
  const bool is_readable = std::any_of(entries.begin(), entries.end(), [](const AclEntry& entry) {
    return (entry.permissions & Permission::read) == Permission::read;
  });
  if (!is_readable) refuse("acl", "nobody could read the claims, and so wait behind them");
  const bool needs_auth = std::any_of(entries.begin(), entries.end(),
                                      [](const AclEntry& entry) { return entry.scheme == "auth"; });
  if (needs_auth && options != nullptr && options->auth.empty()) {
    refuse("acl", "the scheme \"auth\" needs an identity in client.auth");
  }
}

/// `options`: of the client that the lock makes for itself; null if it is given one.
void check(const ZooKeeperLockConfig& config, const ClientOptions* options) {
  const std::string path = internal::normalized_path(config.path);
  if (const auto problem = internal::path_problem(path)) refuse("path", *problem);
  if (config.ttl.count() < 0) refuse("ttl", "it is negative");
  if (config.ttl > kLongestTtl) refuse("ttl", "it is longer than 100 years; 0 means for ever");
  for (const std::string& marker : config.further_claim_markers) {
    if (marker.empty()) refuse("further_claim_markers", "one of them is empty");
  }
  check_acl(config.acl, options);
}

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
  settings->client = internal::claim_client_of(std::move(client), settings->log);
  settings->background = internal::Background::shared();
  settings->local_queue = settings->background->shared_objects.get<internal::LocalQueue>();
  return settings;
}

}  // namespace

/// Outlives the ZooKeeperLock for as long as calls are under way.
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
  [[nodiscard]] LockEntries entries(const Context& caller) const;
  void close() noexcept;

  [[nodiscard]] const Grants& grants() const noexcept { return grants_; }
  [[nodiscard]] bool is_forked() const noexcept { return internal::fork_count() != forks_; }

 private:
  class Call;

  [[nodiscard]] std::string owner_of(const Context& context) const {
    return owner_key_.empty() ? std::string() : context.value(owner_key_).value_or("");
  }
  [[nodiscard]] Context context_for(const Context& caller) const;
  [[nodiscard]] std::optional<LockEntry> entry(const ClaimName& claim,
                                               const Context& context) const;
  void release(const Grants::Held& held, const Context& context);
  [[noreturn]] void fail_to_list(std::error_code error, const Context& context) const;

  const std::shared_ptr<const LockSettings> settings_;
  const std::string owner_key_;
  const bool owns_client_;
  const int forks_ = internal::fork_count();
  internal::HolderMemory memory_;
  internal::UncontendedPath uncontended_path_;
  Grants grants_;
  std::stop_source closing_;  // cancels the waiters when the lock is destroyed

  internal::Monitor monitor_;
  int calls_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // `lock`s that are under way
};

/// Counts a call of `lock` while it is under way.
class ZooKeeperLock::Impl::Call {
 public:
  explicit Call(Impl& impl) : impl_(impl) {
    const internal::MutexLock lock(impl_.monitor_.mutex);
    ++impl_.calls_;
  }
  ~Call() {
    {
      const internal::MutexLock lock(impl_.monitor_.mutex);
      --impl_.calls_;
    }
    impl_.monitor_.changed->notify_all();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  Impl& impl_;
};

/// As the caller's; destroying the lock cancels it too; with a deadline that has passed, it is good
/// for one attempt.
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
  for (const std::string& path : internal::path_and_parents(settings_->path)) {
    internal::Backoff pause;
    for (;;) {
      const std::error_code error =
          settings_->client->create(path, "", settings_->acl, context).error();
      if (!error || error == ZooKeeperErrc::node_exists) break;
      // Whoever may not create the path may still use one that exists.
      if (error == ZooKeeperErrc::no_auth && settings_->client->get(path, context)) break;
      if (!internal::is_retryable(error) || internal::has_ended(context)) {
        throw LockError(Errc::locking_failed,
                        "path: can not create " + path + ": " + error.message(), error);
      }
      pause.wait(context);
    }
  }
}

Lease ZooKeeperLock::Impl::lock(const Context& caller) {
  const Call call(*this);
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
        internal::Claim(settings_, memory_, uncontended_path_, owner).acquire(context_for(caller));
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
                  lease.znode() + " is not held by this lock, or not any more");
}

void ZooKeeperLock::Impl::release(const Grants::Held& held, const Context& context) {
  grants_.remove(held);  // whatever comes of it, nobody can do more with it
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

void ZooKeeperLock::Impl::fail_to_list(std::error_code error, const Context& context) const {
  const std::string detail = "can not list " + settings_->path + ": " + error.message();
  if (context.canceled()) throw LockError(Errc::locking_canceled, detail, error);
  if (internal::is_retryable(error)) throw LockError(Errc::locking_timed_out, detail, error);
  throw LockError(Errc::locking_failed, detail, error);
}

LockEntries ZooKeeperLock::Impl::entries(const Context& caller) const {
  const Context context = context_for(caller);
  for (internal::Backoff pause;; pause.wait(context)) {
    const Result<Children> children = settings_->client->children(settings_->path, context);
    if (children.error() == ZooKeeperErrc::no_node) return {};
    std::error_code error = children.error();
    if (!error) {
      const auto claims =
          internal::claims_in_order(*settings_->client, settings_->path, children->names,
                                    settings_->further_claim_markers, {}, context);
      error = claims.error();
      if (!error) {
        std::vector<LockEntry> entries;
        for (const ClaimName& claim : *claims) {
          if (auto known = entry(claim, context)) entries.push_back(std::move(*known));
        }
        return LockEntries(std::move(entries));
      }
    }
    if (!internal::is_retryable(error) || internal::has_ended(context))
      fail_to_list(error, context);
  }
}

/// None: it is gone by now, or is no claim.
std::optional<LockEntry> ZooKeeperLock::Impl::entry(const ClaimName& claim,
                                                    const Context& context) const {
  const std::string path = internal::join_path(settings_->path, claim.name);
  for (internal::Backoff pause;; pause.wait(context)) {
    const Result<Znode> znode = settings_->client->get(path, context);
    if (znode) {
      if (znode->stat.ephemeral_owner == 0) return std::nullopt;
      LockEntry entry{.id = claim.sequence, .path = path, .fencing_token = znode->stat.czxid};
      if (const auto metadata = internal::parse_metadata(znode->data)) {
        entry.owner = metadata->owner;
        entry.host = metadata->host;
        entry.pid = metadata->pid;
        entry.since = metadata->timestamp;
      }
      return entry;
    }
    if (znode.error() == ZooKeeperErrc::no_node) return std::nullopt;
    if (!internal::is_retryable(znode.error()) || internal::has_ended(context)) {
      fail_to_list(znode.error(), context);
    }
  }
}

void ZooKeeperLock::Impl::close() noexcept {
  const Context context = Context().with_timeout(kFarewell);
  closing_.request_stop();
  for (const Grants::Held& held : grants_.take_all()) held->abandon(context);
  {
    internal::ContextWait wait(monitor_, context);
    internal::MutexLock lock(monitor_.mutex);
    wait.wait(lock, [this]() ZKLOCK_REQUIRES(monitor_.mutex) { return calls_ == 0; });
  }
  // Leases that outlive the lock refer to its client: they are not to keep its session.
  if (owns_client_) static_cast<void>(settings_->client->close(context));
}

// By value, as the signature is part of the contract.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
ZooKeeperLock::ZooKeeperLock(ZooKeeperLockConfig config) {
  check(config, &config.client);
  const Context context = Context().with_timeout(config.client.connect_timeout);
  const internal::Connected connected = internal::connect_and_find(
      config.address, config.client, internal::normalized_path(config.path));
  impl_ = std::make_shared<Impl>(config, connected.client, true);
  // Mostly it is there: a read is less than a write for each part of it.
  if (!connected.path_exists) impl_->create_path(context);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): likewise
ZooKeeperLock::ZooKeeperLock(ZooKeeperLockConfig config, std::shared_ptr<ZooKeeperClient> client) {
  check(config, nullptr);
  if (!client) refuse("client", "it is null");
  impl_ = std::make_shared<Impl>(config, std::move(client), false);
}

ZooKeeperLock::~ZooKeeperLock() {
  if (impl_->is_forked()) {
    // The parent's: claims, threads and mutexes are left as they are.
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
