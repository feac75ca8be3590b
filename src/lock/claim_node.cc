#include "lock/claim_node.h"

#include <algorithm>

#include "base/backoff.h"
#include "base/error_kinds.h"

namespace zklock::internal {

namespace {

/// At most so many writes without an answer are remembered.
constexpr std::size_t kMostUnconfirmed = 64;

}  // namespace

Result<void> ClaimNode::rewrite(ZooKeeperClient& client, const Metadata& metadata,
                                const Context& context) {
  const std::string data = to_json(metadata);
  for (Backoff pause;;) {
    const Result<Stat> written = client.set(path(), data, version_, context);
    if (written) {
      version_ = written->version;
      unconfirmed_.clear();
      return {};
    }
    std::error_code error = written.error();
    if (error == ZooKeeperErrc::bad_version && !unconfirmed_.empty()) {
      // The write is ours if the data is one of those that we may have written.
      const Result<Znode> read = client.get(path(), context);
      if (read) {
        if (std::find(unconfirmed_.begin(), unconfirmed_.end(), read->data) == unconfirmed_.end()) {
          return error;
        }
        version_ = read->stat.version;
        unconfirmed_.clear();
        if (read->data == data) return {};
        continue;  // at once: the version is known now
      }
      error = read.error();
    } else if (may_have_been_done(error)) {
      if (unconfirmed_.size() == kMostUnconfirmed) unconfirmed_.erase(unconfirmed_.begin());
      unconfirmed_.push_back(data);
    }
    if (is_retryable(error)) pause.wait(context);
    if (!is_retryable(error) || has_ended(context)) return error;
  }
}

}  // namespace zklock::internal
