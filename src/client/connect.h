// connect.h: connects, and looks for one path on the way.
#ifndef ZKLOCK_SRC_CLIENT_CONNECT_H_
#define ZKLOCK_SRC_CLIENT_CONNECT_H_

#include <zklock/client_options.h>
#include <zklock/zookeeper_client.h>

#include <memory>
#include <string>

namespace zklock::internal {

struct Connected {
  std::shared_ptr<ZooKeeperClient> client;
  bool path_exists = false;
};

/// The same as `zklock::connect`, and also looks for `path`: the network's thread reads it as soon
/// as there is a session.
Connected connect_and_find(std::string address, const ClientOptions& options, std::string path);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_CONNECT_H_
