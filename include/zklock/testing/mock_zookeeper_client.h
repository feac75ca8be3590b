// zklock/testing/mock_zookeeper_client.h: a gmock of zklock::ZooKeeperClient. Target zklock::mock.
#ifndef ZKLOCK_TESTING_MOCK_ZOOKEEPER_CLIENT_H_
#define ZKLOCK_TESTING_MOCK_ZOOKEEPER_CLIENT_H_

#include <gmock/gmock.h>
#include <zklock/zookeeper_client.h>

#include <cstdint>
#include <memory>
#include <string>

namespace zklock::testing {

/// The operations that every client must have. The others (`enqueue`, `check`, ...) keep the bodies
/// that ZooKeeperClient gives them, which call these: see zookeeper_client.h.
///
/// A claim has `stat.ephemeral_owner` other than 0 when it is read: give it one, or the lock takes
/// it for somebody's persistent node and does not wait for it.
class MockZooKeeperClient : public ZooKeeperClient {
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

#endif  // ZKLOCK_TESTING_MOCK_ZOOKEEPER_CLIENT_H_
