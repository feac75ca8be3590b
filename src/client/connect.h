// connect.h: connecting for the sake of one path.
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

/// As `zklock::connect`, and looks for `path` on the way: that is asked for by the network's thread
/// as soon as there is a session.
Connected connect_and_find(std::string address, const ClientOptions& options, std::string path);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_CONNECT_H_
