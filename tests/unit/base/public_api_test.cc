// That what the headers promise compiles, in the ways in which it will be written.
#include <gtest/gtest.h>
#include <zklock/testing/lease_source.h>
#include <zklock/testing/mock_lock.h>
#include <zklock/testing/mock_zookeeper_client.h>
#include <zklock/version.h>
#include <zklock/zookeeper_lock.h>

#include <mutex>
#include <type_traits>
#include <unordered_map>

namespace {

using namespace std::chrono_literals;
using ::testing::NiceMock;
using ::testing::Return;

static_assert(std::is_error_code_enum_v<zklock::Errc>);
static_assert(std::is_error_code_enum_v<zklock::ZooKeeperErrc>);
static_assert(std::is_error_code_enum_v<zklock::LossReason>);
static_assert(std::is_base_of_v<std::system_error, zklock::LockError>);
static_assert(std::is_nothrow_copy_constructible_v<zklock::LockError>);

static_assert(std::is_nothrow_default_constructible_v<zklock::Context>);
static_assert(std::is_copy_constructible_v<zklock::Context>);
static_assert(std::is_nothrow_default_constructible_v<zklock::Lease>);
static_assert(std::is_copy_assignable_v<zklock::Lease>);
static_assert(!std::is_convertible_v<zklock::Lease, bool>);
static_assert(std::is_abstract_v<zklock::Lock>);
static_assert(std::has_virtual_destructor_v<zklock::Lock>);
static_assert(!std::is_copy_constructible_v<zklock::ZooKeeperLock>);
static_assert(!std::is_move_constructible_v<zklock::ZooKeeperLock>);
static_assert(!std::is_copy_assignable_v<zklock::ZooKeeperLock>);
static_assert(!std::is_copy_constructible_v<zklock::LockGuard>);
static_assert(!std::is_convertible_v<zklock::ZooKeeperLockConfig, zklock::ZooKeeperLock>);
static_assert(std::is_abstract_v<zklock::ZooKeeperClient>);
static_assert(std::is_abstract_v<zklock::Watcher>);
static_assert(std::is_abstract_v<zklock::Logger>);
static_assert(!std::is_abstract_v<NiceMock<zklock::testing::MockZooKeeperClient>>);

static_assert(noexcept(std::declval<zklock::Lock&>().unlock()));
static_assert(std::is_same_v<decltype(std::declval<zklock::Lock&>().unlock()), std::error_code>);
static_assert(noexcept(std::declval<const zklock::Lease&>().valid()));
static_assert(noexcept(std::declval<const zklock::Lease&>().lost()));
static_assert(
    std::is_same_v<decltype(std::declval<const zklock::Lease&>().fencing_token()), std::int64_t>);

/// Every enumerator of the design.
constexpr zklock::Errc kErrors[] = {
    zklock::Errc::already_own_lock,  zklock::Errc::locking_timed_out,
    zklock::Errc::invalid_seq_node,  zklock::Errc::not_lock_owner,
    zklock::Errc::owner_already_set, zklock::Errc::locking_failed,
    zklock::Errc::unlocking_failed,  zklock::Errc::expire_lock_failed,
    zklock::Errc::locking_canceled,  zklock::Errc::lock_lost,
    zklock::Errc::invalid_config,    zklock::Errc::no_server_answered,
    zklock::Errc::write_failed,      zklock::Errc::write_in_doubt};
constexpr zklock::ZooKeeperErrc kAnswers[] = {
    zklock::ZooKeeperErrc::connection_loss, zklock::ZooKeeperErrc::operation_timeout,
    zklock::ZooKeeperErrc::session_expired, zklock::ZooKeeperErrc::no_node,
    zklock::ZooKeeperErrc::node_exists,     zklock::ZooKeeperErrc::bad_version,
    zklock::ZooKeeperErrc::no_auth,         zklock::ZooKeeperErrc::auth_failed,
    zklock::ZooKeeperErrc::bad_arguments,   zklock::ZooKeeperErrc::closing};

/// A lock that grants and releases whatever is asked of it.
class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    ON_CALL(lock_, do_lock).WillByDefault([this](const zklock::Context&) {
      return source_.grant({.owner = "user1"});
    });
    ON_CALL(lock_, do_owner).WillByDefault(Return("user1"));
  }

  zklock::testing::LeaseSource source_;
  NiceMock<zklock::testing::MockLock> lock_;
};

/// The same for `lock_` as for `ZooKeeperLock`: never run, but compiled.
[[maybe_unused]] void use_zookeeper_lock(zklock::ZooKeeperLock& lock) {
  { const std::lock_guard guard(lock); }
  { const std::lock_guard<zklock::Lock> guard(lock); }
  { const std::unique_lock guard(lock); }
  { const std::unique_lock guard(lock, std::try_to_lock); }
  { const std::unique_lock guard(lock, 3s); }
  { const std::unique_lock guard(lock, std::chrono::system_clock::now() + 3s); }
  { const std::scoped_lock guard(lock); }
  { const zklock::LockGuard guard(lock); }
  { const zklock::LockGuard guard(lock, zklock::Context().with_timeout(3s)); }
  lock.lock();
  lock.lock({});
  lock.unlock({});
  lock.unlock();
  const zklock::Lease lease = lock.lock(zklock::Context().with_value("owner", "user1"));
  std::error_code error;
  const zklock::Lease twin = lock.lock({}, error);
  lock.unlock(lease);
  lock.unlock(lease, {});
  lock.unlock(twin, {}, error);
  lock.unlock({}, error);
  lock.unlock(lock.lock());
  if (lock.try_lock() || lock.try_lock_for(1.5s) ||
      lock.try_lock_until(std::chrono::steady_clock::now())) {
    lock.set_owner("user1");
    lock.set_owner(lock.lease(), "user1");
  }
  const zklock::LockEntries entries = lock.entries();
  for (const zklock::LockEntry& entry : entries) {
    static_cast<void>(entry.id + static_cast<std::int64_t>(entry.pid));
  }
  static_cast<void>(lock.entries(zklock::Context().with_timeout(1s)).ids());
  static_cast<void>(lock.owner());
}

TEST_F(ApiTest, StdGuardsWorkOnAPlainLock) {
  zklock::Lock& lock = lock_;
  { const std::lock_guard guard(lock); }
  { const std::scoped_lock guard(lock); }
  std::unique_lock first(lock, std::defer_lock);
  EXPECT_TRUE(first.try_lock());
  first.unlock();
  EXPECT_TRUE(first.try_lock_for(1s));
  first.unlock();
  EXPECT_TRUE(first.try_lock_until(std::chrono::steady_clock::now() + 1s));
  NiceMock<zklock::testing::MockLock> other;
  ON_CALL(other, do_lock).WillByDefault([this](const zklock::Context&) { return source_.grant(); });
  zklock::Lock& second = other;
  first.unlock();
  const std::scoped_lock both(lock, second);
}

TEST_F(ApiTest, EmptyBracesAreAnUnlimitedContext) {
  zklock::Lock& lock = lock_;
  const zklock::Lease lease = lock.lock({});
  EXPECT_TRUE(lease);
  EXPECT_CALL(lock_, do_unlock(::testing::A<const zklock::Context&>())).Times(3);
  lock.unlock({});
  std::error_code error;
  lock.unlock({}, error);
  EXPECT_FALSE(lock.unlock());
}

TEST_F(ApiTest, UnlockWithALeaseReleasesThatLease) {
  zklock::Lock& lock = lock_;
  const zklock::Lease lease = lock.lock();
  zklock::Lease copy = lease;
  EXPECT_CALL(lock_, do_unlock(lease, ::testing::_)).Times(4);
  lock.unlock(lease);
  lock.unlock(copy, zklock::Context().with_timeout(1s));
  lock.unlock(zklock::Lease(lease), {});
  std::error_code error;
  lock.unlock(lease, {}, error);
}

TEST_F(ApiTest, LeasesCanBeConst) {
  const zklock::Lease lease = lock_.lock();
  if (lease && lease.valid()) lease.renew();
  lease.renew(zklock::Context().with_timeout(1s));
  lease.verify();
  std::error_code error;
  lease.renew({}, error);
  lease.verify({}, error);
  EXPECT_GT(lease.fencing_token(), 0);
  EXPECT_GT(lease.valid_until(), std::chrono::steady_clock::now());
  EXPECT_FALSE(lease.loss_reason());
  EXPECT_EQ(lease.owner(), "user1");
  const std::stop_callback callback(lease.lost(), [] {});
}

TEST_F(ApiTest, ErrorsAreComparedWithEnumerators) {
  const zklock::LockError error(zklock::Errc::locking_failed, "/locks",
                                zklock::ZooKeeperErrc::no_auth);
  EXPECT_TRUE(error.code() == zklock::Errc::locking_failed);
  EXPECT_TRUE(error.cause() == zklock::ZooKeeperErrc::no_auth);
  EXPECT_TRUE(zklock::make_error_code(zklock::Errc::locking_timed_out) == std::errc::timed_out);
  EXPECT_TRUE(zklock::make_error_code(zklock::Errc::locking_canceled) ==
              std::errc::operation_canceled);
  const std::error_code reason = zklock::LossReason::ttl_over;
  EXPECT_TRUE(reason == zklock::LossReason::ttl_over);
  EXPECT_TRUE(reason != zklock::Errc::locking_failed);
  for (const zklock::Errc each : kErrors) EXPECT_NE(std::error_code(each).message(), "");
  for (const zklock::ZooKeeperErrc each : kAnswers) EXPECT_NE(std::error_code(each).message(), "");
  const std::unordered_map<std::error_code, int> keyed = {{zklock::Errc::lock_lost, 1}};
  EXPECT_EQ(keyed.at(zklock::Errc::lock_lost), 1);
}

TEST_F(ApiTest, ConfigsAreWrittenWithTheMembersThatMatter) {
  const zklock::ZooKeeperLockConfig config{.address = "zk1:2181", .path = "/my/locks"};
  EXPECT_EQ(config.ttl, 0ms);
  EXPECT_FALSE(config.purge_without_ttl);
  const zklock::ZooKeeperLockConfig other{
      .path = "/my/locks",
      .ttl = 30s,
      .acl = zklock::Acl::creator_all(),
      .client = {.session_timeout = 6s, .auth = {{"digest", "user:password"}}}};
  EXPECT_EQ(other.client.connect_timeout, 10s);
  const zklock::ClientOptions options{.tls = zklock::TlsOptions{.ca_file = "ca.pem"}};
  const zklock::ClientOptions user{
      .sasl = zklock::SaslOptions{.user = "orders", .password_file = "/etc/orders.password"}};
  EXPECT_FALSE(user.tls);
  EXPECT_FALSE(options.logger);
  const auto client = std::make_shared<NiceMock<zklock::testing::MockZooKeeperClient>>();
  zklock::ZooKeeperLock lock({.path = "/my/locks", .ttl = 1min}, client);
  const zklock::ZooKeeperLock& constant = lock;
  EXPECT_FALSE(constant.lease());
  EXPECT_EQ(constant.owner(), "");
}

TEST_F(ApiTest, ContextsAreBuiltUp) {
  const std::stop_source stop;
  const zklock::Context context = zklock::Context()
                                      .with_timeout(1.5s)
                                      .with_timeout(std::chrono::duration<float>(3))
                                      .with_deadline(std::chrono::system_clock::now() + 1h)
                                      .with_deadline(std::chrono::steady_clock::time_point::max())
                                      .with_value("owner", "user1")
                                      .with_stop_token(stop.get_token());
  EXPECT_TRUE(context.deadline());
  EXPECT_EQ(context.value("owner"), "user1");
  EXPECT_TRUE(zklock::Context().with_timeout(std::chrono::hours::max()).deadline());
}

TEST_F(ApiTest, TheVersionIsThatOfTheHeaders) {
  EXPECT_EQ(zklock::version(), std::to_string(ZKLOCK_VERSION_MAJOR) + "." +
                                   std::to_string(ZKLOCK_VERSION_MINOR) + "." +
                                   std::to_string(ZKLOCK_VERSION_PATCH));
}

}  // namespace
