#include "lock/list_entries.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error_kinds.h"
#include "base/znode_path.h"
#include "lock/claim_order.h"
#include "queue/metadata.h"

namespace zklock::internal {

LockEntry entry_of(std::int64_t sequence, const std::string& path, const Znode& znode) {
  LockEntry entry{.id = sequence,
                  .path = path,
                  .fencing_token = znode.stat.czxid,
                  .session = znode.stat.ephemeral_owner};
  if (const auto metadata = parse_metadata(znode.data)) {
    entry.owner = metadata->owner;
    entry.host = metadata->host;
    entry.pid = metadata->pid;
    entry.trace = metadata->trace;
    entry.since = metadata->timestamp;
    if (const auto ttl = metadata->ttl())
      entry.ttl = std::chrono::ceil<std::chrono::milliseconds>(*ttl);
  }
  return entry;
}

namespace {

/// None: it is gone by now (which sets `is_gone`), or is not a claim.
std::optional<LockEntry> read_entry(const LockSettings& settings, ClaimClient& client,
                                    const ClaimName& claim, bool& is_gone, const Context& context) {
  const std::string path = join_path(settings.path, claim.name);
  for (Backoff pause;;) {
    const Result<Znode> znode = client.get(path, context);
    if (znode) {
      if (znode->stat.ephemeral_owner == 0) return std::nullopt;
      return entry_of(claim.sequence, path, *znode);
    }
    if (znode.error() == ZooKeeperErrc::no_node) {
      is_gone = true;
      return std::nullopt;
    }
    // The list was answered.
    pause_or_fail(pause, settings.path, znode.error(), Errc::locking_timed_out, context);
  }
}

Result<std::vector<ClaimName>> list_claims(const LockSettings& settings, ClaimClient& client,
                                           const Context& context) {
  const Result<Children> children = client.children(settings.path, context);
  if (!children) return children.error();
  return claims_in_order(client, settings.path, children->names, settings.further_claim_markers, {},
                         context);
}

}  // namespace

void pause_or_fail(Backoff& pause, const std::string& path, std::error_code error,
                   Errc when_unanswered, const Context& context) {
  if (is_retryable(error)) pause.wait(context);
  if (is_retryable(error) && !has_ended(context)) return;
  const std::string detail = "cannot list " + path + ": " + error.message();
  if (context.canceled()) throw LockError(Errc::locking_canceled, detail, error);
  if (is_unanswered(error)) throw LockError(when_unanswered, detail, error);
  throw LockError(is_retryable(error) ? Errc::locking_timed_out : Errc::locking_failed, detail,
                  error);
}

LockEntries list_entries(const LockSettings& settings, ClaimClient& client,
                         const Context& context) {
  for (Backoff pause;;) {
    const Result<std::vector<ClaimName>> claims = list_claims(settings, client, context);
    if (claims) {
      std::vector<LockEntry> entries;
      bool is_gone = false;
      for (const ClaimName& claim : *claims) {
        auto entry = read_entry(settings, client, claim, is_gone, context);
        if (entry) entries.push_back(std::move(*entry));
      }
      // Others may have come while those went: nobody may have seen the queue empty.
      if (entries.empty() && is_gone && !has_ended(context)) continue;
      return LockEntries(std::move(entries));
    }
    if (claims.error() == ZooKeeperErrc::no_node) return {};  // there is no directory
    pause_or_fail(pause, settings.path, claims.error(), Errc::no_server_answered, context);
  }
}

}  // namespace zklock::internal
