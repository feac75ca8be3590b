// claim_node.h: the znode of one claim, which only its owner writes.
#ifndef ZKLOCK_SRC_LOCK_CLAIM_NODE_H_
#define ZKLOCK_SRC_LOCK_CLAIM_NODE_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/context.h>

#include <cstdint>
#include <string>
#include <vector>

#include "queue/metadata.h"

namespace zklock::internal {

/// Thread safety: one thread at a time.
class ClaimNode {
 public:
  ClaimNode() = default;
  explicit ClaimNode(const Created& created)
      : path_(created.path), version_(created.stat.version) {}

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Replaces what the claim says, if nobody else has. (What an earlier call may have written
  /// before its context ended is known for ours.) Blocks; goes on through broken connections, until
  /// it knows. Errors: no_node, bad_version (somebody deleted or changed the claim: it is no longer
  /// ours); those of the context; final ones.
  Result<void> rewrite(ZooKeeperClient& client, const Metadata& metadata, const Context& context);

 private:
  std::string path_;
  std::int32_t version_ = 0;              // as we last wrote it, as far as is known
  std::vector<std::string> unconfirmed_;  // what was written after that, perhaps
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_CLAIM_NODE_H_
