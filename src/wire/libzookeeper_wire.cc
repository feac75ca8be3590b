#include "wire/libzookeeper_wire.h"

#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/platform.h"
#include "wire/handshake_limit.h"
#include "wire/libzookeeper_log.h"
#include "wire/libzookeeper_request.h"
#include "wire/line_callback.h"
#include "wire/open_handle.h"
#include "wire/resolver.h"
#include "wire/round_pause.h"
#include "wire/sasl_login.h"

// Declared in zookeeper_log.h, which does not find its own includes.
extern "C" ZooLogLevel logLevel;  // NOLINT(readability-identifier-naming): the name is theirs

namespace zklock::internal {

namespace {

/// How long `close` waits for answers that are under way. If the handle is closed before they are
/// read, the server misses the end of the session and keeps its claims until it expires.
constexpr std::chrono::milliseconds kDrainTime{1'000};

/// What libzookeeper may take longer than its timeouts say.
constexpr std::chrono::seconds kSlack{1};

class LibZooKeeperWire final : public Wire, public std::enable_shared_from_this<LibZooKeeperWire> {
 public:
  LibZooKeeperWire(std::shared_ptr<HandleServers> servers, const std::string& chroot,
                   const ClientOptions& options, std::shared_ptr<OutageLog> log,
                   std::shared_ptr<WireListener> listener, const SessionIdentity* resume);
  /// From now on the handle takes newer servers.
  void take_newer_servers();

  void create(const std::string& path, const std::string& data, const Acl& acl, CreateMode mode,
              Answer<Created> answer) override;
  void children(const std::string& path, bool watch, Answer<Children> answer) override;
  void get(const std::string& path, bool watch, Answer<Znode> answer) override;
  void set(const std::string& path, const std::string& data, std::int32_t version,
           Answer<Stat> answer) override;
  void remove(const std::string& path, std::int32_t version, Answer<void> answer) override;
  void check(const std::string& path, std::int32_t version, Answer<void> answer) override;
  void multi(const std::vector<MultiOperation>& operations, Answer<MultiResult> answer) override;
  void leave_server(std::chrono::nanoseconds silence) override;
  [[nodiscard]] std::string problem() const override { return log_->problem(); }
  [[nodiscard]] Refusal take_refusal() override;
  void close() noexcept override;

 private:
  static void on_session_event(zhandle_t* handle, int type, int state, const char* path,
                               void* context) noexcept;
  static void on_watch_event(zhandle_t* handle, int type, int state, const char* path,
                             void* context) noexcept;

  void on_failed_attempt(bool ends_round);
  void use_newer_servers();
  /// How long the handle may keep newer servers waiting: libzookeeper writes no line while it waits
  /// for a server, and that is for two thirds of the session timeout. A pause between two rounds
  /// may come on top.
  [[nodiscard]] std::chrono::nanoseconds patience(zhandle_t* handle) const;

  /// Registers the request and calls `call(handle, request)`, which passes it to libzookeeper.
  template <class Call>
  void send(std::unique_ptr<Request> request, const Call& call);

  const std::shared_ptr<WireListener> listener_;
  const std::shared_ptr<HandleServers> servers_;
  const std::shared_ptr<LibZooKeeperLog> log_;
  const LineCallback lines_{log_};
  RoundPause round_pause_;
  const std::unique_ptr<SaslLogin> login_;      // null: no SASL
  bool has_seen_refusal_ = false;               // of the thread that calls take_refusal
  std::optional<TimeoutInUse> timeout_in_use_;  // null: no TLS. Of the completion thread
  std::atomic<bool> connected_{false};          // written by the completion thread only

  SharedMutex handle_mutex_;  // shared: using the handle; exclusive: beginning to close it
  zhandle_t* handle_ ZKLOCK_GUARDED_BY(handle_mutex_) = nullptr;  // null once closing has begun
  RequestsUnderWay under_way_;
  std::size_t list_length_ = 0;  // of the handle. Of the constructor, then of the network thread
};

/// libzookeeper requires a completion, and may call it on its IO thread with its lock held: so it
/// does nothing. A refused identity is also reported as an event.
void on_auth_added(int, const void*) {}

LibZooKeeperWire::LibZooKeeperWire(std::shared_ptr<HandleServers> servers,
                                   const std::string& chroot, const ClientOptions& options,
                                   std::shared_ptr<OutageLog> log,
                                   std::shared_ptr<WireListener> listener,
                                   const SessionIdentity* resume)
    : listener_(std::move(listener)),
      servers_(std::move(servers)),
      log_(std::make_shared<LibZooKeeperLog>(std::move(log), servers_, options.tls.has_value())),
      round_pause_(resume != nullptr ? resume->timeout : options.session_timeout),
      login_(options.sasl ? std::make_unique<SaslLogin>(*options.sasl) : nullptr) {
  if (options.tls) timeout_in_use_.emplace(options.session_timeout);
  const std::vector<std::string> list = padded(servers_->in_use());
  list_length_ = list.size();
  const std::string address = connection_string(list, chroot);
  handle_ = open_handle({.connection_string = address,
                         .options = options,
                         .watcher = on_session_event,
                         .log = lines_.function(),
                         .resume = resume,
                         .context = this,
                         .login = login_.get()});
  // Otherwise it would resolve the addresses again in every turn of its loop, and do nothing while
  // that fails (libzookeeper_mt 3.8).
  zoo_set_servers_resolution_delay(handle_, -1);
  zoo_set_log_callback(handle_, lines_.function());
  for (const AuthInfo& auth : options.auth) {
    // The handle keeps it for every connection. This is safe only before any other request.
    zoo_add_auth(handle_, auth.scheme.c_str(), auth.credentials.data(),
                 static_cast<int>(auth.credentials.size()), on_auth_added, nullptr);
  }
}

void LibZooKeeperWire::take_newer_servers() {
  log_->on_failed_attempt([weak = weak_from_this()](bool ends_round) {
    if (const auto self = weak.lock()) self->on_failed_attempt(ends_round);
  });
}

/// Runs on the handle's network thread, inside libzookeeper, which holds no lock.
void LibZooKeeperWire::on_failed_attempt(bool ends_round) {
  if (lines_.is_shared()) return;  // the lines may be those of another handle
  if (ends_round) round_pause_.wait();
  use_newer_servers();  // the names may have been looked up meanwhile
}

/// On the handle's network thread: `zoo_set_servers` closes the handle's
/// socket, which no other thread may do. The handle must not be connected either, as it would not
/// report that the connection is gone.
void LibZooKeeperWire::use_newer_servers() {
  std::optional<std::vector<std::string>> newer = servers_->offered();
  if (!newer) return;
  const std::vector<std::string> list = padded(*newer, list_length_);
  const std::string address = connection_string(list, "");
  const SharedLock lock(handle_mutex_);
  if (handle_ == nullptr || zoo_state(handle_) == ZOO_CONNECTED_STATE) return;
  if (zoo_set_servers(handle_, address.c_str()) != ZOK) return;  // the next attempt tries it again
  list_length_ = list.size();
  servers_->use(std::move(*newer));
}

std::chrono::nanoseconds LibZooKeeperWire::patience(zhandle_t* handle) const {
  // Such a handle takes none.
  if (lines_.is_shared() || logLevel < ZOO_LOG_LEVEL_ERROR) return HandleServers::kShortPatience;
  return std::chrono::milliseconds(zoo_recv_timeout(handle)) * 2 / 3 + round_pause_.longest() +
         kSlack;
}

template <class Call>
void LibZooKeeperWire::send(std::unique_ptr<Request> request, const Call& call) {
  std::error_code error = ZooKeeperErrc::connection_loss;
  {
    const SharedLock lock(handle_mutex_);
    if (handle_ != nullptr) {
      under_way_.add(request.get());
      const int code = call(handle_, request.get());
      if (code == ZOK) {
        static_cast<void>(request.release());  // carried by libzookeeper, and in under_way_
        return;
      }
      under_way_.forget(request.get());
      // A dead handle says so before its event has come.
      error = code == ZINVALIDSTATE ? ZooKeeperErrc::connection_loss : to_error(code);
    }
  }
  request->fail(error);
}

void LibZooKeeperWire::create(const std::string& path, const std::string& data, const Acl& acl,
                              CreateMode mode, Answer<Created> answer) {
  const std::optional<int> flags = raw_mode(mode);
  if (!flags) return answer(ZooKeeperErrc::unimplemented);
  const RawAcl raw_acl(acl);
  send(std::make_unique<TypedRequest<Created>>(under_way_, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         return zoo_acreate2(handle, path.c_str(), data.data(), static_cast<int>(data.size()),
                             raw_acl.get(), *flags, finish_create, request);
       });
}

void LibZooKeeperWire::children(const std::string& path, bool watch, Answer<Children> answer) {
  send(std::make_unique<TypedRequest<Children>>(under_way_, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         return zoo_awget_children2(handle, path.c_str(), watch ? on_watch_event : nullptr, this,
                                    finish_children, request);
       });
}

void LibZooKeeperWire::get(const std::string& path, bool watch, Answer<Znode> answer) {
  send(std::make_unique<TypedRequest<Znode>>(under_way_, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         // With one function and one context for all watches, libzookeeper keeps one of a kind for
         // each path.
         return zoo_awget(handle, path.c_str(), watch ? on_watch_event : nullptr, this, finish_get,
                          request);
       });
}

void LibZooKeeperWire::set(const std::string& path, const std::string& data, std::int32_t version,
                           Answer<Stat> answer) {
  send(std::make_unique<TypedRequest<Stat>>(under_way_, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         return zoo_aset(handle, path.c_str(), data.data(), static_cast<int>(data.size()), version,
                         finish_set, request);
       });
}

void LibZooKeeperWire::remove(const std::string& path, std::int32_t version, Answer<void> answer) {
  send(std::make_unique<TypedRequest<void>>(under_way_, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         return zoo_adelete(handle, path.c_str(), version, finish_void, request);
       });
}

void LibZooKeeperWire::check(const std::string& path, std::int32_t version, Answer<void> answer) {
  auto request = std::make_unique<TypedRequest<void>>(under_way_, std::move(answer));
  request->results.resize(1);
  zoo_op_result_t* const result = request->results.data();
  send(std::move(request), [&](zhandle_t* handle, const Request* sent) {
    zoo_op_t operation;
    zoo_check_op_init(&operation, path.c_str(), version);
    return zoo_amulti(handle, 1, &operation, result, finish_void, sent);
  });
}

void LibZooKeeperWire::multi(const std::vector<MultiOperation>& operations,
                             Answer<MultiResult> answer) {
  auto request = std::make_unique<TypedRequest<MultiResult>>(under_way_, std::move(answer));
  request->results.resize(operations.size());
  zoo_op_result_t* const results = request->results.data();
  const RawOperations raw(operations);
  send(std::move(request), [&](zhandle_t* handle, const Request* sent) {
    return zoo_amulti(handle, static_cast<int>(operations.size()), raw.get(), results, finish_multi,
                      sent);
  });
}

/// libzookeeper itself waits for two thirds of the session timeout. A closed socket is what it
/// reports, and mends, at once; `zoo_set_servers` on a handle that is connected does neither.
void LibZooKeeperWire::leave_server(std::chrono::nanoseconds silence) {
  // The lines of a shared callback may be about another handle.
  if (!connected_.load() || lines_.is_shared()) return;
  if (servers_->in_use().size() > 1) log_->leave_server(silence);
}

/// After a refusal libzookeeper ends the handle's network thread: without an event, and in most
/// cases without a line.
Refusal LibZooKeeperWire::take_refusal() {
  if (!login_) return {};
  {
    const SharedLock lock(handle_mutex_);
    if (handle_ == nullptr || zoo_state(handle_) != ZOO_AUTH_FAILED_STATE) return {};
  }
  // libzookeeper sets the state before it writes the line that says what has failed: at the next
  // look that is there.
  if (!std::exchange(has_seen_refusal_, true) || !servers_->give_up()) return {};
  const LibZooKeeperLog::Login login = log_->login();
  // Before Cyrus comes in, libzookeeper asks the socket for its addresses: it has none if the
  // connection was reset.
  const bool broke = login.has_failed_here && login.negotiation.empty();
  return {login_->refusal(broke ? "the connection broke" : login.negotiation), broke};
}

void LibZooKeeperWire::close() noexcept {
  round_pause_.end();
  // The answer to this read comes behind everything that the server has sent before, which must
  // have been read: after a reconnect also the answer to the watches that libzookeeper has set
  // again, and their events.
  if (connected_.load()) get("/", false, [](const Result<Znode>&) {});
  // New requests are still taken until the handle is taken away: the removal list may have some.
  under_way_.drain(kDrainTime);
  zhandle_t* handle = nullptr;
  {
    const ExclusiveLock lock(handle_mutex_);
    handle = std::exchange(handle_, nullptr);
  }
  // Closing waits for a TLS handshake that is under way.
  const std::shared_ptr<void> limit =
      timeout_in_use_ && !connected_.load() && handle != nullptr
          ? limit_handshakes(servers_->in_use(),
                             std::chrono::milliseconds(zoo_recv_timeout(handle)))
          : nullptr;
  zookeeper_close(handle);
  // From here on libzookeeper calls nothing: requests without an answer never get one.
  under_way_.fail_all(ZooKeeperErrc::connection_loss);
}

void LibZooKeeperWire::on_session_event(zhandle_t* handle, int type, int state, const char*,
                                        void* context) noexcept {
  if (type != ZOO_SESSION_EVENT) return;
  auto& self = *static_cast<LibZooKeeperWire*>(context);
  if (state == ZOO_CONNECTED_STATE) {
    SessionIdentity session;
    const clientid_t* const id = zoo_client_id(handle);
    session.id = id->client_id;
    std::memcpy(session.password.data(), id->passwd, session.password.size());
    session.timeout = std::chrono::milliseconds(zoo_recv_timeout(handle));
    self.connected_ = true;
    self.log_->on_connected();
    self.round_pause_.begin_anew(session.timeout);
    if (self.timeout_in_use_) self.timeout_in_use_->change(session.timeout);
    self.listener_->on_connected(session);
  } else if (state == ZOO_EXPIRED_SESSION_STATE) {
    self.listener_->on_expired();
  } else if (state == ZOO_AUTH_FAILED_STATE) {
    self.listener_->on_auth_failed();
  } else if (self.connected_.exchange(false)) {
    self.servers_->search(self.patience(handle),
                          std::chrono::milliseconds(zoo_recv_timeout(handle)));
    self.listener_->on_disconnected();
  }
}

void LibZooKeeperWire::on_watch_event(zhandle_t*, int type, int, const char* path,
                                      void* context) noexcept {
  auto& self = *static_cast<LibZooKeeperWire*>(context);
  // Session events (type ZOO_SESSION_EVENT) go to every watcher, too: on_session_event handles
  // them.
  if (type == ZOO_CREATED_EVENT) self.listener_->on_watch(WatchEvent::Type::created, path);
  if (type == ZOO_DELETED_EVENT) self.listener_->on_watch(WatchEvent::Type::deleted, path);
  if (type == ZOO_CHANGED_EVENT) self.listener_->on_watch(WatchEvent::Type::changed, path);
  if (type == ZOO_CHILD_EVENT) self.listener_->on_watch(WatchEvent::Type::children_changed, path);
}

}  // namespace

std::shared_ptr<Wire> open_libzookeeper(std::shared_ptr<HandleServers> servers,
                                        const std::string& chroot, const ClientOptions& options,
                                        std::shared_ptr<OutageLog> log,
                                        std::shared_ptr<WireListener> listener,
                                        const SessionIdentity* resume) {
  auto wire = std::make_shared<LibZooKeeperWire>(std::move(servers), chroot, options,
                                                 std::move(log), std::move(listener), resume);
  wire->take_newer_servers();
  return wire;
}

}  // namespace zklock::internal
