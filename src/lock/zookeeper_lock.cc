#include <zklock/zookeeper_lock.h>

#include <utility>

#include "base/farewell.h"
#include "base/with_lock_errors.h"
#include "base/znode_path.h"
#include "client/connect.h"
#include "lock/check_config.h"
#include "lock/zookeeper_lock_impl.h"

namespace zklock {

// NOLINTNEXTLINE(performance-unnecessary-value-param): the signature is part of the contract
ZooKeeperLock::ZooKeeperLock(ZooKeeperLockConfig config) {
  internal::check_config(config, &config.client);
  const Context context = Context().with_timeout(config.client.connect_timeout);
  const internal::Connected connected = internal::connect_and_find(
      config.address, config.client, internal::normalized_path(config.path));
  impl_ = internal::with_lock_errors(
      [&] { return std::make_shared<Impl>(config, connected.client, true); });
  impl_->end_when_the_process_exits();
  // Usually it exists: the read costs less than a write for each part of the path.
  if (!connected.path_exists) impl_->create_path(context);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): as above
ZooKeeperLock::ZooKeeperLock(ZooKeeperLockConfig config, std::shared_ptr<ZooKeeperClient> client) {
  internal::check_config(config, nullptr);
  if (!client) throw LockError(Errc::invalid_config, "client: it is null");
  impl_ = internal::with_lock_errors(
      [&] { return std::make_shared<Impl>(config, std::move(client), false); });
  impl_->end_when_the_process_exits();
}

ZooKeeperLock::~ZooKeeperLock() {
  if (impl_->is_forked()) {
    // The claims, threads and mutexes belong to the parent process: leave them as they are.
    static_cast<void>(new std::shared_ptr<Impl>(std::move(impl_)));
    return;
  }
  const internal::Farewell farewell;
  impl_->begin_to_end();
  impl_->await_servers(farewell.context());
  impl_->await_hooks(farewell.context());
}

void ZooKeeperLock::set_owner(std::string owner) {
  impl_->expect_own_process(Errc::lock_lost);
  impl_->set_owner(impl_->grants().of_this_thread(), std::move(owner));
}

void ZooKeeperLock::set_owner(const Lease& lease, std::string owner) {
  impl_->expect_own_process(Errc::lock_lost);
  impl_->set_owner(impl_->grants().of_lease(lease), std::move(owner));
}

Lease ZooKeeperLock::lease() const {
  if (impl_->is_forked()) return {};
  const internal::Grants::Held held = impl_->grants().current();
  return held ? held->lease() : Lease();
}

LockEntries ZooKeeperLock::entries(const Context& context) const {
  impl_->expect_own_process(Errc::locking_failed);
  return impl_->entries(context);
}

LockEntries ZooKeeperLock::wait_for_change(const LockEntries& known, const Context& context) const {
  impl_->expect_own_process(Errc::locking_failed);
  const std::shared_ptr<Impl> impl = impl_;
  return impl->wait_for_change(known, context);
}

Lease ZooKeeperLock::do_lock(const Context& context) {
  impl_->expect_own_process(Errc::locking_failed);
  const std::shared_ptr<Impl> impl = impl_;
  return impl->lock(context);
}

void ZooKeeperLock::do_unlock(const Context& context) {
  impl_->expect_own_process(Errc::lock_lost);
  const std::shared_ptr<Impl> impl = impl_;
  impl->unlock(context);
}

void ZooKeeperLock::do_unlock(const Lease& lease, const Context& context) {
  impl_->expect_own_process(Errc::lock_lost);
  const std::shared_ptr<Impl> impl = impl_;
  impl->unlock(lease, context);
}

void ZooKeeperLock::do_unlock_of_guard(const Context& context) {
  impl_->expect_own_process(Errc::lock_lost);
  const std::shared_ptr<Impl> impl = impl_;
  impl->unlock_of_guard(context);
}

std::string ZooKeeperLock::do_owner() const {
  if (impl_->is_forked()) return {};
  const internal::Grants::Held held = impl_->grants().current();
  return held ? held->owner() : std::string();
}

std::string ZooKeeperLock::do_path() const { return impl_->path(); }

}  // namespace zklock
