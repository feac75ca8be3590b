#include "client/client_core.h"

#include <zklock/error.h>

#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "base/error_kinds.h"
#include "base/platform.h"

namespace zklock::internal {

namespace {

/// Before a watch that a throttled server refused is tried again.
constexpr std::chrono::milliseconds kWatchRetryPause{100};

/// Notes whether a read has set the watch that it was to set, and passes its answer on. `core`: of
/// `watches`, which has to live until then.
template <class Answer>
auto noting(std::shared_ptr<ClientCore> core, WatchTable& watches, const std::string& path,
            const WatchTable::Added& added, Answer answer) {
  return [core = std::move(core), &watches, path, added, answer = std::move(answer)](auto result) {
    if (added.must_set_watch) watches.answered(path, added.generation, result.has_value());
    answer(std::move(result));
  };
}

}  // namespace

ClientCore::ClientCore(std::unique_ptr<Dialer> dialer, std::shared_ptr<Background> background,
                       UserCallbacks callbacks, Log log, std::string reads_first)
    : log_(std::move(log)),
      background_(std::move(background)),
      callbacks_(std::move(callbacks)),
      keeper_(std::make_shared<SessionKeeper>(std::move(dialer), background_, log_)),
      removals_(std::make_shared<RemovalList>(keeper_, background_, log_)),
      watches_(callbacks_, log_),
      child_watches_(callbacks_, log_),
      keep_alive_(std::make_shared<KeepAlive>(keeper_, background_)),
      capacity_(keeper_->dialer().chroot_length()),
      first_read_(std::make_shared<FirstRead>(std::move(reads_first))) {}

std::shared_ptr<ClientCore> ClientCore::make_another() const {
  std::unique_ptr<Dialer> dialer = keeper_->dialer().another();
  if (!dialer) return nullptr;
  log_.info([this] {
    return "opening another session with " + keeper_->dialer().address() +
           ": this one has as many claims or watches as the servers can handle at once";
  });
  return std::make_shared<ClientCore>(std::move(dialer), background_, callbacks_, log_);
}

void ClientCore::get_and_watch(const SessionConnection& connection, const std::string& path,
                               const std::shared_ptr<Watcher>& watcher,
                               Wire::Answer<Znode> answer) {
  const WatchTable::Added added = watches_.add(path, watcher);
  connection.wire->get(path, added.must_set_watch,
                       noting(shared_from_this(), watches_, path, added, std::move(answer)));
}

void ClientCore::children_and_watch(const SessionConnection& connection, const std::string& path,
                                    const std::shared_ptr<Watcher>& watcher,
                                    Wire::Answer<Children> answer) {
  const WatchTable::Added added = child_watches_.add(path, watcher);
  connection.wire->children(
      path, added.must_set_watch,
      noting(shared_from_this(), child_watches_, path, added, std::move(answer)));
}

void ClientCore::watch(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
  const WatchTable::Added added = watches_.add(path, watcher);
  if (!added.must_set_watch) return;  // the one that is set will report
  const std::optional<SessionConnection> connection = keeper_->connection();
  if (!connection) {  // the watcher is notified of the reconnect
    watches_.watch_failed(path, added.generation);
    return;
  }
  connection->wire->get(
      path, true,
      [self = shared_from_this(), path, added, weak = std::weak_ptr<Watcher>(watcher)](
          const Result<Znode>& znode) { self->on_watch_set(path, added, weak, znode.error()); });
}

void ClientCore::on_watch_set(const std::string& path, const WatchTable::Added& added,
                              const std::weak_ptr<Watcher>& watcher, std::error_code error) {
  if (!error) {
    watches_.watch_stands(path, added.generation);
    return;
  }
  watches_.watch_failed(path, added.generation);
  if (error == ZooKeeperErrc::no_node) {
    watches_.fire(WatchEvent::Type::deleted, path, keeper_->last_connection());
  } else if (error == ZooKeeperErrc::throttled) {
    // No reconnect will tell the watcher to look again.
    background_->timers.schedule(Platform::current().steady_now() + kWatchRetryPause,
                                 [core = weak_from_this(), path, watcher] {
                                   const auto still = core.lock();
                                   const auto waiting = watcher.lock();
                                   if (still && waiting) still->watch(path, waiting);
                                 });
  } else if (!is_retryable(error)) {
    log_.warning([&] { return "cannot watch " + path + ": " + error.message(); });
    watches_.remove(path, watcher.lock());
  }
}

void ClientCore::on_connected(const SessionConnection& connection, bool is_new_wire) {
  first_read_->send(connection);
  for (WatchTable* const watches : {&watches_, &child_watches_}) {
    if (is_new_wire) watches->lost_with_wire();
    if (connection.number > 1) watches->reconnected(connection.number);
  }
  removals_->retry(connection);
  keep_alive_->begin(*connection.session);
}

void ClientCore::on_session_lost(const std::shared_ptr<SessionState>& session,
                                 std::uint64_t connection) {
  removals_->forget(session);
  watches_.session_lost(connection);
  child_watches_.session_lost(connection);
}

void ClientCore::on_watch_fired(WatchEvent::Type type, const std::string& path,
                                std::uint64_t connection) {
  if (type != WatchEvent::Type::children_changed) watches_.fire(type, path, connection);
  if (type == WatchEvent::Type::children_changed || type == WatchEvent::Type::deleted) {
    child_watches_.fire(type, path, connection);
  }
}

}  // namespace zklock::internal
