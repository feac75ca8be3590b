// client.h: ClaimClient over a Wire: deadlines, sessions, protected creates, watches, removals.
#ifndef ZKLOCK_SRC_CLIENT_CLIENT_H_
#define ZKLOCK_SRC_CLIENT_CLIENT_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/client_options.h>
#include <zklock/export.h>

#include <atomic>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/background.h"
#include "base/log.h"
#include "base/mutex.h"
#include "client/pending_answer.h"
#include "client/removal_list.h"
#include "client/session_capacity.h"
#include "client/watch_table.h"
#include "session/keep_alive.h"
#include "session/session_keeper.h"
#include "wire/wire.h"

namespace zklock::internal {

/// What a client consists of. It outlives the client until the wire is closed.
class ClientCore final : public SessionListener, public std::enable_shared_from_this<ClientCore> {
 public:
  ClientCore(std::unique_ptr<Dialer> dialer, std::shared_ptr<Background> shared_threads, Log log_to,
             std::string reads_first = "");

  void on_connected(const SessionConnection& connection, bool is_new_wire) override;
  void on_session_lost(const std::shared_ptr<SessionState>& session,
                       std::uint64_t connection) override;
  void on_watch_fired(WatchEvent::Type type, const std::string& path,
                      std::uint64_t connection) override;

  /// Reads a znode and watches it. When that fails, who asked for it removes the watcher.
  void get_and_watch(const SessionConnection& connection, const std::string& path,
                     const std::shared_ptr<Watcher>& watcher, Wire::Answer<Znode> answer);

  /// See ClaimClient::watch_in_background.
  void watch(const std::string& path, const std::shared_ptr<Watcher>& watcher);

  const Log log;
  const std::shared_ptr<Background> background;
  const std::shared_ptr<SessionKeeper> keeper;
  const std::shared_ptr<RemovalList> removals;
  WatchTable watches;
  const std::shared_ptr<KeepAlive> keep_alive;
  const SessionCapacity capacity;

  /// For a further claim.
  [[nodiscard]] bool has_capacity() const noexcept { return capacity.is_left(watches); }

  /// Asked for as soon as there is a connection, by the network's thread.
  struct FirstRead {
    std::string path;  // "": nothing is
    PendingAnswer<Znode> answer;
  };
  const std::shared_ptr<FirstRead> first_read;

 private:
  std::atomic<bool> has_read_first_{false};
};

/// The implementation behind `connect`, and behind the fake. Of one session, until that has no
/// room for further claims: then it makes another client of its kind, and so on.
class ZKLOCK_EXPORT Client final : public ClaimClient {
 public:
  /// `reads_first`: a path that the first session is tried with; "" for none.
  Client(std::unique_ptr<Dialer> dialer, const ClientOptions& options,
         std::string reads_first = "");
  /// As `another` one, which shares threads and logger with it.
  Client(std::unique_ptr<Dialer> dialer, const ClientCore& other);
  ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Waits for the first session, and for what it was tried with: of an identity or a chroot the
  /// servers say only at the first request that it will not do. Throws what `connect` throws.
  /// Returns whether `reads_first` exists; true as well if it may not be read.
  bool await_session(std::chrono::milliseconds timeout);

  Result<Children> children(const std::string& path, const Context& context) override;
  Result<Created> create(const std::string& path, const std::string& data, const Acl& acl,
                         const Context& context) override;
  Result<Created> create_protected_ephemeral_sequential(const std::string& path,
                                                        const std::string& data, const Acl& acl,
                                                        const Context& context) override;
  Result<void> remove(const std::string& path, std::int32_t version,
                      const Context& context) override;
  Result<Znode> get(const std::string& path, const Context& context) override;
  Result<Znode> get_and_watch(const std::string& path, const std::shared_ptr<Watcher>& watcher,
                              const Context& context) override;
  Result<Stat> set(const std::string& path, const std::string& data, std::int32_t version,
                   const Context& context) override;
  Result<void> check(const std::string& path, std::int32_t version,
                     const Context& context) override;
  Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context) override;
  void watch_in_background(const std::string& path,
                           const std::shared_ptr<Watcher>& watcher) override;
  void remove_in_background(const std::string& path) override;
  [[nodiscard]] PendingRemovals pending_removals() const override;
  [[nodiscard]] std::shared_ptr<const Session> session() const override;
  [[nodiscard]] std::shared_ptr<ClaimClient> with_capacity() override;
  [[nodiscard]] bool never_throws() const noexcept override { return true; }
  Result<void> close(const Context& context) override;

 private:
  std::error_code read_again(const std::string& path, std::error_code error,
                             const Context& context);
  [[noreturn]] void fail_to_connect(std::error_code error) const;
  [[nodiscard]] static bool is_worn_out(const std::shared_ptr<Client>& other);
  [[nodiscard]] std::shared_ptr<Client> make_another() ZKLOCK_REQUIRES(others_mutex_);
  [[nodiscard]] std::vector<std::shared_ptr<Client>> others() const;

  std::shared_ptr<ClientCore> core_;
  mutable Mutex others_mutex_;
  std::vector<std::shared_ptr<Client>> others_
      ZKLOCK_GUARDED_BY(others_mutex_);  // when it had no room
  bool is_closed_ ZKLOCK_GUARDED_BY(others_mutex_) = false;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_CLIENT_H_
