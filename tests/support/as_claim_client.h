// as_claim_client.h: the clients of the library as what the lock sees in them.
#ifndef ZKLOCK_TESTS_SUPPORT_AS_CLAIM_CLIENT_H_
#define ZKLOCK_TESTS_SUPPORT_AS_CLAIM_CLIENT_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/libzookeeper_client.h>

#include <memory>
#include <string>
#include <utility>

namespace zklock::testing {

/// Null if it is no ClaimClient.
inline std::shared_ptr<ClaimClient> as_claim_client(
    const std::shared_ptr<ZooKeeperClient>& client) {
  return std::dynamic_pointer_cast<ClaimClient>(client);
}

/// As `connect`.
inline std::shared_ptr<ClaimClient> connect_claim_client(std::string address,
                                                         ClientOptions options = {}) {
  return as_claim_client(connect(std::move(address), std::move(options)));
}

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_SUPPORT_AS_CLAIM_CLIENT_H_
