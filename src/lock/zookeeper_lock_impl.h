// zookeeper_lock_impl.h: what is behind a ZooKeeperLock.
#ifndef ZKLOCK_SRC_LOCK_ZOOKEEPER_LOCK_IMPL_H_
#define ZKLOCK_SRC_LOCK_ZOOKEEPER_LOCK_IMPL_H_

#include <zklock/zookeeper_lock.h>

#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "base/exit_list.h"
#include "base/platform.h"
#include "lock/grants.h"
#include "lock/held_claim.h"
#include "lock/list_entries.h"
#include "lock/lock_settings.h"
#include "lock/open_calls.h"
#include "lock/uncontended_path.h"
#include "lock/wait_for_change.h"
#include "queue/holder_memory.h"

namespace zklock {

/// Outlives the ZooKeeperLock while calls are under way. Thread safety: as ZooKeeperLock.
class ZKLOCK_HIDDEN ZooKeeperLock::Impl final : public internal::EndsAtExit,
                                                public std::enable_shared_from_this<Impl> {
 public:
  Impl(const ZooKeeperLockConfig& config, std::shared_ptr<ZooKeeperClient> client,
       bool owns_client);

  void create_path(const Context& context);
  Lease lock(const Context& caller);
  void unlock(const Context& context);
  void unlock(const Lease& lease, const Context& context);
  void unlock_of_guard(const Context& context);
  void set_owner(const internal::Grants::Held& held, std::string owner);
  [[nodiscard]] LockEntries entries(const Context& caller) const {
    return internal::list_entries(*settings_, *settings_->client, context_for(caller));
  }
  [[nodiscard]] LockEntries wait_for_change(const LockEntries& known, const Context& caller) {
    const internal::OpenCalls::Scope call(open_calls_);
    return internal::wait_for_change(*settings_, known, context_for(caller));
  }
  /// Called once the object has an owner.
  void end_when_the_process_exits() { settings_->background->ends_at_exit.add(shared_from_this()); }

  // EndsAtExit; the destructor of ZooKeeperLock does the same.
  void begin_to_end() noexcept override;
  void await_servers(const Context& context) noexcept override;
  void await_hooks(const Context& context) noexcept override { open_calls_.wait_for_all(context); }

  [[nodiscard]] const std::string& path() const noexcept { return settings_->path; }
  [[nodiscard]] const internal::Grants& grants() const noexcept { return grants_; }
  [[nodiscard]] bool is_forked() const noexcept { return internal::fork_count() != forks_; }

  /// In a forked child nothing may be touched: a thread of the parent's may have held any mutex.
  /// Throws LockError with this code.
  void expect_own_process(Errc code) const {
    if (is_forked()) {
      throw LockError(code, settings_->path + ": this lock belongs to the parent process",
                      ZooKeeperErrc::forked);
    }
  }

 private:
  /// A loss whose callbacks have not returned yet.
  struct Hook {
    explicit Hook(std::shared_ptr<Impl> impl) : lock(std::move(impl)), call(lock->open_calls_) {}

    const std::shared_ptr<Impl> lock;
    const internal::OpenCalls::Scope call;
  };

  void abandon(internal::HeldClaim& held) noexcept;
  /// Of values in a Context. "": not used.
  struct Keys {
    std::string owner;
    std::string trace;
  };

  [[nodiscard]] static std::unique_ptr<const Keys> keys_of(const ZooKeeperLockConfig& config);
  [[nodiscard]] std::string value_of(const Context& context, std::string Keys::*key) const {
    if (!keys_ || ((*keys_).*key).empty()) return {};
    return context.value((*keys_).*key).value_or("");
  }
  [[nodiscard]] std::string owner_of(const Context& context) const {
    return value_of(context, &Keys::owner);
  }
  [[nodiscard]] Context context_for(const Context& caller) const;
  // Which grant an unlock means. Throw LockError if there is none.
  [[nodiscard]] internal::Grants::Held held_by(const std::string& owner) const;
  [[nodiscard]] internal::Grants::Held held_by_guard();
  [[nodiscard]] internal::Grants::Held held_through(const Lease& lease) const;
  template <class Find>
  void release(const Find& find, Lease lease, const Context& context);
  void release(const internal::Grants::Held& held, const Context& context);

  const std::shared_ptr<const internal::LockSettings> settings_;
  const std::unique_ptr<const Keys> keys_;  // null: neither is used; most locks should be small
  const bool owns_client_;
  const int forks_ = internal::fork_count();
  // These guard their own state.
  internal::HolderMemory memory_;
  internal::UncontendedPath uncontended_path_;
  internal::Grants grants_;
  std::stop_source closing_;        // cancels the waiting calls when the lock is destroyed
  internal::OpenCalls open_calls_;  // calls of `lock`, and the hooks that a closing lock calls
};

}  // namespace zklock

#endif  // ZKLOCK_SRC_LOCK_ZOOKEEPER_LOCK_IMPL_H_
