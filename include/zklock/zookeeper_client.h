// zklock/zookeeper_client.h: the only seam between the lock and the network.
//
// ZooKeeperClient is what the lock needs of ZooKeeper. `connect` (libzookeeper_client.h) gives the
// implementation for production; implement it yourself to bring another one; mock or fake it in the
// tests of a service (zklock/testing/).
#ifndef ZKLOCK_ZOOKEEPER_CLIENT_H_
#define ZKLOCK_ZOOKEEPER_CLIENT_H_

#include <zklock/acl.h>
#include <zklock/context.h>
#include <zklock/error.h>
#include <zklock/result.h>
#include <zklock/znode.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

namespace zklock {

/// One session, as far as its client can know. Claims keep the session that they live in.
/// Thread safety: all of it may be called from any thread.
class ZKLOCK_EXPORT Session {
 public:
  virtual ~Session();

  /// ZooKeeper's id of it: the `ephemeral_owner` of its claims.
  [[nodiscard]] virtual std::int64_t id() const noexcept = 0;
  /// How long the servers keep it without hearing from the client, as negotiated.
  [[nodiscard]] virtual std::chrono::milliseconds timeout() const noexcept = 0;
  /// Stop is requested once it is known that the session is gone, with everything that lived in it.
  /// Its callbacks run on the network's own thread: they return at once, and do not call the
  /// client. (Lease::lost is for everybody.)
  [[nodiscard]] virtual std::stop_token lost() const noexcept = 0;
  /// Why stop was requested on `lost` or `uncertain`: a LossReason, which says nothing before.
  /// Here: session_expired.
  [[nodiscard]] virtual std::error_code loss_reason() const noexcept;

  /// Until when it is certain that the session stands. It moves on while servers confirm it. Here:
  /// until it is known to be lost.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point certain_until() const noexcept;
  /// Stop is requested once that time has passed, or the session is lost: whoever relied on it can
  /// do so no more, even if the session proves to have stood. Later calls give another token, for
  /// the time from then on. The callbacks run as those of `lost`. Here: `lost`.
  [[nodiscard]] virtual std::stop_token uncertain() const noexcept;
  /// While what it returns lives, the client sees to it that `certain_until` moves on, as far as
  /// there are servers to confirm it. Here: nothing.
  [[nodiscard]] virtual std::shared_ptr<void> keep_certain() const;
  /// Blocks until `certain_until` is `in_hand` or more ahead, which may take the servers a third of
  /// the timeout: operation_timeout and canceled by the context, session_expired if it is lost.
  /// Here: returns at once.
  [[nodiscard]] virtual Result<void> become_certain(std::chrono::nanoseconds in_hand,
                                                    const Context& context) const;

 protected:
  Session() = default;
  Session(const Session&) = default;
  Session& operator=(const Session&) = default;
};

/// What a watch has to tell.
struct WatchEvent {
  enum class Type {
    created,           // of the znode
    deleted,           // of the znode
    changed,           // of its data, or it was deleted and created anew while disconnected
    children_changed,  // of the list of its children
    reconnected,       // not about the znode: the connection was replaced, look again
    session_lost,      // not about the znode: the session is gone, and the watch with it
  };
  Type type{};
  std::string path{};            // of the znode that is watched
  std::uint64_t connection = 0;  // the one over which the event came: see Znode::connection
};

/// Hears what a watch has to tell. A watch tells of one event of its znode, then it is over; events
/// of the session do not end it, except for `session_lost`.
///
/// Thread safety: one event after the other, on a thread of the client's that other watchers need
/// too (it may call the library, but should return soon). An event may come before the call that
/// set the watch returns. What `on_event` throws is logged and dropped.
class ZKLOCK_EXPORT Watcher {
 public:
  virtual ~Watcher();
  virtual void on_event(const WatchEvent& event) = 0;

  /// True: `on_event` returns at once, takes no lock that is held while calling the client, and
  /// does not call the client; it may run on the network's own thread. That saves a change of
  /// threads.
  [[nodiscard]] virtual bool is_prompt() const noexcept { return false; }

 protected:
  Watcher() = default;
  Watcher(const Watcher&) = default;
  Watcher& operator=(const Watcher&) = default;
};

/// A znode that was created.
struct Created {
  std::string path{};                        // with the sequence number, if there is one
  Stat stat{};                               // czxid 0: the client does not know it
  std::shared_ptr<const Session> session{};  // that it lives in; null: the client does not know it
  std::uint64_t connection = 0;
  std::shared_ptr<void> room{};  // drop it when the znode is gone: see with_room. null: not counted
};

/// Knows which claim another one waits for.
class ZKLOCK_EXPORT ClaimChooser {
 public:
  virtual ~ClaimChooser();
  /// The name of the claim, of those in the queue, to read and watch on account of `claim`; "" for
  /// none. Runs where prompt watchers do: see Watcher::is_prompt. What it throws is logged, and
  /// nothing is watched.
  [[nodiscard]] virtual std::string choose(const Created& claim, const Children& queue) const = 0;

 protected:
  ClaimChooser() = default;
  ClaimChooser(const ClaimChooser&) = default;
  ClaimChooser& operator=(const ClaimChooser&) = default;
};

/// A claim to put into the queue of the lock at `directory`.
struct EnqueueRequest {
  std::string directory{};
  std::string data{};
  Acl acl = Acl::open();
  std::shared_ptr<const ClaimChooser> chooser{};  // null: nothing is to be watched
  std::shared_ptr<Watcher> watcher{};             // of the claim that it chooses
};

/// A claim, and the queue as it stood at some time after the claim was in it.
struct Enqueued {
  Created claim{};
  Result<Children> queue = Children{};
  std::string watched{};  // name of the claim that was chosen, read and watched; "": none was
  Znode ahead{};          // that claim, as get_and_watch gives it
};

/// Nodes that the client still has to remove in the background.
struct PendingRemovals {
  std::size_t count = 0;
  std::error_code last_error{};  // of the last attempt that failed, if any has
};

/// ZooKeeper's operations.
///
/// Blocking: each call blocks until it has its answer, the Context's deadline passes
/// (ZooKeeperErrc::operation_timeout) or it is cancelled (ZooKeeperErrc::canceled); without a
/// connection it waits for one. Each is one attempt: when the connection breaks in the middle, it
/// says `connection_loss`, and the caller decides (see may_have_been_done). No call throws on
/// account of the network. Paths are absolute, within the chroot of the address if there is one.
/// `version` -1 means any. Thread safety: all of it may be called from many threads at once, and
/// from callbacks.
class ZKLOCK_EXPORT ZooKeeperClient {
 public:
  static constexpr std::int32_t kAnyVersion = -1;

  virtual ~ZooKeeperClient();

  /// The children of `path`. Errors: no_node, no_auth.
  virtual Result<Children> children(const std::string& path, const Context& context) = 0;

  /// Creates a persistent znode. Errors: node_exists, no_node (of the parent), no_auth,
  /// invalid_acl, no_children_for_ephemerals.
  virtual Result<Created> create(const std::string& path, const std::string& data, const Acl& acl,
                                 const Context& context) = 0;

  /// Creates an ephemeral sequential znode that is found again when the answer is lost: never
  /// twice, never orphaned. `path` is the parent, "/", and what stands in front of the sequence
  /// number; a random id goes in front of that: "/locks/lock-" becomes "/locks/_c_<32
  /// hex>-lock-<sequence>". When it gives up with the outcome unknown, the client removes in the
  /// background what may have come of it. Errors: no_node (of the parent), no_auth, invalid_acl.
  virtual Result<Created> create_protected_ephemeral_sequential(const std::string& path,
                                                                const std::string& data,
                                                                const Acl& acl,
                                                                const Context& context) = 0;

  /// Deletes a znode. Errors: no_node, bad_version, no_auth (at the parent), not_empty.
  virtual Result<void> remove(const std::string& path, std::int32_t version,
                              const Context& context) = 0;

  /// Reads a znode. Errors: no_node, no_auth.
  virtual Result<Znode> get(const std::string& path, const Context& context) = 0;

  /// Reads a znode, and watches it for a change of its data and for its deletion. The client refers
  /// to the watcher weakly: who drops it is not told anything any more. No watch is set when it
  /// fails.
  virtual Result<Znode> get_and_watch(const std::string& path,
                                      const std::shared_ptr<Watcher>& watcher,
                                      const Context& context) = 0;

  /// Replaces the data. Errors: no_node, bad_version, no_auth.
  virtual Result<Stat> set(const std::string& path, const std::string& data, std::int32_t version,
                           const Context& context) = 0;

  // The rest has bodies here that will do for a mock.

  /// Proves through a quorum that the znode stands, with this version. Errors: no_node, no_auth (to
  /// read it), bad_version. Here: reads it.
  virtual Result<void> check(const std::string& path, std::int32_t version, const Context& context);

  /// Creates a claim "lock-" in the directory, as create_protected_ephemeral_sequential does, and
  /// lists the directory after that; then it may read and watch the claim that is chosen. Here: one
  /// after the other, and nothing is watched.
  virtual Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context);

  /// As get_and_watch, but returns at once; a znode that is gone already counts as deleted.
  /// Here: get_and_watch, for at most a second.
  virtual void watch_in_background(const std::string& path,
                                   const std::shared_ptr<Watcher>& watcher);

  /// Removes a znode of this client's session, returns at once, and goes on trying until it is gone
  /// or the session is. Here: one attempt, for at most a second.
  virtual void remove_in_background(const std::string& path);

  /// What remove_in_background, and creates with an unknown outcome, have still to do. Here:
  /// nothing.
  [[nodiscard]] virtual PendingRemovals pending_removals() const;

  /// The current session; null before the first. Here: null.
  [[nodiscard]] virtual std::shared_ptr<const Session> session() const;

  /// Session::lost of the session that is current now. Here: what `session` says.
  [[nodiscard]] virtual std::stop_token session_lost() const;

  /// The client for the next claim, and for all that is done on account of it: null for this one;
  /// another one, which is closed with this one, if the session of this one has as many claims as
  /// the servers can delete at once (`Created::room` says for how long one counts), or as many
  /// watches as can be set again after a reconnect. Does not wait for its session. Here: null.
  [[nodiscard]] virtual std::shared_ptr<ZooKeeperClient> with_room();

  /// Waits until nothing is pending to be removed, at most until the deadline, then ends the
  /// session; every later call answers `closing`. The error: what could not be removed; the
  /// session's end removes it all the same. The destructor does the same in the background. Here:
  /// nothing.
  virtual Result<void> close(const Context& context);

 protected:
  ZooKeeperClient() = default;
  ZooKeeperClient(const ZooKeeperClient&) = default;
  ZooKeeperClient& operator=(const ZooKeeperClient&) = default;
};

}  // namespace zklock

#endif  // ZKLOCK_ZOOKEEPER_CLIENT_H_
