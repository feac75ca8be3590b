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

}  // namespace

ClientCore::ClientCore(std::unique_ptr<Dialer> dialer, std::shared_ptr<Background> background,
                       Log log, std::string reads_first)
    : log_(std::move(log)),
      background_(std::move(background)),
      keeper_(std::make_shared<SessionKeeper>(std::move(dialer), background_, log_)),
      removals_(std::make_shared<RemovalList>(keeper_, background_, log_)),
      watches_(background_, log_),
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
  return std::make_shared<ClientCore>(std::move(dialer), background_, log_);
}

void ClientCore::get_and_watch(const SessionConnection& connection, const std::string& path,
                               const std::shared_ptr<Watcher>& watcher,
                               Wire::Answer<Znode> answer) {
  const WatchTable::Added added = watches_.add(path, watcher);
  connection.wire->get(
      path, added.must_set_watch,
      [core = shared_from_this(), path, added, answer = std::move(answer)](Result<Znode> znode) {
        if (znode && added.must_set_watch) core->watches_.watch_stands(path, added.generation);
        answer(std::move(znode));
      });
}

void ClientCore::watch(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
  const WatchTable::Added added = watches_.add(path, watcher);
  if (!added.must_set_watch) return;  // the one that is set will report
  const std::optional<SessionConnection> connection = keeper_->connection();
  if (!connection) return;  // the watcher is notified of the reconnect
  connection->wire->get(
      path, true,
      [self = shared_from_this(), path, added, weak = std::weak_ptr<Watcher>(watcher)](
          const Result<Znode>& znode) { self->on_watch_set(path, added, weak, znode.error()); });
}

void ClientCore::on_watch_set(const std::string& path, const WatchTable::Added& added,
                              const std::weak_ptr<Watcher>& watcher, std::error_code error) {
  if (!error) {
    watches_.watch_stands(path, added.generation);
  } else if (error == ZooKeeperErrc::no_node) {
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
  if (is_new_wire) watches_.lost_with_wire();
  if (connection.number > 1) watches_.reconnected(connection.number);
  removals_->retry(connection);
  keep_alive_->begin(*connection.session);
}

void ClientCore::on_session_lost(const std::shared_ptr<SessionState>& session,
                                 std::uint64_t connection) {
  removals_->forget(session);
  watches_.session_lost(connection);
}

void ClientCore::on_watch_fired(WatchEvent::Type type, const std::string& path,
                                std::uint64_t connection) {
  watches_.fire(type, path, connection);
}

}  // namespace zklock::internal
