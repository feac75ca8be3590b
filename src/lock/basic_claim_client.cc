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
constexpr const char* kUnknownException = "not a std::exception";

/// A session of the user's. What it throws is logged, and it is not relied on.
class CheckedSession final : public Session {
 public:
  CheckedSession(std::shared_ptr<const Session> session, Log log)
      : session_(std::move(session)), log_(std::move(log)) {}

  [[nodiscard]] std::int64_t id() const noexcept override { return session_->id(); }
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept override {
    return session_->timeout();
  }
  [[nodiscard]] std::stop_token lost() const noexcept override { return session_->lost(); }
  [[nodiscard]] std::error_code loss_reason() const noexcept override {
    return session_->loss_reason();
  }
  [[nodiscard]] std::chrono::steady_clock::time_point certain_until() const noexcept override {
    return session_->certain_until();
  }
  [[nodiscard]] std::stop_token uncertain() const noexcept override {
    return session_->uncertain();
  }
  [[nodiscard]] std::stop_token ending(std::chrono::milliseconds margin) const override {
    try {
      return session_->ending(margin);
    } catch (...) {
      log_.error("the client's session threw in ending");
      return session_->uncertain();
    }
  }
  [[nodiscard]] std::shared_ptr<void> keep_certain() const override {
    try {
      return session_->keep_certain();
    } catch (...) {
      log_.error("the client's session threw in keep_certain");
      return nullptr;
    }
  }
  [[nodiscard]] Result<void> become_certain(std::chrono::nanoseconds in_hand,
                                            const Context& context) const override {
    try {
      return session_->become_certain(in_hand, context);
    } catch (...) {
      log_.error("the client's session threw in become_certain");
      return ZooKeeperErrc::system_error;
    }
  }
  [[nodiscard]] std::stop_token certain_again() const override {
    try {
      return session_->certain_again();
    } catch (...) {
      log_.error("the client's session threw in certain_again");
      return {};
    }
  }

 private:
  const std::shared_ptr<const Session> session_;
  const Log log_;
};

/// Calls a client of the user's and catches its exceptions. Thread safety: that of the client.
class CheckedClient final : public BasicClaimClient,
                            public std::enable_shared_from_this<CheckedClient> {
 public:
  CheckedClient(std::shared_ptr<ZooKeeperClient> client, std::shared_ptr<Background> background,
                Log log)
      : client_(std::move(client)),
        advanced_(std::dynamic_pointer_cast<ClaimClient>(client_)),
        background_(std::move(background)),
        log_(std::move(log)) {}

  Result<Children> children(const std::string& path, const Context& context) override {
    return checked("children", path, [&] { return client_->children(path, context); });
  }
  Result<Children> children_and_watch(const std::string& path,
                                      const std::shared_ptr<Watcher>& watcher,
                                      const Context& context) override {
    return checked("children_and_watch", path,
                   [&] { return client_->children_and_watch(path, watcher, context); });
  }
  Result<Created> create(const std::string& path, const std::string& data, const Acl& acl,
                         const Context& context) override {
    return checked("create", path, [&] { return client_->create(path, data, acl, context); });
  }
  Result<Created> create_container(const std::string& path, const std::string& data, const Acl& acl,
                                   const Context& context) override {
    return checked("create_container", path,
                   [&] { return client_->create_container(path, data, acl, context); });
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
  MultiResult multi(const std::vector<MultiOperation>& operations,
                    const Context& context) override {
    MultiResult result;
    const Result<void> called =
        checked("multi", operations.empty() ? "" : operations.front().path, [&]() -> Result<void> {
          result = client_->multi(operations, context);
          return {};
        });
    if (!called) result = {.error = called.error()};
    return result;
  }
  Result<void> close(const Context& context) override {
    return checked("close", "", [&] { return client_->close(context); });
  }

  Result<void> check(const std::string& path, std::int32_t version,
                     const Context& context) override {
    if (!advanced_) return BasicClaimClient::check(path, version, context);
    return checked("check", path, [&] { return advanced_->check(path, version, context); });
  }
  void check_in_background(const std::string& path,
                           const std::function<void(Result<void>)>& answered) override {
    if (!advanced_) {
      return in_background([path, answered](CheckedClient& self) {
        answered(self.multi({{.type = MultiOperation::Type::check, .path = path}},
                            Context().with_timeout(kBackgroundPatience))
                     .error);
      });
    }
    const Result<void> called = checked("check_in_background", path, [&] {
      advanced_->check_in_background(path, answered);
      return Result<void>();
    });
    if (!called) answered(called);
  }
  Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context) override {
    if (!advanced_) return BasicClaimClient::enqueue(request, context);
    Result<Enqueued> enqueued =
        checked("enqueue", request.directory, [&] { return advanced_->enqueue(request, context); });
    if (enqueued) enqueued->claim.session = checked_session(std::move(enqueued->claim.session));
    return enqueued;
  }
  void watch_in_background(const std::string& path,
                           const std::shared_ptr<Watcher>& watcher) override {
    if (!advanced_) {
      // A watcher that is gone by then needs no watch.
      return in_background([path, weak = std::weak_ptr<Watcher>(watcher)](CheckedClient& self) {
        if (const auto alive = weak.lock()) self.watch_now(path, alive);
      });
    }
    static_cast<void>(checked("watch_in_background", path, [&] {
      advanced_->watch_in_background(path, watcher);
      return Result<void>();
    }));
  }
  void remove_in_background(const std::string& path) override { remove_and_report(path, nullptr); }
  void remove_and_report(const std::string& path,
                         const std::shared_ptr<RemovalListener>& listener) override {
    if (!advanced_) {
      return in_background([path](CheckedClient& self) { self.remove_now(path); });
    }
    static_cast<void>(checked("remove_in_background", path, [&] {
      advanced_->remove_and_report(path, listener);
      return Result<void>();
    }));
  }
  [[nodiscard]] PendingRemovals pending_removals() const override {
    return advanced_
               ? checked_value("pending_removals", [this] { return advanced_->pending_removals(); })
               : PendingRemovals{};
  }
  [[nodiscard]] std::shared_ptr<const Session> session() const override {
    if (!advanced_) return nullptr;
    return checked_session(checked_value("session", [this] { return advanced_->session(); }));
  }
  [[nodiscard]] bool is_connected() const override {
    if (!advanced_) return true;
    return checked_value("is_connected", [this] { return advanced_->is_connected(); });
  }
  [[nodiscard]] std::shared_ptr<ClaimClient> with_capacity() override {
    if (!advanced_) return nullptr;
    std::shared_ptr<ClaimClient> other =
        checked_value("with_capacity", [this] { return advanced_->with_capacity(); });
    if (!other || other->never_throws()) return other;
    // The same adapter for a client, as long as a claim uses it: a lock tells clients apart.
    const MutexLock lock(mutex_);
    std::erase_if(others_, [](const auto& known) { return known.second.expired(); });
    std::weak_ptr<ClaimClient>& known = others_[other.get()];
    std::shared_ptr<ClaimClient> adapter = known.lock();
    if (!adapter) {
      adapter = std::make_shared<CheckedClient>(std::move(other), background_, log_);
      known = adapter;
    }
    return adapter;
  }
  [[nodiscard]] bool never_throws() const noexcept override { return true; }

 private:
  /// Runs `call` on a thread that may block. A basic client answers before its call returns, and
  /// this may be the thread that brings its answers.
  template <class Call>
  void in_background(const Call& call) {
    background_->losses.post([self = shared_from_this(), call] { call(*self); });
  }
  void watch_now(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
    BasicClaimClient::watch_in_background(path, watcher);
  }
  void remove_now(const std::string& path) { BasicClaimClient::remove_in_background(path); }

  /// Returns the result of `call`, or `system_error` if it throws.
  template <class Call>
  [[nodiscard]] auto checked(const char* operation, const std::string& path, const Call& call) const
      -> decltype(call()) {
    try {
      return call();
    } catch (const std::exception& thrown) {
      log_thrown(operation, path, thrown.what());
    } catch (...) {
      log_thrown(operation, path, kUnknownException);
    }
    return ZooKeeperErrc::system_error;
  }
  /// The same for functions without an error: returns an empty value if they throw.
  template <class Call>
  [[nodiscard]] auto checked_value(const char* operation, const Call& call) const
      -> decltype(call()) {
    try {
      return call();
    } catch (const std::exception& thrown) {
      log_thrown(operation, "", thrown.what());
    } catch (...) {
      log_thrown(operation, "", kUnknownException);
    }
    return {};
  }
  [[nodiscard]] std::shared_ptr<const Session> checked_session(
      std::shared_ptr<const Session> session) const {
    if (!session) return nullptr;
    return std::make_shared<CheckedSession>(std::move(session), log_);
  }
  void log_thrown(const char* operation, const std::string& path, const char* what) const {
    log_.error([&] {
      return std::string("the client threw in ") + operation + "(" + path + "): " + what;
    });
  }

  const std::shared_ptr<ZooKeeperClient> client_;
  const std::shared_ptr<ClaimClient> advanced_;  // the same client; null: it is a basic one
  const std::shared_ptr<Background> background_;
  const Log log_;

  Mutex mutex_;
  // Of further clients, which these own.
  std::map<const ClaimClient*, std::weak_ptr<ClaimClient>> others_ ZKLOCK_GUARDED_BY(mutex_);
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
  if (claim->details) static_cast<CreatedDetails&>(enqueued.claim) = *claim->details;
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
  // An error has no receiver. A client that knows its session would try again.
  static_cast<void>(remove(path, kAnyVersion, Context().with_timeout(kBackgroundPatience)));
}

std::shared_ptr<ClaimClient> claim_client_of(std::shared_ptr<ZooKeeperClient> client,
                                             std::shared_ptr<Background> background, Log log) {
  auto claim_client = std::dynamic_pointer_cast<ClaimClient>(client);
  if (claim_client && claim_client->never_throws()) return claim_client;
  return std::make_shared<CheckedClient>(std::move(client), std::move(background), std::move(log));
}

}  // namespace zklock::internal
