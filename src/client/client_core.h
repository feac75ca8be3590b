// client_core.h: the parts of a client, and what they do together.
#ifndef ZKLOCK_SRC_CLIENT_CLIENT_CORE_H_
#define ZKLOCK_SRC_CLIENT_CLIENT_CORE_H_

#include <zklock/zookeeper_client.h>

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include "base/background.h"
#include "base/log.h"
#include "base/user_callbacks.h"
#include "client/first_session.h"
#include "client/removal_list.h"
#include "client/session_capacity.h"
#include "client/watch_table.h"
#include "session/keep_alive.h"
#include "session/session_keeper.h"
#include "wire/dialer.h"
#include "wire/wire.h"

namespace zklock::internal {

/// One session at a time, with its watches and its pending removals. It outlives the client until
/// the wire is closed.
///
/// Thread safety: all functions may be called from any thread.
class ClientCore final : public SessionListener, public std::enable_shared_from_this<ClientCore> {
 public:
  /// `callbacks`: for watchers. `reads_first`: the path of the first read; "" for none.
  ClientCore(std::unique_ptr<Dialer> dialer, std::shared_ptr<Background> background,
             UserCallbacks callbacks, Log log, std::string reads_first = "");

  /// Begins to connect. Called once.
  void start(SessionKeeper::FirstSession first) { keeper_->start(weak_from_this(), first); }

  /// A core for another session with the same servers, which shares threads and logger with this
  /// one. Null: there can be only one session. Throws if there is no thread for it.
  [[nodiscard]] std::shared_ptr<ClientCore> make_another() const;

  [[nodiscard]] SessionKeeper& keeper() const noexcept { return *keeper_; }
  [[nodiscard]] const std::shared_ptr<RemovalList>& removals() const noexcept { return removals_; }
  [[nodiscard]] const SessionCapacity& capacity() const noexcept { return capacity_; }
  [[nodiscard]] FirstRead& first_read() const noexcept { return *first_read_; }
  [[nodiscard]] const Log& log() const noexcept { return log_; }

  /// Whether the session may have a further claim.
  [[nodiscard]] bool has_capacity() const noexcept {
    return capacity_.is_left(watches_.totals() + child_watches_.totals());
  }

  /// Reads a znode and watches it. If that fails, the caller has to call `stop_watching`.
  void get_and_watch(const SessionConnection& connection, const std::string& path,
                     const std::shared_ptr<Watcher>& watcher, Wire::Answer<Znode> answer);
  void stop_watching(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
    watches_.remove(path, watcher);
  }
  /// The same for a list of children, and `stop_watching_children`.
  void children_and_watch(const SessionConnection& connection, const std::string& path,
                          const std::shared_ptr<Watcher>& watcher, Wire::Answer<Children> answer);
  void stop_watching_children(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
    child_watches_.remove(path, watcher);
  }
  /// See ClaimClient::watch_in_background.
  void watch(const std::string& path, const std::shared_ptr<Watcher>& watcher);

  // SessionListener.
  void on_connected(const SessionConnection& connection, bool is_new_wire) override;
  void on_session_lost(const std::shared_ptr<SessionState>& session,
                       std::uint64_t connection) override;
  void on_watch_fired(WatchEvent::Type type, const std::string& path,
                      std::uint64_t connection) override;

 private:
  void on_watch_set(const std::string& path, const WatchTable::Added& added,
                    const std::weak_ptr<Watcher>& watcher, std::error_code error);

  const Log log_;
  const std::shared_ptr<Background> background_;
  const UserCallbacks callbacks_;
  const std::shared_ptr<SessionKeeper> keeper_;
  const std::shared_ptr<RemovalList> removals_;
  WatchTable watches_;
  WatchTable child_watches_;  // of lists of children: the servers count them apart
  const std::shared_ptr<KeepAlive> keep_alive_;
  const SessionCapacity capacity_;
  const std::shared_ptr<FirstRead> first_read_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_CLIENT_CORE_H_
