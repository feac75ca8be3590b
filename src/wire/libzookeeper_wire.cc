#include "wire/libzookeeper_wire.h"

#include <pthread.h>
#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <shared_mutex>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/platform.h"
#include "wire/libzookeeper_log.h"

// In the library only if it was built with OpenSSL, and declared only then.
extern "C" zhandle_t* zookeeper_init_ssl(const char* host, const char* cert, watcher_fn watcher,
                                         int recv_timeout, const clientid_t* client_id,
                                         void* context, int flags) __attribute__((weak));

namespace zklock::internal {

namespace {

/// How long `close` waits for answers that are under way. Closing before they are read makes the
/// server miss the end of the session, and keep its claims until it expires.
constexpr std::chrono::milliseconds kDrainTime{1'000};

/// libzookeeper pauses for a 60th of the session timeout between attempts to connect: asked for
/// less than this it would not pause. (The servers make it longer in any case.)
constexpr std::chrono::milliseconds kShortestSession{200};

std::error_code to_error(int code) noexcept {
  if (code == ZOK) return {};
  return static_cast<ZooKeeperErrc>(code);
}

Stat to_stat(const ::Stat& raw) {
  Stat stat;
  stat.czxid = raw.czxid;
  stat.mzxid = raw.mzxid;
  stat.pzxid = raw.pzxid;
  stat.ctime = Stat::Time(std::chrono::milliseconds(raw.ctime));
  stat.mtime = Stat::Time(std::chrono::milliseconds(raw.mtime));
  stat.version = raw.version;
  stat.cversion = raw.cversion;
  stat.aversion = raw.aversion;
  stat.ephemeral_owner = raw.ephemeralOwner;
  stat.data_length = raw.dataLength;
  stat.num_children = raw.numChildren;
  return stat;
}

/// libzookeeper's form of an Acl, which it reads during the call only. REQUIRES: `acl` outlives it.
class RawAcl {
 public:
  explicit RawAcl(const Acl& acl) {
    for (const AclEntry& entry : acl.entries()) {
      entries_.push_back({static_cast<std::int32_t>(entry.permissions),
                          {const_cast<char*>(entry.scheme.c_str()),  // NOLINT: C, but only read
                           const_cast<char*>(entry.id.c_str())}});   // NOLINT: likewise
    }
    vector_ = {static_cast<std::int32_t>(entries_.size()), entries_.data()};
  }
  [[nodiscard]] const ACL_vector* get() const noexcept { return &vector_; }

 private:
  std::vector<ACL> entries_;
  ACL_vector vector_{};
};

class LibZooKeeperWire;

/// A request that is under way. libzookeeper carries a pointer to it; when it loses the answer (as
/// zookeeper_close may do, ZOOKEEPER-2894), the wire still knows it and answers itself.
class Request {
 public:
  explicit Request(LibZooKeeperWire& wire) : wire_(wire) {}
  virtual ~Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  virtual void fail(std::error_code error) = 0;

 protected:
  LibZooKeeperWire& wire_;
};

class LibZooKeeperWire final : public Wire {
 public:
  LibZooKeeperWire(const std::string& connection_string, const ClientOptions& options,
                   std::shared_ptr<WireListener> listener, const SessionIdentity* resume);

  void create(const std::string& path, const std::string& data, const Acl& acl, CreateMode mode,
              Answer<Created> answer) override;
  void children(const std::string& path, Answer<Children> answer) override;
  void get(const std::string& path, bool watch, Answer<Znode> answer) override;
  void set(const std::string& path, const std::string& data, std::int32_t version,
           Answer<Stat> answer) override;
  void remove(const std::string& path, std::int32_t version, Answer<void> answer) override;
  void check(const std::string& path, std::int32_t version, Answer<void> answer) override;
  void close() noexcept override;

  /// The answer has come: the request is no longer under way.
  void forget(Request* request) {
    bool was_last = false;
    {
      const MutexLock lock(requests_.mutex);
      under_way_.erase(request);
      was_last = draining_ && under_way_.empty();
    }
    if (was_last) requests_.changed->notify_all();
  }

 private:
  static void on_session_event(zhandle_t* handle, int type, int state, const char* path,
                               void* context) noexcept;
  static void on_watch_event(zhandle_t* handle, int type, int state, const char* path,
                             void* context) noexcept;

  /// Registers the request and calls `call(handle, request)`, which hands it to libzookeeper.
  template <class Call>
  void send(std::unique_ptr<Request> request, const Call& call);

  const std::shared_ptr<WireListener> listener_;
  const LibZooKeeperLog log_;
  std::atomic<bool> connected_{false};  // written by the completion thread only

  std::shared_mutex handle_mutex_;  // shared: using the handle; exclusive: beginning to close it
  zhandle_t* handle_ = nullptr;     // guarded by handle_mutex_; null once closing has begun

  Monitor requests_;
  std::unordered_set<Request*> under_way_ ZKLOCK_GUARDED_BY(requests_.mutex);  // owned
  bool draining_ ZKLOCK_GUARDED_BY(requests_.mutex) = false;
};

template <class T>
class TypedRequest final : public Request {
 public:
  TypedRequest(LibZooKeeperWire& wire, Wire::Answer<T> answer)
      : Request(wire), answer_(std::move(answer)) {}

  void fail(std::error_code error) override { answer_(error); }

  /// Of the completion thread: takes the request back from libzookeeper and answers it.
  static void finish(const void* context, Result<T> result) noexcept {
    std::unique_ptr<TypedRequest> self(
        const_cast<TypedRequest*>(static_cast<const TypedRequest*>(context)));  // NOLINT: C
    self->wire_.forget(self.get());
    self->answer_(std::move(result));
  }

  zoo_op_result_t check_result{};  // libzookeeper writes it until the answer comes

 private:
  const Wire::Answer<T> answer_;
};

void on_created(int code, const char* path, const ::Stat* stat, const void* context) {
  if (code != ZOK) return TypedRequest<Created>::finish(context, to_error(code));
  TypedRequest<Created>::finish(context, Created{path, to_stat(*stat)});
}

void on_children(int code, const String_vector* names, const ::Stat* stat, const void* context) {
  if (code != ZOK) return TypedRequest<Children>::finish(context, to_error(code));
  Children children;
  children.names.assign(names->data, names->data + names->count);
  children.stat = to_stat(*stat);
  TypedRequest<Children>::finish(context, std::move(children));
}

void on_data(int code, const char* data, int size, const ::Stat* stat, const void* context) {
  if (code != ZOK) return TypedRequest<Znode>::finish(context, to_error(code));
  Znode znode;
  if (data != nullptr && size > 0) znode.data.assign(data, static_cast<std::size_t>(size));
  znode.stat = to_stat(*stat);
  TypedRequest<Znode>::finish(context, std::move(znode));
}

void on_stat(int code, const ::Stat* stat, const void* context) {
  if (code != ZOK) return TypedRequest<Stat>::finish(context, to_error(code));
  TypedRequest<Stat>::finish(context, to_stat(*stat));
}

void on_void(int code, const void* context) {
  TypedRequest<void>::finish(context, Result<void>(to_error(code)));
}

/// libzookeeper wants one, and may call it on its IO thread with its lock held: it does nothing. A
/// refused identity comes as an event too.
void on_auth_added(int, const void*) {}

LibZooKeeperWire::LibZooKeeperWire(const std::string& connection_string,
                                   const ClientOptions& options,
                                   std::shared_ptr<WireListener> listener,
                                   const SessionIdentity* resume)
    : listener_(std::move(listener)), log_(options.logger) {
  clientid_t client_id{};
  if (resume != nullptr) {
    client_id.client_id = resume->id;
    static_assert(sizeof client_id.passwd == sizeof resume->password);
    std::memcpy(client_id.passwd, resume->password.data(), sizeof client_id.passwd);
  }
  const clientid_t* const session = resume != nullptr ? &client_id : nullptr;
  // One that resumes asks for what the session has: a server that granted less would shorten it
  // before the client knows.
  const std::chrono::milliseconds asked =
      resume != nullptr ? resume->timeout : options.session_timeout;
  const int timeout = static_cast<int>(std::max(asked, kShortestSession).count());

  // libzookeeper's threads are not to run the application's signal handlers.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  errno = 0;
  if (options.tls) {
    const TlsOptions& tls = *options.tls;
    const std::string files =
        tls.ca_file + "," + tls.certificate_file + "," + tls.key_file + "," + tls.key_password;
    handle_ = zookeeper_init_ssl(connection_string.c_str(), files.c_str(), on_session_event,
                                 timeout, session, this, ZOO_NO_LOG_CLIENTENV);
  } else {
    handle_ = zookeeper_init2(connection_string.c_str(), on_session_event, timeout, session, this,
                              ZOO_NO_LOG_CLIENTENV, LibZooKeeperLog::on_line);
  }
  const int problem = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (handle_ == nullptr) {
    throw std::system_error(problem, std::generic_category(),
                            "libzookeeper can not open a handle for " + connection_string);
  }
  // Otherwise it would resolve the addresses again in every turn of its loop, and do nothing while
  // that fails (libzookeeper_mt 3.8).
  zoo_set_servers_resolution_delay(handle_, -1);
  zoo_set_log_callback(handle_, LibZooKeeperLog::on_line);
  for (const AuthInfo& auth : options.auth) {
    // Kept by the handle for every connection. Only safe before anything else was sent.
    zoo_add_auth(handle_, auth.scheme.c_str(), auth.credentials.data(),
                 static_cast<int>(auth.credentials.size()), on_auth_added, nullptr);
  }
}

template <class Call>
void LibZooKeeperWire::send(std::unique_ptr<Request> request, const Call& call) {
  std::error_code error = ZooKeeperErrc::connection_loss;
  {
    const std::shared_lock lock(handle_mutex_);
    if (handle_ != nullptr) {
      {
        const MutexLock under_way(requests_.mutex);
        under_way_.insert(request.get());
      }
      const int code = call(handle_, request.get());
      if (code == ZOK) {
        static_cast<void>(request.release());  // libzookeeper's, and in under_way_
        return;
      }
      forget(request.get());
      // A handle that is good for nothing any more says so before its event has come.
      error = code == ZINVALIDSTATE ? ZooKeeperErrc::connection_loss : to_error(code);
    }
  }
  request->fail(error);
}

void LibZooKeeperWire::create(const std::string& path, const std::string& data, const Acl& acl,
                              CreateMode mode, Answer<Created> answer) {
  const int flags = mode == CreateMode::persistent ? 0 : ZOO_EPHEMERAL | ZOO_SEQUENCE;
  const RawAcl raw_acl(acl);
  send(std::make_unique<TypedRequest<Created>>(*this, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         return zoo_acreate2(handle, path.c_str(), data.data(), static_cast<int>(data.size()),
                             raw_acl.get(), flags, on_created, request);
       });
}

void LibZooKeeperWire::children(const std::string& path, Answer<Children> answer) {
  send(std::make_unique<TypedRequest<Children>>(*this, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         return zoo_aget_children2(handle, path.c_str(), 0, on_children, request);
       });
}

void LibZooKeeperWire::get(const std::string& path, bool watch, Answer<Znode> answer) {
  send(std::make_unique<TypedRequest<Znode>>(*this, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         // One function and one context for all watches: libzookeeper keeps one for each path then.
         return zoo_awget(handle, path.c_str(), watch ? on_watch_event : nullptr, this, on_data,
                          request);
       });
}

void LibZooKeeperWire::set(const std::string& path, const std::string& data, std::int32_t version,
                           Answer<Stat> answer) {
  send(std::make_unique<TypedRequest<Stat>>(*this, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         return zoo_aset(handle, path.c_str(), data.data(), static_cast<int>(data.size()), version,
                         on_stat, request);
       });
}

void LibZooKeeperWire::remove(const std::string& path, std::int32_t version, Answer<void> answer) {
  send(std::make_unique<TypedRequest<void>>(*this, std::move(answer)),
       [&](zhandle_t* handle, const Request* request) {
         return zoo_adelete(handle, path.c_str(), version, on_void, request);
       });
}

void LibZooKeeperWire::check(const std::string& path, std::int32_t version, Answer<void> answer) {
  auto request = std::make_unique<TypedRequest<void>>(*this, std::move(answer));
  zoo_op_result_t* const result = &request->check_result;
  send(std::move(request), [&](zhandle_t* handle, const Request* sent) {
    zoo_op_t operation;
    zoo_check_op_init(&operation, path.c_str(), version);
    return zoo_amulti(handle, 1, &operation, result, on_void, sent);
  });
}

void LibZooKeeperWire::close() noexcept {
  // Its answer comes behind all that the server has sent before, which must have been read: after a
  // reconnect also the answer to the watches that libzookeeper has set again, and their events.
  if (connected_.load()) get("/", false, [](const Result<Znode>&) {});
  {
    MutexLock lock(requests_.mutex);
    draining_ = true;
    // New requests may come until the handle is taken away; those of the removal list, say, are
    // welcome.
    const SteadyTime end = Platform::current().steady_now() + kDrainTime;
    while (!under_way_.empty() && Platform::current().steady_now() < end) {
      requests_.changed->wait_until(lock, end);
    }
  }
  zhandle_t* handle = nullptr;
  {
    const std::scoped_lock lock(handle_mutex_);
    handle = std::exchange(handle_, nullptr);
  }
  zookeeper_close(handle);
  // Nothing is called any more. What was not answered never will be.
  std::unordered_set<Request*> unanswered;
  {
    const MutexLock lock(requests_.mutex);
    unanswered.swap(under_way_);
  }
  for (Request* const request : unanswered) {
    request->fail(ZooKeeperErrc::connection_loss);
    delete request;  // NOLINT(cppcoreguidelines-owning-memory): libzookeeper carried it
  }
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
    self.listener_->on_connected(session);
  } else if (state == ZOO_EXPIRED_SESSION_STATE) {
    self.listener_->on_expired();
  } else if (state == ZOO_AUTH_FAILED_STATE) {
    self.listener_->on_auth_failed();
  } else if (self.connected_.exchange(false)) {
    self.listener_->on_disconnected();
  }
}

void LibZooKeeperWire::on_watch_event(zhandle_t*, int type, int, const char* path,
                                      void* context) noexcept {
  auto& self = *static_cast<LibZooKeeperWire*>(context);
  // Every watcher is told of the session too (type ZOO_SESSION_EVENT): on_session_event deals with
  // that.
  if (type == ZOO_CREATED_EVENT) self.listener_->on_watch(WatchEvent::Type::created, path);
  if (type == ZOO_DELETED_EVENT) self.listener_->on_watch(WatchEvent::Type::deleted, path);
  if (type == ZOO_CHANGED_EVENT) self.listener_->on_watch(WatchEvent::Type::changed, path);
  if (type == ZOO_CHILD_EVENT) self.listener_->on_watch(WatchEvent::Type::children_changed, path);
}

}  // namespace

bool libzookeeper_has_tls() noexcept { return zookeeper_init_ssl != nullptr; }

std::shared_ptr<Wire> open_libzookeeper(const std::string& connection_string,
                                        const ClientOptions& options,
                                        std::shared_ptr<WireListener> listener,
                                        const SessionIdentity* resume) {
  return std::make_shared<LibZooKeeperWire>(connection_string, options, std::move(listener),
                                            resume);
}

}  // namespace zklock::internal
