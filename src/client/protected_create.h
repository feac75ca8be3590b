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
  std::string prefix;  // in front of the sequence number, behind the random id
  std::string data;
  Acl acl = Acl::open();
  /// With the list in the same flight, if it can be; else the queue is empty.
  bool list_after = false;
  /// Goes on with the claim and the list, on the network's thread: a change of threads less than if
  /// the caller did. May be null, and is not called if an answer is lost.
  std::function<void(const SessionConnection&, Enqueued, Done)> and_then{};
  /// In the session, for what is created: given up when nothing is left of it.
  std::shared_ptr<void> reservation{};

  /// Of the path that comes of it.
  [[nodiscard]] std::size_t path_length() const;
};

/// Creates the znode under a random id. If the answer is lost, it looks for the id on the next
/// connection of the same session, and adopts what it finds there; what is not there was not
/// created. With a new session, or when nothing was created, it begins again, with a new id.
/// Blocks, and ends, as the operations of ZooKeeperClient do; what may have been created then is
/// removed in the background.
Result<Enqueued> create_protected(SessionKeeper& keeper,
                                  const std::shared_ptr<RemovalList>& removals,
                                  const ProtectedCreate& request, const Context& context);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_PROTECTED_CREATE_H_
