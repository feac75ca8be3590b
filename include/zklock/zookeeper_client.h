// zklock/zookeeper_client.h: the operations of ZooKeeper that a lock needs.
//
// `connect` (libzookeeper_client.h) gives the implementation for production. To test a service
// without a server, use the mock or the fake in zklock/testing/. To bring a client of your own,
// implement this page: it is enough for a lock that works. What a client may offer beyond that,
// such as telling how long its session is certain to stand, is in zklock/advanced/claim_client.h.
#ifndef ZKLOCK_ZOOKEEPER_CLIENT_H_
#define ZKLOCK_ZOOKEEPER_CLIENT_H_

#include <zklock/acl.h>
#include <zklock/context.h>
#include <zklock/error.h>
#include <zklock/multi.h>
#include <zklock/result.h>
#include <zklock/znode.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace zklock {

/// What a watch reports.
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
  std::string path{};            // of the watched znode
  std::uint64_t connection = 0;  // the one over which the event came: see Znode::connection
};

/// Hears what a watch reports. A watch reports one event of its znode, then it is over. Of the
/// events that are not about the znode, only `session_lost` ends it.
///
/// Thread safety: the client delivers one event after the other, on a thread that other watchers
/// need too. `on_event` may call the library, and should return soon. An event may arrive before
/// the call that set the watch returns. What `on_event` throws is logged and dropped.
class ZKLOCK_EXPORT Watcher {
 public:
  virtual ~Watcher();
  virtual void on_event(const WatchEvent& event) = 0;

  /// True promises that `on_event` returns at once, does not call the client, and takes no lock
  /// that is held while calling the client. A client may then call it on its network thread, which
  /// saves a change of threads; it need not.
  [[nodiscard]] virtual bool is_prompt() const noexcept { return false; }

 protected:
  Watcher() = default;
  Watcher(const Watcher&) = default;
  Watcher& operator=(const Watcher&) = default;
};

/// More that a client knows of a znode that it created: see zklock/advanced/claim_client.h.
struct CreatedDetails;

/// A znode that was created.
struct Created {
  std::string path{};  // with the sequence number, if there is one
  Stat stat{};         // czxid 0: the client does not know it
  // A client that passes calls on to another one returns this as it got it. Otherwise null.
  std::shared_ptr<const CreatedDetails> details{};
};

/// ZooKeeper's operations.
///
/// Blocking: each call blocks until it has its answer, until the Context's deadline passes
/// (ZooKeeperErrc::operation_timeout), or until the Context is cancelled (ZooKeeperErrc::canceled).
/// Without a connection it waits for one. Each call is one attempt: when the connection breaks
/// before the answer, it returns `connection_loss`, and the caller decides what to do (see
/// may_have_been_done in error.h).
///
/// Errors are returned, not thrown. An exception of an implementation is logged, and
/// counts as ZooKeeperErrc::system_error, which no lock retries.
///
/// Paths are absolute, within the chroot of the address if there is one. `version` -1 means any.
/// Thread safety: every call may come from many threads at once, and from callbacks.
class ZKLOCK_EXPORT ZooKeeperClient {
 public:
  static constexpr std::int32_t kAnyVersion = -1;

  virtual ~ZooKeeperClient();

  /// Lists the children of `path`, by name. Errors: no_node, no_auth.
  virtual Result<Children> children(const std::string& path, const Context& context) = 0;

  /// Lists the children, and watches for a change of the list (`children_changed`) and for the
  /// deletion of `path`. Watchers and failures: as for get_and_watch. Errors: those of `children`,
  /// and `unimplemented`, as for create_container.
  virtual Result<Children> children_and_watch(const std::string& path,
                                              const std::shared_ptr<Watcher>& watcher,
                                              const Context& context);

  /// Creates a persistent znode. Errors: node_exists, no_node (of the parent), no_auth,
  /// invalid_acl, no_children_for_ephemerals.
  virtual Result<Created> create(const std::string& path, const std::string& data, const Acl& acl,
                                 const Context& context) = 0;

  /// The same for a container: the servers remove it, at some time, when it is empty and has had
  /// children. Needs servers from 3.5 on. Errors: those of `create`, and `unimplemented`: the
  /// client or the server cannot do this. (That is the default, for clients that were written
  /// before there was this function.)
  virtual Result<Created> create_container(const std::string& path, const std::string& data,
                                           const Acl& acl, const Context& context);

  /// Creates an ephemeral sequential znode under a name that makes it recognisable, so that a lost
  /// answer leads neither to two znodes nor to an orphan. `path` is the parent, "/", and the text
  /// before the sequence number. The client puts a random id in front of that text: "/locks/lock-"
  /// becomes "/locks/_c_<32 hex digits>-lock-<sequence>". If the call ends before its outcome is
  /// known, the client removes in the background what the servers may have created. Errors: no_node
  /// (of the parent), no_auth, invalid_acl.
  virtual Result<Created> create_protected_ephemeral_sequential(const std::string& path,
                                                                const std::string& data,
                                                                const Acl& acl,
                                                                const Context& context) = 0;

  /// Deletes a znode. Errors: no_node, bad_version, no_auth (at the parent), not_empty.
  virtual Result<void> remove(const std::string& path, std::int32_t version,
                              const Context& context) = 0;

  /// Reads a znode. Errors: no_node, no_auth.
  virtual Result<Znode> get(const std::string& path, const Context& context) = 0;

  /// Reads a znode, and watches it for a change of its data and for its deletion. The client keeps
  /// a weak reference to the watcher: a watcher that was dropped hears nothing more. A call that
  /// fails sets no watch. Errors: no_node, no_auth.
  virtual Result<Znode> get_and_watch(const std::string& path,
                                      const std::shared_ptr<Watcher>& watcher,
                                      const Context& context) = 0;

  /// Replaces the data. Errors: no_node, bad_version, no_auth.
  virtual Result<Stat> set(const std::string& path, const std::string& data, std::int32_t version,
                           const Context& context) = 0;

  /// Carries out all operations as one transaction, or none of them. Errors: those of the
  /// operations, and `unimplemented`: the client cannot do this. (That is the default, for clients
  /// that were written before there was this function.)
  virtual MultiResult multi(const std::vector<MultiOperation>& operations, const Context& context);

  /// Ends the session; every later call returns `closing`. Waits until the deadline for znodes that
  /// are still to be removed. The error says what could not be removed by then; the end of the
  /// session removes it anyway. The destructor does the same in the background. The default does
  /// nothing, for clients without a session.
  virtual Result<void> close(const Context& context);

 protected:
  ZooKeeperClient() = default;
  ZooKeeperClient(const ZooKeeperClient&) = default;
  ZooKeeperClient& operator=(const ZooKeeperClient&) = default;
};

}  // namespace zklock

#endif  // ZKLOCK_ZOOKEEPER_CLIENT_H_
