#include <zklock/zookeeper_client.h>

namespace zklock {

Watcher::~Watcher() = default;

ZooKeeperClient::~ZooKeeperClient() = default;

Result<Children> ZooKeeperClient::children_and_watch(const std::string&,
                                                     const std::shared_ptr<Watcher>&,
                                                     const Context&) {
  return ZooKeeperErrc::unimplemented;
}

Result<Created> ZooKeeperClient::create_container(const std::string&, const std::string&,
                                                  const Acl&, const Context&) {
  return ZooKeeperErrc::unimplemented;
}

MultiResult ZooKeeperClient::multi(const std::vector<MultiOperation>&, const Context&) {
  return {.error = ZooKeeperErrc::unimplemented, .is_sent = false};
}

Result<void> ZooKeeperClient::close(const Context&) { return {}; }

}  // namespace zklock
