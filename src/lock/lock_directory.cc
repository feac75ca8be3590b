#include "lock/lock_directory.h"

#include <cstddef>
#include <vector>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "base/znode_path.h"

namespace zklock::internal {

namespace {

std::error_code create(const LockSettings& settings, ClaimClient& client, const std::string& path,
                       const Context& context) {
  if (path == settings.path && settings.directory == DirectoryKind::container) {
    const std::error_code error = client.create_container(path, "", settings.acl, context).error();
    if (error != ZooKeeperErrc::unimplemented) return error;
  }
  return client.create(path, "", settings.acl, context).error();
}

}  // namespace

DirectoryResult create_lock_directory(const LockSettings& settings, ClaimClient& client,
                                      const Context& context) {
  const std::vector<std::string> paths = path_and_parents(settings.path);
  std::size_t next = paths.size() - 1;
  for (Backoff pause; next < paths.size();) {
    const std::error_code error = create(settings, client, paths[next], context);
    if (!error || error == ZooKeeperErrc::node_exists ||
        (error == ZooKeeperErrc::no_auth && client.get(paths[next], context))) {
      ++next;
    } else if (error == ZooKeeperErrc::no_node && next > 0) {
      --next;
    } else {
      if (is_retryable(error)) pause.wait(context);
      if (!is_retryable(error) || has_ended(context)) return {error, paths[next]};
    }
  }
  return {};
}

}  // namespace zklock::internal
