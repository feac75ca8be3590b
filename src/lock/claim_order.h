// claim_order.h: the claims of a lock in the order of granting.
#ifndef ZKLOCK_SRC_LOCK_CLAIM_ORDER_H_
#define ZKLOCK_SRC_LOCK_CLAIM_ORDER_H_

#include <zklock/context.h>
#include <zklock/result.h>
#include <zklock/zookeeper_client.h>

#include <set>
#include <string>
#include <vector>

#include "queue/claim_name.h"

namespace zklock::internal {

/// The claims of `directory` among `names`, in the order of granting. `not_claims` names children
/// that look like claims but are persistent. Sends no request, unless the sequence numbers do not
/// give the order: then it reads every claim and orders by czxid. Errors: those of reading.
Result<std::vector<ClaimName>> claims_in_order(ZooKeeperClient& client,
                                               const std::string& directory,
                                               const std::vector<std::string>& names,
                                               const std::vector<std::string>& further_markers,
                                               const std::set<std::string>& not_claims,
                                               const Context& context);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_CLAIM_ORDER_H_
