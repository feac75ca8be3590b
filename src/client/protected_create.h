// protected_create.h: creating an ephemeral sequential znode that is neither created twice nor
// orphaned.
#ifndef ZKLOCK_SRC_CLIENT_PROTECTED_CREATE_H_
#define ZKLOCK_SRC_CLIENT_PROTECTED_CREATE_H_

#include <zklock/acl.h>
#include <zklock/advanced/claim_client.h>
#include <zklock/context.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "client/removal_list.h"
#include "session/session_keeper.h"

namespace zklock::internal {

struct ProtectedCreate {
  using Done = std::function<void(Enqueued)>;

  std::string directory;
  std::string prefix;  // behind the random id, in front of the sequence number
  std::string data;
  Acl acl = Acl::open();
  /// With the list in the same flight, if it can be; else the queue is empty.
  bool list_after = false;
  /// Called by the network's thread with the claim and the list; continuing there saves a change of
  /// threads. May be null. Not called if an answer is lost.
  std::function<void(const SessionConnection&, Enqueued, Done)> and_then{};
  /// The znode's place in the session's capacity; released when nothing is left of the znode.
  std::shared_ptr<void> reservation{};
  /// If the znode is to be removed. May be null.
  std::shared_ptr<RemovalListener> removal{};

  /// Length of the path of the created znode.
  [[nodiscard]] std::size_t path_length() const;
};

/// Creates the znode under a random id. If the answer is lost, it looks for the id on the next
/// connection of the same session: it adopts a znode that is there; a znode that is not there was
/// not created. With a new session, or if nothing was created, it starts again with a new id.
/// Blocks, and ends, as the operations of ZooKeeperClient do; a znode that may have been created by
/// then is removed in the background.
Result<Enqueued> create_protected(SessionKeeper& keeper,
                                  const std::shared_ptr<RemovalList>& removals,
                                  const ProtectedCreate& request, const Context& context);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_PROTECTED_CREATE_H_
