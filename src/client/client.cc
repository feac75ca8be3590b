#include "client/client.h"

#include <zklock/error.h>

#include <exception>
#include <system_error>
#include <utility>
#include <vector>

#include "base/farewell.h"
#include "base/log.h"
#include "base/multi_problem.h"
#include "base/znode_path.h"
#include "client/call.h"
#include "client/first_session.h"
#include "client/pending_answer.h"
#include "client/protected_create.h"

namespace zklock::internal {

namespace {

/// Servers break the connection on a larger request (jute.maxbuffer, 1 MiB with the path), each
/// time that it is sent.
constexpr std::size_t kMostData = 1'000'000;
/// Retryable, and never sent: the retry chooses a session again.
constexpr ZooKeeperErrc kNoCapacity = ZooKeeperErrc::throttled;

/// libzookeeper crashes on some bad paths and truncates others, so none is passed on.
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

/// The chooser's answer; "" as well if it fails.
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

/// Called by the network's thread.
void watch_chosen(const std::shared_ptr<ClientCore>& core, const SessionConnection& connection,
                  const EnqueueRequest& request, Enqueued enqueued,
                  const ProtectedCreate::Done& done) {
  const std::string name = chosen(request, enqueued, core->log());
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
                          core->stop_watching(path, watcher.lock());
                        }
                        done(std::move(enqueued));
                      });
}

}  // namespace

Client::Client(std::unique_ptr<Dialer> dialer, const ClientOptions& options,
               std::string reads_first) {
  const std::shared_ptr<Background> background = Background::shared();
  core_ = std::make_shared<ClientCore>(
      std::move(dialer), background,
      UserCallbacks({background, &background->watchers}, options.callback_executor),
      Log(options.logger, background), std::move(reads_first));
  core_->start(SessionKeeper::FirstSession::is_awaited);
}

Client::Client(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {
  core_->start(SessionKeeper::FirstSession::may_take_time);
}

Client::~Client() {
  if (core_->keeper().is_forked()) {
    // Threads, session and connection are the parent's: nothing of them is touched.
    static_cast<void>(new std::shared_ptr<ClientCore>(std::move(core_)));
    return;
  }
  core_->keeper().shut_down([core = core_] {});
}

/// In a forked child nothing may be touched: a thread of the parent's may have held any mutex.
std::error_code Client::refusal(std::error_code bad_argument) const noexcept {
  return core_->keeper().is_forked() ? make_error_code(ZooKeeperErrc::forked) : bad_argument;
}

bool Client::await_session(std::chrono::milliseconds timeout) {
  return await_first_session(*core_, timeout);
}

Result<Children> Client::children(const std::string& path, const Context& context) {
  if (const std::error_code error = refusal(bad_path(path))) return error;
  return call<Children>(core_->keeper(), context,
                        [&](const SessionConnection& connection, auto answer) {
                          connection.wire->children(path, false, answer);
                        });
}

Result<Children> Client::children_and_watch(const std::string& path,
                                            const std::shared_ptr<Watcher>& watcher,
                                            const Context& context) {
  if (const std::error_code error = refusal(bad_path(path))) return error;
  Result<Children> list = call<Children>(
      core_->keeper(), context, [&](const SessionConnection& connection, auto answer) {
        core_->children_and_watch(connection, path, watcher, answer);
      });
  if (!list) core_->stop_watching_children(path, watcher);  // the answer may still come
  return list;
}

Result<Created> Client::create(const std::string& path, const std::string& data, const Acl& acl,
                               const Context& context) {
  return create(path, data, acl, Wire::CreateMode::persistent, context);
}

Result<Created> Client::create_container(const std::string& path, const std::string& data,
                                         const Acl& acl, const Context& context) {
  return create(path, data, acl, Wire::CreateMode::container, context);
}

Result<Created> Client::create(const std::string& path, const std::string& data, const Acl& acl,
                               Wire::CreateMode mode, const Context& context) {
  if (const std::error_code error = refusal(bad_node(path, data, acl))) return error;
  return call<Created>(core_->keeper(), context,
                       [&](const SessionConnection& connection, auto answer) {
                         connection.wire->create(path, data, acl, mode, answer);
                       });
}

Result<Created> Client::create_protected_ephemeral_sequential(const std::string& path,
                                                              const std::string& data,
                                                              const Acl& acl,
                                                              const Context& context) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ZooKeeperErrc::bad_arguments;
  // The name in front of the number may be empty, which would make the path a bad one.
  if (const std::error_code error = refusal(bad_node(path + "0", data, acl))) return error;
  ProtectedCreate create{slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1), data,
                         acl};
  create.reservation = core_->capacity().try_reserve(create.path_length());
  if (!create.reservation) return kNoCapacity;
  Result<Enqueued> created = create_protected(core_->keeper(), core_->removals(), create, context);
  if (!created) return created.error();
  const CreatedClaim& claim = created->claim;
  return Created{claim.path, claim.stat,
                 std::make_shared<CreatedDetails>(
                     CreatedDetails{claim.session, claim.connection, claim.reservation})};
}

Result<void> Client::remove(const std::string& path, std::int32_t version, const Context& context) {
  if (const std::error_code error = refusal(bad_path(path))) return error;
  return call<void>(core_->keeper(), context,
                    [&](const SessionConnection& connection, auto answer) {
                      connection.wire->remove(path, version, answer);
                    });
}

Result<Znode> Client::get(const std::string& path, const Context& context) {
  if (const std::error_code error = refusal(bad_path(path))) return error;
  return call<Znode>(core_->keeper(), context,
                     [&](const SessionConnection& connection, auto answer) {
                       connection.wire->get(path, false, answer);
                     });
}

Result<Znode> Client::get_and_watch(const std::string& path,
                                    const std::shared_ptr<Watcher>& watcher,
                                    const Context& context) {
  if (const std::error_code error = refusal(bad_path(path))) return error;
  Result<Znode> read =
      call<Znode>(core_->keeper(), context, [&](const SessionConnection& connection, auto answer) {
        core_->get_and_watch(connection, path, watcher, answer);
      });
  if (!read) core_->stop_watching(path, watcher);  // the answer may still come
  return read;
}

Result<Stat> Client::set(const std::string& path, const std::string& data, std::int32_t version,
                         const Context& context) {
  if (const std::error_code error = refusal(bad_node(path, data, Acl::open()))) return error;
  return call<Stat>(core_->keeper(), context,
                    [&](const SessionConnection& connection, auto answer) {
                      connection.wire->set(path, data, version, answer);
                    });
}

Result<void> Client::check(const std::string& path, std::int32_t version, const Context& context) {
  if (const std::error_code error = refusal(bad_path(path))) return error;
  return call<void>(core_->keeper(), context,
                    [&](const SessionConnection& connection, auto answer) {
                      connection.wire->check(path, version, answer);
                    });
}

void Client::check_in_background(const std::string& path,
                                 const std::function<void(Result<void>)>& answered) {
  if (const std::error_code error = refusal(bad_path(path))) return answered(error);
  const std::optional<SessionConnection> connection = core_->keeper().connection();
  if (!connection) return answered(ZooKeeperErrc::connection_loss);
  connection->wire->check(path, kAnyVersion, answered);
}

MultiResult Client::multi(const std::vector<MultiOperation>& operations, const Context& context) {
  MultiResult unsent;
  unsent.is_sent = false;
  unsent.error = refusal({});
  if (unsent.error) return unsent;
  const std::size_t chroot = core_->keeper().dialer().chroot_length();
  if (const auto problem = multi_problem(operations, chroot)) {
    unsent.error = problem->error;
    unsent.refused = problem->operation;
    return unsent;
  }
  bool is_sent = false;
  Result<MultiResult> answer = call<MultiResult>(
      core_->keeper(), context, [&](const SessionConnection& connection, auto on_answer) {
        is_sent = true;
        connection.wire->multi(operations, on_answer);
      });
  if (answer) return *answer;
  unsent.error = answer.error();
  unsent.is_sent = is_sent;
  return unsent;
}

Result<Enqueued> Client::enqueue(const EnqueueRequest& request, const Context& context) {
  if (const std::error_code error =
          refusal(bad_node(request.directory, request.data, request.acl))) {
    return error;
  }
  ProtectedCreate create{request.directory, "lock-", request.data, request.acl, request.list};
  create.reservation = core_->capacity().try_reserve(create.path_length());
  if (!create.reservation) return kNoCapacity;
  create.removal = request.removal;
  if (request.list && request.chooser && request.watcher) {
    create.and_then = [core = core_, shared = std::make_shared<const EnqueueRequest>(request)](
                          const SessionConnection& connection, Enqueued enqueued,
                          const ProtectedCreate::Done& done) {
      watch_chosen(core, connection, *shared, std::move(enqueued), done);
    };
  }
  return create_protected(core_->keeper(), core_->removals(), create, context);
}

void Client::watch_in_background(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
  if (core_->keeper().is_forked() || bad_path(path)) return;
  core_->watch(path, watcher);
}

void Client::remove_and_report(const std::string& path,
                               const std::shared_ptr<RemovalListener>& listener) {
  if (core_->keeper().is_forked() || bad_path(path)) return;
  // It takes capacity until it is gone, whatever happens to the claim's own reservation.
  core_->removals()->add(core_->keeper().session(), path,
                         {core_->capacity().reserve(path.size()), listener});
}

PendingRemovals Client::pending_removals() const {
  if (core_->keeper().is_forked()) return {};
  PendingRemovals all = core_->removals()->pending();
  for (const FurtherSessions::Further& further : further_.all()) {
    const PendingRemovals pending = further.client->pending_removals();
    all.count += pending.count;
    if (pending.last_error) all.last_error = pending.last_error;
  }
  return all;
}

std::shared_ptr<const Session> Client::session() const {
  return core_->keeper().is_forked() ? nullptr : core_->keeper().session();
}

bool Client::is_connected() const {
  return !core_->keeper().is_forked() && core_->keeper().connection().has_value();
}

std::shared_ptr<ClaimClient> Client::with_capacity() {
  if (core_->keeper().is_forked() || core_->has_capacity()) return nullptr;
  return further_.with_capacity(*core_);
}

void Client::await_servers(const Context& context) noexcept {
  static_cast<void>(close(patience_with(*this, context)));
}

Result<void> Client::close(const Context& context) {
  if (core_->keeper().is_forked()) return ZooKeeperErrc::forked;
  further_.close();
  // First all sessions finish their removals, then all end: none waits for another one's servers.
  std::vector<std::shared_ptr<ClientCore>> cores{core_};
  for (const FurtherSessions::Further& further : further_.all()) cores.push_back(further.core);
  Result<void> result;
  const auto note = [&result](const Result<void>& part) {
    if (result) result = part;
  };
  for (const auto& core : cores) note(core->removals()->await_empty(context));
  std::vector<std::shared_ptr<PendingAnswer<void>>> endings;
  for (const auto& core : cores) {
    const auto closed = std::make_shared<PendingAnswer<void>>();
    if (core->keeper().shut_down([core, closed] { closed->complete({}); })) {
      endings.push_back(closed);
    }
  }
  for (const auto& closed : endings) note(closed->wait(context));
  return result;
}

}  // namespace zklock::internal
