#include "client/list_behind_write.h"

#include <zklock/zookeeper_client.h>

#include <algorithm>
#include <utility>

#include "base/error_kinds.h"
#include "base/znode_path.h"

namespace zklock::internal {

void list_behind_write(const SessionConnection& connection, const std::string& directory,
                       Wire::Answer<void> written, Wire::Answer<Children> listed) {
  connection.wire->check(directory, ZooKeeperClient::kAnyVersion, std::move(written));
  connection.wire->children(directory, false, std::move(listed));
}

Result<std::string> find_created(std::error_code written, const Result<Children>& listed,
                                 const std::string& directory, const std::string& id) {
  if (!is_decided(written)) return written;
  if (!listed) {
    if (listed.error() == ZooKeeperErrc::no_node) return std::string();  // without its directory
    return listed.error();
  }
  const auto name =
      std::find_if(listed->names.begin(), listed->names.end(),
                   [&](const std::string& child) { return child.find(id) != std::string::npos; });
  return name == listed->names.end() ? std::string() : join_path(directory, *name);
}

}  // namespace zklock::internal
