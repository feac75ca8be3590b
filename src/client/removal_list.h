// removal_list.h: the nodes that a client still has to remove, past deadlines and destructors.
#ifndef ZKLOCK_SRC_CLIENT_REMOVAL_LIST_H_
#define ZKLOCK_SRC_CLIENT_REMOVAL_LIST_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/context.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "base/background.h"
#include "base/log.h"
#include "base/platform.h"
#include "session/session_keeper.h"

namespace zklock::internal {

/// Ephemeral nodes that their owners gave up. Each is tried at once, again after every reconnect,
/// and after a pause when the server refuses temporarily; until the node is gone, or its session,
/// and the node with it. A node that must not be removed (no permission) would block its queue for
/// as long as the session lives: then the session is ended.
///
/// A create whose outcome is unknown is listed by its id: what it left in the directory is removed.
///
/// Thread safety: all functions may be called from any thread.
class RemovalList : public std::enable_shared_from_this<RemovalList> {
 public:
  RemovalList(std::shared_ptr<SessionKeeper> keeper, std::shared_ptr<Background> background,
              Log log);

  /// Until the node is gone. Both may be null.
  struct Kept {
    std::shared_ptr<void> reservation{};
    std::shared_ptr<RemovalListener> listener{};
  };

  /// Adds the node at `path`, if `session` is still the current one.
  void add(const std::shared_ptr<SessionState>& session, const std::string& path, Kept kept);
  /// Adds the node that a create in `directory` that was named `id` may have left. REQUIRES: the
  /// attempt has ended.
  void add_unknown(const std::shared_ptr<SessionState>& session, const std::string& directory,
                   const std::string& id, Kept kept);

  /// Tries every node that is not being tried.
  void retry(const SessionConnection& connection);
  /// Forgets the nodes of this session.
  void forget(const std::shared_ptr<SessionState>& session);

  [[nodiscard]] PendingRemovals pending() const;
  /// Waits until nothing is pending. The error says why a removal failed last, or how the wait
  /// ended.
  Result<void> await_empty(const Context& context);

 private:
  struct Entry {
    std::shared_ptr<SessionState> session;
    std::string directory;  // "" if path is known
    std::string what;       // the path, or the id
    Kept kept;
    bool trying = false;

    [[nodiscard]] std::string path() const;
    [[nodiscard]] std::string_view trace() const noexcept {
      return kept.listener ? std::string_view(kept.listener->trace()) : std::string_view();
    }
  };
  using Number = std::uint64_t;

  void add(Entry entry);
  static void report_gone(const Entry& entry);
  void attempt(const SessionConnection& connection, Number number, const Entry& entry);
  void find_and_remove(const SessionConnection& connection, Number number, const Entry& entry);
  void remove(const SessionConnection& connection, Number number, const std::string& path);
  void answered(const SessionConnection& connection, Number number, const std::string& path,
                std::error_code error);

  const std::shared_ptr<SessionKeeper> keeper_;
  const std::shared_ptr<Background> background_;
  const Log log_;

  mutable Monitor monitor_;
  std::map<Number, Entry> entries_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  Number last_number_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;
  std::error_code last_error_ ZKLOCK_GUARDED_BY(monitor_.mutex);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_REMOVAL_LIST_H_
