#include "lock/lock_directory.h"

#include <cstddef>
#include <vector>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "base/znode_path.h"

namespace zklock::internal {

DirectoryResult create_lock_directory(ZooKeeperClient& client, const std::string& path,
                                      const Acl& acl, const Context& context) {
  const std::vector<std::string> paths = path_and_parents(path);
  std::size_t next = paths.size() - 1;
  for (Backoff pause; next < paths.size();) {
    const std::error_code error = client.create(paths[next], "", acl, context).error();
    if (!error || error == ZooKeeperErrc::node_exists ||
        (error == ZooKeeperErrc::no_auth && client.get(paths[next], context))) {
      ++next;
    } else if (error == ZooKeeperErrc::no_node && next > 0) {
      --next;
    } else if (is_retryable(error) && !has_ended(context)) {
      pause.wait(context);
    } else {
      return {error, paths[next]};
    }
  }
  return {};
}

}  // namespace zklock::internal
