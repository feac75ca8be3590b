#include <zklock/zookeeper_client.h>

namespace zklock {

Watcher::~Watcher() = default;

ZooKeeperClient::~ZooKeeperClient() = default;

Result<void> ZooKeeperClient::close(const Context&) { return {}; }

}  // namespace zklock
