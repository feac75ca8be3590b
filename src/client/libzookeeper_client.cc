#include <zklock/libzookeeper_client.h>

#include <utility>

#include "client/connect.h"

namespace zklock {

// NOLINTNEXTLINE(performance-unnecessary-value-param): the signature is part of the contract
std::shared_ptr<ZooKeeperClient> connect(std::string address, ClientOptions options) {
  return internal::connect_and_find(std::move(address), options, "").client;
}

}  // namespace zklock
