// zklock/advanced/claim_client.h: what a client can offer a lock beyond ZooKeeper's operations.
//
// Read zookeeper_client.h first. A lock works with a client that has only those operations. This
// page is for a client of your own that also knows its session: how long it is certain to stand,
// when it was lost, which znodes it still has to remove. `connect` returns a client of this kind.
#ifndef ZKLOCK_ADVANCED_CLAIM_CLIENT_H_
#define ZKLOCK_ADVANCED_CLAIM_CLIENT_H_

#include <zklock/zookeeper_client.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <system_error>

namespace zklock {

/// One session, as far as its client knows it. A claim keeps the session that it lives in. The
/// functions that have a body here suit a client that learns of the end of a session and of nothing
/// else. Thread safety: every function may be called from any thread.
class ZKLOCK_EXPORT Session {
 public:
  virtual ~Session();

  /// ZooKeeper's id of the session: the `ephemeral_owner` of its claims.
  [[nodiscard]] virtual std::int64_t id() const noexcept = 0;
  /// How long the servers keep the session without hearing from the client, as negotiated.
  [[nodiscard]] virtual std::chrono::milliseconds timeout() const noexcept = 0;
  /// Stop is requested once the session is known to be gone, and everything in it with it. The stop
  /// callbacks run on the network's thread: they must return at once and must not call the client.
  /// (Lease::lost has no such limits.)
  [[nodiscard]] virtual std::stop_token lost() const noexcept = 0;
  /// Why stop was requested on `lost` or `uncertain`: a LossReason. Meaningless before that.
  /// Default: session_expired.
  [[nodiscard]] virtual std::error_code loss_reason() const noexcept;

  /// Until when the session is certain to stand. Moves on while servers confirm it. Default: until
  /// it is known to be lost.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point certain_until() const noexcept;
  /// Stop is requested once `certain_until` has passed, or the session is lost. Code that relied on
  /// the session must stop then, even if the session proves to have stood. A later call returns
  /// another token, for the time from then on. Stop callbacks: as those of `lost`. Default: `lost`.
  [[nodiscard]] virtual std::stop_token uncertain() const noexcept;
  /// Stop is requested once `margin` or less is left until `certain_until`, or on `uncertain`. A
  /// token that was stopped stays so; a later call returns another one, for what is left then.
  /// Stop callbacks: as those of `lost`. Default: `uncertain`.
  [[nodiscard]] virtual std::stop_token ending(std::chrono::milliseconds margin) const;
  /// The client moves `certain_until` on while the returned object lives, as far as servers confirm
  /// it. Default: null.
  [[nodiscard]] virtual std::shared_ptr<void> keep_certain() const;
  /// Blocks until `certain_until` is at least `in_hand` ahead. That may take a third of the
  /// timeout. Errors: operation_timeout and canceled (the context ended), session_expired. Default:
  /// returns at once.
  [[nodiscard]] virtual Result<void> become_certain(std::chrono::nanoseconds in_hand,
                                                    const Context& context) const;
  /// Stop is requested once the session is certain for so long that it can stay so, or is lost; at
  /// once if it is. (Of a session of `connect`: for two fifths of the timeout, or, when that has
  /// not come within a timeout, a quarter.) A later call returns another token. For leases that are
  /// suspended while the session is uncertain. Stop callbacks: as those of `lost`. Default: a token
  /// without a stop state, and such leases are lost.
  [[nodiscard]] virtual std::stop_token certain_again() const;

 protected:
  Session() = default;
  Session(const Session&) = default;
  Session& operator=(const Session&) = default;
};

/// What a client with sessions knows of a znode that it created. It travels in Created::details
/// through clients that know only ZooKeeper's operations, so that a lock on top of them still
/// learns of the session.
struct CreatedDetails {
  std::shared_ptr<const Session> session{};  // that it lives in; null: the client does not know it
  std::uint64_t connection = 0;              // over which the answer came: see Znode::connection
  // Held while the znode may exist: see ClaimClient::with_capacity. Null: the client does not
  // count.
  std::shared_ptr<void> reservation{};
};

/// A claim that was created.
struct CreatedClaim : Created, CreatedDetails {};

/// Selects the claim that another one waits for.
class ZKLOCK_EXPORT ClaimChooser {
 public:
  virtual ~ClaimChooser();
  /// The name of the claim in the queue that `claim` has to watch; "" for none. May run on the
  /// network's thread: as a prompt watcher (Watcher::is_prompt). What it throws is logged, and
  /// nothing is watched.
  [[nodiscard]] virtual std::string choose(const CreatedClaim& claim,
                                           const Children& queue) const = 0;

 protected:
  ClaimChooser() = default;
  ClaimChooser(const ClaimChooser&) = default;
  ClaimChooser& operator=(const ClaimChooser&) = default;
};

/// Learns what becomes of a znode that is removed in the background. Its functions may run on the
/// network's thread, as prompt watchers (Watcher::is_prompt) do: they return at once, and do not
/// call the client. They must not throw.
class ZKLOCK_EXPORT RemovalListener {
 public:
  virtual ~RemovalListener();
  /// The znode is to be removed. `path`: without the sequence number if that is not known, as the
  /// answer to the create was lost.
  virtual void on_pending(const std::string& path) noexcept = 0;
  /// The end: it is gone, or its session is over, and it goes with it.
  virtual void on_removed(const std::string& path) noexcept = 0;
  /// It cannot be removed. So its session is ended, and `on_removed` follows.
  virtual void on_failed(const std::string& path, std::error_code error) noexcept = 0;
  /// The trace id for log lines about it; "": none.
  [[nodiscard]] virtual const std::string& trace() const noexcept = 0;

 protected:
  RemovalListener() = default;
  RemovalListener(const RemovalListener&) = default;
  RemovalListener& operator=(const RemovalListener&) = default;
};

/// A claim to put into the queue of the lock at `directory`.
struct EnqueueRequest {
  std::string directory{};
  std::string data{};
  Acl acl = Acl::open();
  bool list = true;                               // false: the queue is not wanted
  std::shared_ptr<const ClaimChooser> chooser{};  // null: nothing is to be watched
  std::shared_ptr<Watcher> watcher{};             // of the chosen claim
  // If the call fails, and the claim may have been created. Null: nobody wants to know.
  std::shared_ptr<RemovalListener> removal{};
};

/// A claim, and the queue as it stood at some time after the claim was in it.
struct Enqueued {
  CreatedClaim claim{};
  Result<Children> queue = Children{};  // empty if it was not wanted
  std::string watched{};                // name of the claim that was chosen, read and watched
  Znode ahead{};                        // that claim, as get_and_watch returns it
};

/// Znodes that the client still has to remove in the background.
struct PendingRemovals {
  std::size_t count = 0;
  std::error_code last_error{};  // of the last attempt that failed, if any has
};

/// A client that supports claims with more than ZooKeeper's operations. Errors, blocking and thread
/// safety are those of ZooKeeperClient.
class ZKLOCK_EXPORT ClaimClient : public ZooKeeperClient {
 public:
  /// Proves through a quorum that the znode stands with this version. Errors: no_node, no_auth (to
  /// read it), bad_version.
  virtual Result<void> check(const std::string& path, std::int32_t version,
                             const Context& context) = 0;

  /// Checks the znode with any version, and returns at once: `answered` gets the outcome, on the
  /// network's thread or on the calling one. It must return at once, and must not call the client.
  /// Without a connection that is `connection_loss`. A lease that was suspended is valid again
  /// after this. Default: `unimplemented`, and such leases are lost.
  virtual void check_in_background(const std::string& path,
                                   const std::function<void(Result<void>)>& answered) {
    static_cast<void>(path);
    answered(ZooKeeperErrc::unimplemented);
  }

  /// Creates a claim "lock-" in the directory, as create_protected_ephemeral_sequential does, and
  /// lists the directory after that. It may then read and watch the claim that `chooser` selects;
  /// a lock that finds nothing watched does so itself. Errors: those of the create. (The list's own
  /// error is in the queue.)
  virtual Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context) = 0;

  /// Watches as get_and_watch does, and returns at once. A znode that does not exist counts as
  /// deleted.
  virtual void watch_in_background(const std::string& path,
                                   const std::shared_ptr<Watcher>& watcher) = 0;

  /// Removes a znode of this client's session. Returns at once; goes on trying until the znode or
  /// the session is gone.
  virtual void remove_in_background(const std::string& path) = 0;
  /// The same with a listener, which may be null. Default: reports nothing.
  virtual void remove_and_report(const std::string& path,
                                 const std::shared_ptr<RemovalListener>& listener);

  /// What remove_in_background, and creates with an unknown outcome, have still to do.
  [[nodiscard]] virtual PendingRemovals pending_removals() const = 0;

  /// The current session; null before the first, or if the client knows none.
  [[nodiscard]] virtual std::shared_ptr<const Session> session() const = 0;

  /// The client to use for the next claim and for everything that concerns it. Null: this one.
  /// Otherwise another one, with a session of its own, which is closed together with this one: the
  /// session of this one has as many claims as the servers can delete in one transaction, or as
  /// many watches as can be set again in one request after a reconnect. CreatedClaim::reservation
  /// says how long a claim counts. Does not wait for the new session.
  [[nodiscard]] virtual std::shared_ptr<ClaimClient> with_capacity() = 0;

  /// Whether there is a connection now. False: waiting for the answer to a request would mean
  /// waiting for a reconnect, and what ends is not kept waiting for that. Default: true.
  [[nodiscard]] virtual bool is_connected() const { return true; }

  /// True promises that no function throws: then a lock calls them without a net.
  [[nodiscard]] virtual bool never_throws() const noexcept { return false; }

  /// Session::lost of the current session; a token without a stop state if there is none.
  [[nodiscard]] std::stop_token session_lost() const {
    const std::shared_ptr<const Session> current = session();
    return current ? current->lost() : std::stop_token();
  }
};

}  // namespace zklock

#endif  // ZKLOCK_ADVANCED_CLAIM_CLIENT_H_
