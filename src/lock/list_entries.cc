#include "lock/list_entries.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "base/znode_path.h"
#include "lock/claim_order.h"
#include "queue/metadata.h"

namespace zklock::internal {

namespace {

[[noreturn]] void fail(const std::string& path, std::error_code error, const Context& context) {
  const std::string detail = "cannot list " + path + ": " + error.message();
  if (context.canceled()) throw LockError(Errc::locking_canceled, detail, error);
  if (is_retryable(error)) throw LockError(Errc::locking_timed_out, detail, error);
  throw LockError(Errc::locking_failed, detail, error);
}

LockEntry entry_of(const ClaimName& claim, const std::string& path, const Znode& znode) {
  LockEntry entry{.id = claim.sequence, .path = path, .fencing_token = znode.stat.czxid};
  if (const auto metadata = parse_metadata(znode.data)) {
    entry.owner = metadata->owner;
    entry.host = metadata->host;
    entry.pid = metadata->pid;
    entry.since = metadata->timestamp;
  }
  return entry;
}

/// None: it is gone by now, or is not a claim.
std::optional<LockEntry> read_entry(const LockSettings& settings, const ClaimName& claim,
                                    const Context& context) {
  const std::string path = join_path(settings.path, claim.name);
  for (Backoff pause;; pause.wait(context)) {
    const Result<Znode> znode = settings.client->get(path, context);
    if (znode) {
      if (znode->stat.ephemeral_owner == 0) return std::nullopt;
      return entry_of(claim, path, *znode);
    }
    if (znode.error() == ZooKeeperErrc::no_node) return std::nullopt;
    if (!is_retryable(znode.error()) || has_ended(context)) {
      fail(settings.path, znode.error(), context);
    }
  }
}

Result<std::vector<ClaimName>> list_claims(const LockSettings& settings, const Context& context) {
  const Result<Children> children = settings.client->children(settings.path, context);
  if (!children) return children.error();
  return claims_in_order(*settings.client, settings.path, children->names,
                         settings.further_claim_markers, {}, context);
}

}  // namespace

LockEntries list_entries(const LockSettings& settings, const Context& context) {
  for (Backoff pause;; pause.wait(context)) {
    const Result<std::vector<ClaimName>> claims = list_claims(settings, context);
    if (claims) {
      std::vector<LockEntry> entries;
      for (const ClaimName& claim : *claims) {
        if (auto entry = read_entry(settings, claim, context)) entries.push_back(std::move(*entry));
      }
      return LockEntries(std::move(entries));
    }
    if (claims.error() == ZooKeeperErrc::no_node) return {};  // there is no directory
    if (!is_retryable(claims.error()) || has_ended(context)) {
      fail(settings.path, claims.error(), context);
    }
  }
}

}  // namespace zklock::internal
