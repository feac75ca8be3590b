// mock_claim_client.h: a gmock of the operations of ZooKeeper, which can also do what the lock asks
// of a ClaimClient.
#ifndef ZKLOCK_TESTS_SUPPORT_MOCK_CLAIM_CLIENT_H_
#define ZKLOCK_TESTS_SUPPORT_MOCK_CLAIM_CLIENT_H_

#include <gmock/gmock.h>

#include <cstdint>
#include <memory>
#include <string>

#include "lock/basic_claim_client.h"

namespace zklock::testing {

class MockClaimClient : public internal::BasicClaimClient {
 public:
  MOCK_METHOD(Result<Children>, children, (const std::string& path, const Context& context),
              (override));
  MOCK_METHOD(Result<Created>, create,
              (const std::string& path, const std::string& data, const Acl& acl,
               const Context& context),
              (override));
  MOCK_METHOD(Result<Created>, create_protected_ephemeral_sequential,
              (const std::string& path, const std::string& data, const Acl& acl,
               const Context& context),
              (override));
  MOCK_METHOD(Result<void>, remove,
              (const std::string& path, std::int32_t version, const Context& context), (override));
  MOCK_METHOD(Result<Znode>, get, (const std::string& path, const Context& context), (override));
  MOCK_METHOD(Result<Znode>, get_and_watch,
              (const std::string& path, const std::shared_ptr<Watcher>& watcher,
               const Context& context),
              (override));
  MOCK_METHOD(Result<Stat>, set,
              (const std::string& path, const std::string& data, std::int32_t version,
               const Context& context),
              (override));
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_SUPPORT_MOCK_CLAIM_CLIENT_H_
