#include "client/client.h"

#include <optional>
#include <utility>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "base/mutex.h"
#include "base/znode_path.h"
#include "client/protected_create.h"

namespace zklock::internal {

namespace {

/// libzookeeper's own limit is the servers' (jute.maxbuffer, 1 MiB with the path); a request above
/// it would be answered with a broken connection, again and again.
constexpr std::size_t kMostData = 1'000'000;
/// One that passes, and was not sent: the next attempt asks `with_room` again.
constexpr ZooKeeperErrc kNoCapacity = ZooKeeperErrc::throttled;

/// Before a watch is tried again that a throttled server did not set.
constexpr std::chrono::milliseconds kPauseOfWatches{100};

/// libzookeeper crashes on some bad paths, and cuts others short: none reaches it.
std::error_code bad_path(const std::string& path) {
  if (path == "/") return {};
  return path_problem(path) ? make_error_code(ZooKeeperErrc::bad_arguments) : std::error_code();
}

std::error_code bad_node(const std::string& path, const std::string& data, const Acl& acl) {
  if (const std::error_code error = bad_path(path)) return error;
  if (data.size() > kMostData) return ZooKeeperErrc::bad_arguments;
  if (acl.entries().empty()) return ZooKeeperErrc::invalid_acl;
  return {};
}

/// Waits for the connection, sends, and waits for the answer.
template <class T, class Send>
Result<T> call(SessionKeeper& keeper, const Context& context, const Send& send) {
  const Result<SessionConnection> connection = keeper.await_connection(context);
  if (!connection) return connection.error();
  const auto pending = std::make_shared<PendingAnswer<T>>();
  send(*connection, [pending](Result<T> answer) { pending->complete(std::move(answer)); });
  return pending->wait(context);
}

/// What the chooser says; "" as well if it fails.
std::string chosen(const EnqueueRequest& request, const Enqueued& enqueued, const Log& log) {
  try {
    const std::string name = request.chooser->choose(enqueued.claim, *enqueued.queue);
    return name.empty() || bad_path(join_path(request.directory, name)) ? std::string() : name;
  } catch (const std::exception& error) {
    log.error([&] { return "no claim was chosen in " + request.directory + ": " + error.what(); });
  } catch (...) {
    log.error([&] { return "no claim was chosen in " + request.directory; });
  }
  return {};
}

/// On the network's thread.
void watch_chosen(const std::shared_ptr<ClientCore>& core, const SessionConnection& connection,
                  const EnqueueRequest& request, Enqueued enqueued,
                  const ProtectedCreate::Done& done) {
  const std::string name = chosen(request, enqueued, core->log);
  if (name.empty()) {
    done(std::move(enqueued));
    return;
  }
  const std::string path = join_path(request.directory, name);
  core->get_and_watch(connection, path, request.watcher,
                      [core, path, name, done, watcher = std::weak_ptr(request.watcher),
                       enqueued = std::move(enqueued)](Result<Znode> znode) mutable {
                        if (znode) {
                          enqueued.watched = name;
                          enqueued.ahead = std::move(*znode);
                        } else {
                          core->watches.remove(path, watcher.lock());
                        }
                        done(std::move(enqueued));
                      });
}

}  // namespace

ClientCore::ClientCore(std::unique_ptr<Dialer> dialer, std::shared_ptr<Background> shared_threads,
                       Log log_to, std::string reads_first)
    : log(std::move(log_to)),
      background(std::move(shared_threads)),
      keeper(std::make_shared<SessionKeeper>(std::move(dialer), background, log)),
      removals(std::make_shared<RemovalList>(keeper, background, log)),
      watches(background, log),
      keep_alive(std::make_shared<KeepAlive>(keeper, background)),
      capacity(keeper->dialer().chroot_length()),
      first_read(std::make_shared<FirstRead>()) {
  first_read->path = std::move(reads_first);
}

void ClientCore::on_connected(const SessionConnection& connection, bool is_new_wire) {
  if (!first_read->path.empty() && !has_read_first_.exchange(true)) {
    connection.wire->get(first_read->path, false, [first = first_read](Result<Znode> znode) {
      first->answer.complete(std::move(znode));
    });
  }
  if (is_new_wire) watches.lost_with_wire();
  if (connection.number > 1) watches.reconnected(connection.number);
  removals->retry(connection);
  keep_alive->begin(*connection.session);
}

void ClientCore::on_session_lost(const std::shared_ptr<SessionState>& session,
                                 std::uint64_t connection) {
  removals->forget(session);
  watches.session_lost(connection);
}

void ClientCore::on_watch_fired(WatchEvent::Type type, const std::string& path,
                                std::uint64_t connection) {
  watches.fire(type, path, connection);
}

Client::Client(std::unique_ptr<Dialer> dialer, const ClientOptions& options,
               std::string reads_first)
    : core_(std::make_shared<ClientCore>(std::move(dialer), Background::shared(),
                                         Log(options.logger, Background::shared()),
                                         std::move(reads_first))) {
  core_->keeper->start(core_, SessionKeeper::FirstSession::is_awaited);
}

Client::Client(std::unique_ptr<Dialer> dialer, const ClientCore& other)
    : core_(std::make_shared<ClientCore>(std::move(dialer), other.background, other.log)) {
  core_->keeper->start(core_, SessionKeeper::FirstSession::may_take_time);
}

Client::~Client() {
  if (core_->keeper->is_forked()) {
    // Threads, session and connection are the parent's: nothing of them is touched.
    static_cast<void>(new std::shared_ptr<ClientCore>(std::move(core_)));
    return;
  }
  core_->keeper->shut_down([core = core_] {});
}

bool Client::await_session(std::chrono::milliseconds timeout) {
  const Context context = Context().with_timeout(timeout);
  const Result<SessionConnection> connection = core_->keeper->await_connection(context);
  if (!connection) fail_to_connect(connection.error());
  const std::string& path = core_->first_read->path;
  if (path.empty()) return true;
  const std::error_code error =
      read_again(path, core_->first_read->answer.wait(context).error(), context);
  if (error != ZooKeeperErrc::no_node) return true;
  // Below a chroot that does not exist every request fails, with "no node".
  const std::string root = "/";
  const bool is_root = path == root;
  const bool has_chroot = core_->keeper->dialer().chroot_length() > 0;
  if (is_root || (has_chroot && read_again(root, get(root, context).error(), context) ==
                                    ZooKeeperErrc::no_node)) {
    throw LockError(
        Errc::locking_failed,
        "the chroot of " + core_->keeper->dialer().address() + " does not exist: create it first",
        error);
  }
  return false;
}

/// Until there is an answer: none, `no_node`, `no_auth`. `error`: of the first attempt.
std::error_code Client::read_again(const std::string& path, std::error_code error,
                                   const Context& context) {
  for (Backoff pause;; pause.wait(context)) {
    if (!error || error == ZooKeeperErrc::no_auth || error == ZooKeeperErrc::no_node) return error;
    if (!is_retryable(error) || has_ended(context)) fail_to_connect(error);
    error = get(path, context).error();
  }
}

void Client::fail_to_connect(std::error_code error) const {
  const SessionKeeper& keeper = *core_->keeper;
  const std::string problem = keeper.problem();
  throw LockError(Errc::locking_failed,
                  "no session with " + keeper.dialer().address() + ": " +
                      (problem.empty() ? error.message() : problem),
                  error == ZooKeeperErrc::operation_timeout
                      ? make_error_code(ZooKeeperErrc::connection_loss)
                      : error);
}

Result<Children> Client::children(const std::string& path, const Context& context) {
  if (const std::error_code error = bad_path(path)) return error;
  return call<Children>(*core_->keeper, context,
                        [&](const SessionConnection& connection, auto answer) {
                          connection.wire->children(path, answer);
                        });
}

Result<Created> Client::create(const std::string& path, const std::string& data, const Acl& acl,
                               const Context& context) {
  if (const std::error_code error = bad_node(path, data, acl)) return error;
  return call<Created>(
      *core_->keeper, context, [&](const SessionConnection& connection, auto answer) {
        connection.wire->create(path, data, acl, Wire::CreateMode::persistent, answer);
      });
}

Result<Created> Client::create_protected_ephemeral_sequential(const std::string& path,
                                                              const std::string& data,
                                                              const Acl& acl,
                                                              const Context& context) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ZooKeeperErrc::bad_arguments;
  // Whatever is in front of the number may be empty, but then the path is no path.
  if (const std::error_code error = bad_node(path + "0", data, acl)) return error;
  ProtectedCreate create{slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1), data,
                         acl};
  create.reservation = core_->capacity.try_reserve(create.path_length());
  if (!create.reservation) return kNoCapacity;
  Result<Enqueued> created = create_protected(*core_->keeper, core_->removals, create, context);
  if (!created) return created.error();
  return static_cast<Created&&>(std::move(created->claim));
}

Result<void> Client::remove(const std::string& path, std::int32_t version, const Context& context) {
  if (const std::error_code error = bad_path(path)) return error;
  return call<void>(*core_->keeper, context, [&](const SessionConnection& connection, auto answer) {
    connection.wire->remove(path, version, answer);
  });
}

Result<Znode> Client::get(const std::string& path, const Context& context) {
  if (const std::error_code error = bad_path(path)) return error;
  return call<Znode>(*core_->keeper, context,
                     [&](const SessionConnection& connection, auto answer) {
                       connection.wire->get(path, false, answer);
                     });
}

Result<Znode> Client::get_and_watch(const std::string& path,
                                    const std::shared_ptr<Watcher>& watcher,
                                    const Context& context) {
  if (const std::error_code error = bad_path(path)) return error;
  Result<Znode> read =
      call<Znode>(*core_->keeper, context, [&](const SessionConnection& connection, auto answer) {
        core_->get_and_watch(connection, path, watcher, answer);
      });
  if (!read) core_->watches.remove(path, watcher);  // the answer may come yet
  return read;
}

Result<Stat> Client::set(const std::string& path, const std::string& data, std::int32_t version,
                         const Context& context) {
  if (const std::error_code error = bad_node(path, data, Acl::open())) return error;
  return call<Stat>(*core_->keeper, context, [&](const SessionConnection& connection, auto answer) {
    connection.wire->set(path, data, version, answer);
  });
}

Result<void> Client::check(const std::string& path, std::int32_t version, const Context& context) {
  if (const std::error_code error = bad_path(path)) return error;
  return call<void>(*core_->keeper, context, [&](const SessionConnection& connection, auto answer) {
    connection.wire->check(path, version, answer);
  });
}

Result<Enqueued> Client::enqueue(const EnqueueRequest& request, const Context& context) {
  if (const std::error_code error = bad_node(request.directory, request.data, request.acl)) {
    return error;
  }
  ProtectedCreate create{request.directory, "lock-", request.data, request.acl, request.list};
  create.reservation = core_->capacity.try_reserve(create.path_length());
  if (!create.reservation) return kNoCapacity;
  if (request.list && request.chooser && request.watcher) {
    create.and_then = [core = core_, shared = std::make_shared<const EnqueueRequest>(request)](
                          const SessionConnection& connection, Enqueued enqueued,
                          const ProtectedCreate::Done& done) {
      watch_chosen(core, connection, *shared, std::move(enqueued), done);
    };
  }
  return create_protected(*core_->keeper, core_->removals, create, context);
}

void ClientCore::get_and_watch(const SessionConnection& connection, const std::string& path,
                               const std::shared_ptr<Watcher>& watcher,
                               Wire::Answer<Znode> answer) {
  const WatchTable::Added added = watches.add(path, watcher);
  connection.wire->get(
      path, added.must_set_watch,
      [core = shared_from_this(), path, added, answer = std::move(answer)](Result<Znode> znode) {
        if (znode && added.must_set_watch) core->watches.watch_stands(path, added.generation);
        answer(std::move(znode));
      });
}

void ClientCore::watch(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
  const WatchTable::Added added = watches.add(path, watcher);
  if (!added.must_set_watch) return;  // the one that stands will tell
  const std::optional<SessionConnection> connection = keeper->connection();
  if (!connection) return;  // the watcher is told of the reconnect
  connection->wire->get(
      path, true,
      [self = shared_from_this(), path, added,
       weak = std::weak_ptr<Watcher>(watcher)](const Result<Znode>& znode) {
        const std::error_code error = znode.error();
        if (!error) {
          self->watches.watch_stands(path, added.generation);
        } else if (error == ZooKeeperErrc::no_node) {
          self->watches.fire(WatchEvent::Type::deleted, path, self->keeper->last_connection());
        } else if (error == ZooKeeperErrc::throttled) {
          // No reconnect will tell the watcher to look again.
          self->background->timers.schedule(Platform::current().steady_now() + kPauseOfWatches,
                                            [core = std::weak_ptr(self), path, weak] {
                                              const auto still = core.lock();
                                              const auto waiting = weak.lock();
                                              if (still && waiting) still->watch(path, waiting);
                                            });
        } else if (!is_retryable(error)) {
          self->log.warning([&] { return "can not watch " + path + ": " + error.message(); });
          self->watches.remove(path, weak.lock());
        }
      });
}

void Client::watch_in_background(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
  if (core_->keeper->is_forked() || bad_path(path)) return;
  core_->watch(path, watcher);
}

void Client::remove_in_background(const std::string& path) {
  if (core_->keeper->is_forked() || bad_path(path)) return;
  // It takes room until it is gone, whatever becomes of the claim's own.
  core_->removals->add(core_->keeper->session(), path, core_->capacity.reserve(path.size()));
}

PendingRemovals Client::pending_removals() const {
  if (core_->keeper->is_forked()) return {};
  PendingRemovals all = core_->removals->pending();
  for (const std::shared_ptr<Client>& other : others()) {
    const PendingRemovals pending = other->pending_removals();
    all.count += pending.count;
    if (pending.last_error) all.last_error = pending.last_error;
  }
  return all;
}

std::shared_ptr<const Session> Client::session() const { return core_->keeper->session(); }

std::shared_ptr<ClaimClient> Client::with_capacity() {
  if (core_->keeper->is_forked() || core_->has_capacity()) return nullptr;
  std::vector<std::shared_ptr<Client>> of_no_use;  // destroyed without the mutex
  const MutexLock lock(others_mutex_);
  if (is_closed_) return nullptr;
  for (std::shared_ptr<Client>& other : others_) {
    if (other->core_->keeper->has_failed() || is_worn_out(other)) {
      of_no_use.push_back(std::move(other));
    }
  }
  std::erase(others_, nullptr);
  for (const std::shared_ptr<Client>& other : others_) {
    if (other->core_->has_capacity()) return other;
  }
  return make_another();
}

/// Full of watches that nobody needs any more, which can not be taken back. No claim is its own.
bool Client::is_worn_out(const std::shared_ptr<Client>& other) {
  const bool is_used = other.use_count() > 1;  // by a claim, or on the way to one
  return !is_used && !other->core_->has_capacity() && other->core_->removals->pending().count == 0;
}

/// Null: there can be none now, and this one has to do.
std::shared_ptr<Client> Client::make_another() {
  try {
    std::unique_ptr<Dialer> dialer = core_->keeper->dialer().another();
    if (!dialer) return nullptr;
    core_->log.info([this] {
      return "another session with " + core_->keeper->dialer().address() +
             ", as this one has as many claims or watches as the servers can deal with at once";
    });
    return others_.emplace_back(std::make_shared<Client>(std::move(dialer), *core_));
  } catch (const std::exception& error) {  // no thread for it, say
    core_->log.error([&] {
      return "no further session with " + core_->keeper->dialer().address() + ": " + error.what();
    });
    return nullptr;
  }
}

std::vector<std::shared_ptr<Client>> Client::others() const {
  const MutexLock lock(others_mutex_);
  return others_;
}

Result<void> Client::close(const Context& context) {
  if (core_->keeper->is_forked()) return ZooKeeperErrc::forked;
  {
    const MutexLock lock(others_mutex_);
    is_closed_ = true;
  }
  // All of them first remove, then end: none has to wait for another one's servers.
  std::vector<std::shared_ptr<ClientCore>> cores{core_};
  for (const std::shared_ptr<Client>& other : others()) cores.push_back(other->core_);
  Result<void> result;
  const auto note = [&result](const Result<void>& part) {
    if (result) result = part;
  };
  for (const auto& core : cores) note(core->removals->await_empty(context));
  std::vector<std::shared_ptr<PendingAnswer<void>>> endings;
  for (const auto& core : cores) {
    const auto closed = std::make_shared<PendingAnswer<void>>();
    if (core->keeper->shut_down([core, closed] { closed->complete({}); })) {
      endings.push_back(closed);
    }
  }
  for (const auto& closed : endings) note(closed->wait(context));
  return result;
}

}  // namespace zklock::internal
