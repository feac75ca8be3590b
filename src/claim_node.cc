#include "claim_node.h"

#include "errors.h"
#include "pause.h"

namespace zklock::internal {

Result<void> ClaimNode::rewrite(ZooKeeperClient& client, const Metadata& metadata,
                                const Context& context) {
  const std::string data = to_json(metadata);
  bool is_unsure = false;  // an earlier attempt may have been carried out
  for (Pause pause;; pause.wait(context)) {
    const Result<Stat> written = client.set(path(), data, version_, context);
    if (written) {
      version_ = written->version;
      return {};
    }
    if (is_unsure && written.error() == ZooKeeperErrc::bad_version) {
      // Ours, if it says what we wrote.
      const Result<Znode> read = client.get(path(), context);
      if (read && read->data == data) {
        version_ = read->stat.version;
        return {};
      }
      if (read) return ZooKeeperErrc::bad_version;
      if (!may_pass(read.error()) || is_over(context)) return read.error();
      continue;
    }
    if (!may_pass(written.error()) || is_over(context)) return written.error();
    is_unsure = true;
  }
}

}  // namespace zklock::internal
