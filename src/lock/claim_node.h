// claim_node.h: the znode of one claim, as its owner writes it.
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

  /// Replaces the data of the claim. Blocks, and tries again until the outcome is known. A write of
  /// our own that was never confirmed, also one of an earlier call, is recognised. Errors: no_node
  /// and bad_version (somebody else deleted or changed the claim); those of the context; errors
  /// that trying again does not cure.
  Result<void> rewrite(ZooKeeperClient& client, const Metadata& metadata, const Context& context);

 private:
  std::string path_;
  std::int32_t version_ = 0;              // of our last confirmed write
  std::vector<std::string> unconfirmed_;  // data that we may have written after that
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_CLAIM_NODE_H_
