#include "lock/basic_claim_client.h"

#include <chrono>
#include <exception>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "base/znode_path.h"

namespace zklock::internal {

namespace {

constexpr std::chrono::seconds kBackgroundPatience{1};
constexpr const char* kNoException = "something that is no std::exception";

/// Calls a client of the user's, and lets nothing out that it throws.
class CheckedClient final : public BasicClaimClient {
 public:
  CheckedClient(std::shared_ptr<ZooKeeperClient> client, Log log)
      : client_(std::move(client)),
        advanced_(std::dynamic_pointer_cast<ClaimClient>(client_)),
        log_(std::move(log)) {}

  Result<Children> children(const std::string& path, const Context& context) override {
    return checked("children", path, [&] { return client_->children(path, context); });
  }
  Result<Created> create(const std::string& path, const std::string& data, const Acl& acl,
                         const Context& context) override {
    return checked("create", path, [&] { return client_->create(path, data, acl, context); });
  }
  Result<Created> create_protected_ephemeral_sequential(const std::string& path,
                                                        const std::string& data, const Acl& acl,
                                                        const Context& context) override {
    return checked("create_protected_ephemeral_sequential", path, [&] {
      return client_->create_protected_ephemeral_sequential(path, data, acl, context);
    });
  }
  Result<void> remove(const std::string& path, std::int32_t version,
                      const Context& context) override {
    return checked("remove", path, [&] { return client_->remove(path, version, context); });
  }
  Result<Znode> get(const std::string& path, const Context& context) override {
    return checked("get", path, [&] { return client_->get(path, context); });
  }
  Result<Znode> get_and_watch(const std::string& path, const std::shared_ptr<Watcher>& watcher,
                              const Context& context) override {
    return checked("get_and_watch", path,
                   [&] { return client_->get_and_watch(path, watcher, context); });
  }
  Result<Stat> set(const std::string& path, const std::string& data, std::int32_t version,
                   const Context& context) override {
    return checked("set", path, [&] { return client_->set(path, data, version, context); });
  }
  Result<void> close(const Context& context) override {
    return checked("close", "", [&] { return client_->close(context); });
  }

  Result<void> check(const std::string& path, std::int32_t version,
                     const Context& context) override {
    if (!advanced_) return BasicClaimClient::check(path, version, context);
    return checked("check", path, [&] { return advanced_->check(path, version, context); });
  }
  Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context) override {
    if (!advanced_) return BasicClaimClient::enqueue(request, context);
    return checked("enqueue", request.directory,
                   [&] { return advanced_->enqueue(request, context); });
  }
  void watch_in_background(const std::string& path,
                           const std::shared_ptr<Watcher>& watcher) override {
    if (!advanced_) return BasicClaimClient::watch_in_background(path, watcher);
    static_cast<void>(checked("watch_in_background", path, [&] {
      advanced_->watch_in_background(path, watcher);
      return Result<void>();
    }));
  }
  void remove_in_background(const std::string& path) override {
    if (!advanced_) return BasicClaimClient::remove_in_background(path);
    static_cast<void>(checked("remove_in_background", path, [&] {
      advanced_->remove_in_background(path);
      return Result<void>();
    }));
  }
  [[nodiscard]] PendingRemovals pending_removals() const override {
    return advanced_
               ? checked_value("pending_removals", [this] { return advanced_->pending_removals(); })
               : PendingRemovals{};
  }
  [[nodiscard]] std::shared_ptr<const Session> session() const override {
    return advanced_ ? checked_value("session", [this] { return advanced_->session(); }) : nullptr;
  }
  [[nodiscard]] std::shared_ptr<ClaimClient> with_capacity() override {
    if (!advanced_) return nullptr;
    std::shared_ptr<ClaimClient> other =
        checked_value("with_capacity", [this] { return advanced_->with_capacity(); });
    if (!other || other->never_throws()) return other;
    // Always the same adapter for a client: a lock compares clients by address.
    const MutexLock lock(mutex_);
    std::shared_ptr<ClaimClient>& known = others_[other.get()];
    if (!known) known = std::make_shared<CheckedClient>(std::move(other), log_);
    return known;
  }
  [[nodiscard]] bool never_throws() const noexcept override { return true; }

 private:
  /// What `call` returns; `system_error` if it throws.
  template <class Call>
  [[nodiscard]] auto checked(const char* operation, const std::string& path, const Call& call) const
      -> decltype(call()) {
    try {
      return call();
    } catch (const std::exception& thrown) {
      log_thrown(operation, path, thrown.what());
    } catch (...) {
      log_thrown(operation, path, kNoException);
    }
    return ZooKeeperErrc::system_error;
  }
  /// The same for what has no error: nothing, if it throws.
  template <class Call>
  [[nodiscard]] auto checked_value(const char* operation, const Call& call) const
      -> decltype(call()) {
    try {
      return call();
    } catch (const std::exception& thrown) {
      log_thrown(operation, "", thrown.what());
    } catch (...) {
      log_thrown(operation, "", kNoException);
    }
    return {};
  }
  void log_thrown(const char* operation, const std::string& path, const char* what) const {
    log_.error([&] {
      return std::string("the client threw in ") + operation + "(" + path + "): " + what;
    });
  }

  const std::shared_ptr<ZooKeeperClient> client_;
  const std::shared_ptr<ClaimClient> advanced_;  // the same one; null: it is a basic one
  const Log log_;

  Mutex mutex_;
  std::map<const ClaimClient*, std::shared_ptr<ClaimClient>> others_ ZKLOCK_GUARDED_BY(mutex_);
};

}  // namespace

Result<void> BasicClaimClient::check(const std::string& path, std::int32_t version,
                                     const Context& context) {
  const Result<Znode> znode = get(path, context);
  if (!znode) return znode.error();
  if (version != kAnyVersion && version != znode->stat.version) return ZooKeeperErrc::bad_version;
  return {};
}

Result<Enqueued> BasicClaimClient::enqueue(const EnqueueRequest& request, const Context& context) {
  Result<Created> claim = create_protected_ephemeral_sequential(
      join_path(request.directory, "lock-"), request.data, request.acl, context);
  if (!claim) return claim.error();
  Enqueued enqueued;
  static_cast<Created&>(enqueued.claim) = std::move(*claim);
  if (request.list) enqueued.queue = children(request.directory, context);
  return enqueued;
}

void BasicClaimClient::watch_in_background(const std::string& path,
                                           const std::shared_ptr<Watcher>& watcher) {
  const Result<Znode> znode =
      get_and_watch(path, watcher, Context().with_timeout(kBackgroundPatience));
  if (znode.error() == ZooKeeperErrc::no_node) {
    watcher->on_event(WatchEvent{WatchEvent::Type::deleted, path});
  }
}

void BasicClaimClient::remove_in_background(const std::string& path) {
  // Nobody is there to hear of an error; a client with a session of its own would go on trying.
  static_cast<void>(remove(path, kAnyVersion, Context().with_timeout(kBackgroundPatience)));
}

std::shared_ptr<ClaimClient> claim_client_of(std::shared_ptr<ZooKeeperClient> client, Log log) {
  auto claim_client = std::dynamic_pointer_cast<ClaimClient>(client);
  if (claim_client && claim_client->never_throws()) return claim_client;
  return std::make_shared<CheckedClient>(std::move(client), std::move(log));
}

}  // namespace zklock::internal
