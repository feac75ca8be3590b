// Bad configuration and bad input, one by one: which error, and that it says what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "integration/tools.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

// To see whether they are there.
extern "C" void zookeeper_init_ssl() __attribute__((weak));
extern "C" void zookeeper_init_sasl() __attribute__((weak));

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;

const Acl kReadable{{Permission::read, "world", "anyone"}};

std::string address() { return ZooKeeperServer::shared().address(); }

LockError error_of_config(const ZooKeeperLockConfig& config) {
  return error_of([&] { const ZooKeeperLock lock(config); });
}

struct BadConfig {
  std::string name;
  ZooKeeperLockConfig config;
  std::vector<std::string> says;  // after "invalid lock configuration: "
};

BadConfig bad_path(const std::string& name, const std::string& path, const std::string& says) {
  return {name, {.path = path}, {"path: ", says}};
}

BadConfig bad_address(const std::string& name, const std::string& address,
                      const std::string& says) {
  return {name, {.address = address, .path = "/locks"}, {"address: ", says}};
}

template <class Change>
BadConfig bad(const std::string& name, const std::vector<std::string>& says, const Change& change) {
  ZooKeeperLockConfig config{.path = "/locks"};
  change(config);
  return {name, std::move(config), says};
}

void expect_invalid(const LockError& error, const BadConfig& bad) {
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_EQ(error.code(), std::errc::invalid_argument);
  EXPECT_THAT(error.what(), HasSubstr("invalid lock configuration: "));
  for (const std::string& part : bad.says) EXPECT_THAT(error.what(), HasSubstr(part));
}

std::string name_of(const ::testing::TestParamInfo<BadConfig>& info) { return info.param.name; }

// What both constructors refuse.
class BadConfigTest : public ::testing::TestWithParam<BadConfig> {};

INSTANTIATE_TEST_SUITE_P(
    , BadConfigTest,
    ::testing::Values(
        bad_path("EmptyPath", "", "it names no znode"),
        bad_path("PathOfSlashes", "///", "it names no znode"),
        bad_path("TwoSlashesInside", "/my//locks", "\"//\""),
        bad_path("Dot", "/my/./locks", "\".\""), bad_path("TwoDots", "/my/../locks", "\"..\""),
        bad_path("DotAtTheEnd", "/my/locks/.", "\".\""),
        bad_path("ControlCharacter", "/my/lo\x01ks", "U+0001, at byte 6"),
        bad_path("LineFeed", "/my/locks\n", "U+000A"), bad_path("Delete", "/my/lo\x7fks", "U+007F"),
        bad_path("Nul", "/my\0/locks"s, "U+0000, at byte 3"),
        bad_path("InvalidUtf8", "/my/lo\xffks", "not valid UTF-8, at byte 6"),
        bad_path("OverlongUtf8", "/my/lo\xc0\xafks", "not valid UTF-8"),
        bad_path("SurrogateInUtf8", "/my/lo\xed\xa0\x80ks", "not valid UTF-8"),
        bad("NegativeTtl", {"ttl: it is negative"}, [](auto& config) { config.ttl = -1ms; }),
        bad("EndlessTtl", {"ttl: ", "100 years"},
            [](auto& config) { config.ttl = std::chrono::milliseconds::max(); }),
        bad("EmptyAcl", {"acl: nobody could read"}, [](auto& config) { config.acl = Acl{}; }),
        bad("AclThatLetsNobodyRead", {"acl: nobody could read"},
            [](auto& config) {
              config.acl = Acl{{Permission::create | Permission::remove, "world", "anyone"}};
            }),
        bad("EmptyClaimMarker", {"further_claim_markers: ", "empty"},
            [](auto& config) {
              config.further_claim_markers = {"__lock__", ""};
            })),
    name_of);

TEST_P(BadConfigTest, IsRefused) {
  ZooKeeperLockConfig config = GetParam().config;
  const std::shared_ptr<ZooKeeperClient> client = connect(address());
  expect_invalid(error_of([&] { const ZooKeeperLock lock(config, client); }), GetParam());
  config.address = address();
  expect_invalid(error_of_config(config), GetParam());
}

// What the constructor that connects refuses.
class BadConnectionTest : public ::testing::TestWithParam<BadConfig> {};

INSTANTIATE_TEST_SUITE_P(
    , BadConnectionTest,
    ::testing::Values(
        bad_address("Empty", "", "it is empty"),
        bad_address("Blank", "127.0.0.1:2181, 127.0.0.1:2182", "blank"),
        bad_address("BlankInFront", " 127.0.0.1:2181", "blank"),
        bad_address("Port0", "127.0.0.1:0", "\"0\""),
        bad_address("Port65536", "127.0.0.1:65536", "\"65536\""),
        bad_address("Port87386", "127.0.0.1:87386", "\"87386\""),
        bad_address("NegativePort", "127.0.0.1:-5", "\"-5\""),
        bad_address("HexadecimalPort", "127.0.0.1:0x885", "\"0x885\""),
        bad_address("NoPortAfterColon", "127.0.0.1:", "port"),
        bad_address("NoHost", ":2181", "host is missing"),
        bad_address("ChrootAlone", "/app", "no server"),
        bad_address("Brackets", "[::1]:2181", "without them"),
        bad_address("EmptyServer", "127.0.0.1:2181,,127.0.0.1:2182", "server is missing"),
        bad_address("CommaAtTheEnd", "127.0.0.1:2181,", "server is missing"),
        bad_address("ChrootInTheMiddle", "127.0.0.1:2181/app,127.0.0.1:2182", "\"/app"),
        bad_address("TwoSlashesInTheChroot", "127.0.0.1:2181/app//x", "//"),
        bad("SessionTimeout0", {"session_timeout: "},
            [](auto& config) {
              config.address = "127.0.0.1:2181";
              config.client.session_timeout = 0ms;
            }),
        bad("NegativeConnectTimeout", {"connect_timeout: "},
            [](auto& config) {
              config.address = "127.0.0.1:2181";
              config.client.connect_timeout = -1ms;
            }),
        bad("AuthAclWithoutAnIdentity", {"acl: ", "client.auth"},
            [](auto& config) {
              config.address = "127.0.0.1:2181";
              config.acl = Acl::creator_all();
            })),
    name_of);

TEST_P(BadConnectionTest, IsRefused) {
  const auto begun = Clock::now();
  expect_invalid(error_of_config(GetParam().config), GetParam());
  EXPECT_LT(Clock::now() - begun, 5s) << "at once: before anything is asked of the network";
}

TEST(ConfigTest, NullClientIsRefused) {
  const LockError error = error_of(
      [] { const ZooKeeperLock lock({.path = "/locks"}, std::shared_ptr<ZooKeeperClient>()); });
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_THAT(error.what(), HasSubstr("client: "));
}

TEST(ConfigTest, AddressIsIgnoredWithAClient) {
  ZooKeeperLock lock({.address = "/app", .path = unique_path()}, connect(address()));
  EXPECT_TRUE(lock.lock(soon()));
}

// Servers that are not there.

TEST(ConfigTest, UnreachableServerIsNamedWithinTheConnectTimeout) {
  ZooKeeperServer server;
  server.kill();
  const auto begun = Clock::now();
  const LockError error = error_of_config(
      {.address = server.address(), .path = "/locks", .client = {.connect_timeout = 200ms}});
  EXPECT_GE(Clock::now() - begun, 200ms) << "it might have come up";
  EXPECT_LT(Clock::now() - begun, 5s);  // deadline_test is strict
  EXPECT_EQ(error.code(), Errc::no_server_answered);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::connection_loss);
  EXPECT_THAT(error.what(), HasSubstr(server.address()));
}

TEST(ConfigTest, UnknownHostIsNamed) {
  const LockError error = error_of_config({.address = "no-such-host.invalid:2181",
                                           .path = "/locks",
                                           .client = {.connect_timeout = 2s}});
  // Where there is no name server, the name may exist.
  EXPECT_THAT(error.code(), AnyOf(make_error_code(Errc::locking_failed),
                                  make_error_code(Errc::no_server_answered)));
  EXPECT_THAT(error.what(), HasSubstr("no-such-host.invalid"));
}

TEST(ConfigTest, OneOfTwoHostsMayBeUnknown) {
  for (const std::string& both :
       {"no-such-host.invalid:2181," + address(), address() + ",no-such-host.invalid:2181"}) {
    ZooKeeperLock lock({.address = both, .path = unique_path()});
    EXPECT_TRUE(lock.lock(soon())) << both;
  }
}

// Chroots.

TEST(ConfigTest, ChrootThatDoesNotExistIsNamed) {
  const LockError error =
      error_of_config({.address = address() + "/no-such-chroot", .path = "/locks"});
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_node);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("/no-such-chroot"), HasSubstr("does not exist")));
}

TEST(ConfigTest, PathIsBelowTheChroot) {
  const std::string unique = unique_path();
  const std::string chroot = "/chroot" + unique.substr(unique.rfind('-'));
  const std::shared_ptr<ZooKeeperClient> client = connect(address());
  ASSERT_TRUE(client->create(chroot, "", Acl::open(), soon()));
  for (const std::string& end : {""s, "/"s}) {
    ZooKeeperLock lock({.address = address() + chroot + end, .path = "/my/locks"});
    const Lease lease = lock.lock(soon());
    EXPECT_EQ(lease.znode().rfind("/my/locks/_c_", 0), 0U);
    EXPECT_TRUE(client->get(chroot + lease.znode(), soon()));
    EXPECT_THAT(lock.entries(soon()), SizeIs(1));
  }
}

// Permissions.

class PermissionTest : public ::testing::Test {
 protected:
  const AuthInfo user_{"digest", "user:password"};
  const std::string protected_ = unique_path();
  const std::shared_ptr<ZooKeeperClient> owner_ = connect(address(), {.auth = {user_}});

  void SetUp() override {
    ZooKeeperLock maker({.path = protected_}, owner_);  // makes the parents
    maker.unlock(maker.lock(soon()), soon());
    ASSERT_TRUE(owner_->remove(protected_, ZooKeeperClient::kAnyVersion, soon()));
    ASSERT_TRUE(owner_->create(protected_, "", Acl::creator_all(), soon()));
  }
};

TEST_F(PermissionTest, PathWithoutPermissionFailsAtOnce) {
  for (const std::string& path : {protected_, protected_ + "/below"}) {
    const auto begun = Clock::now();
    ZooKeeperLock lock({.path = path}, connect(address()));
    const LockError error = error_of([&] { lock.lock(Context()); });
    EXPECT_LT(Clock::now() - begun, 5s) << "waiting does not cure it";
    EXPECT_EQ(error.code(), Errc::locking_failed);
    EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
    EXPECT_THAT(error.what(), AllOf(HasSubstr(path), HasSubstr("no permission")));
  }
  const LockError error = error_of_config({.address = address(), .path = protected_ + "/below"});
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  EXPECT_THAT(error.what(), HasSubstr("path: cannot create " + protected_ + "/below"));
}

TEST_F(PermissionTest, IdentityThatHasThePermissionCanLock) {
  for (const std::string& path : {protected_, protected_ + "/below"}) {
    ZooKeeperLock lock({.address = address(),
                        .path = path,
                        .acl = Acl::creator_all(),
                        .client = {.auth = {user_}}});
    const Lease lease = lock.lock(soon());
    EXPECT_TRUE(lease.valid());
    EXPECT_EQ(connect(address())->get(lease.znode(), soon()).error(), ZooKeeperErrc::no_auth)
        << "the claim has the ACL of the configuration";
    EXPECT_FALSE(lock.unlock());
  }
}

TEST_F(PermissionTest, PathThatExistsNeedsNoPermissionToCreateItsParents) {
  const std::string path = protected_ + "/open";
  ASSERT_TRUE(owner_->create(path, "", Acl::open(), soon()));
  ZooKeeperLock lock({.address = address(), .path = path});
  EXPECT_TRUE(lock.lock(soon()));
}

TEST_F(PermissionTest, UnknownSchemeFailsAtOnce) {
  const LockError error = error_of_config(
      {.address = address(), .path = "/locks", .client = {.auth = {{"no-such-scheme", "x"}}}});
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::auth_failed);
  EXPECT_THAT(error.what(), HasSubstr(address()));
}

TEST_F(PermissionTest, AclOfAnUnknownSchemeFailsAtOnce) {
  ZooKeeperLock lock({.path = unique_path(), .acl = Acl{{Permission::all, "no-such-scheme", "x"}}},
                     owner_);
  const LockError error = error_of([&] { lock.lock(Context()); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::invalid_acl);
}

TEST(TlsConfigTest, ALibzookeeperWithoutTlsIsSaidToBeOne) {
  if (zookeeper_init_ssl != nullptr) GTEST_SKIP() << "this one has it: see tests/tls";
  const std::string file = "/proc/self/status";
  const LockError error = error_of_config(
      {.address = address(),
       .path = "/locks",
       .client = {.tls = TlsOptions{.ca_file = file, .certificate_file = file, .key_file = file}}});
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("libzookeeper_mt was built without OpenSSL"),
                                  HasSubstr("examples/tls.md")));
}

TEST(SaslConfigTest, ALibzookeeperWithoutSaslIsSaidToBeOne) {
  if (zookeeper_init_sasl != nullptr) GTEST_SKIP() << "this one has it: see tests/tls";
  const LockError error = error_of_config(
      {.address = address(),
       .path = "/locks",
       .client = {.sasl = SaslOptions{.user = "orders", .password_file = "/proc/self/status"}}});
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("libzookeeper_mt was built without Cyrus SASL"),
                                  HasSubstr("examples/sasl.md")));
}

}  // namespace
}  // namespace zklock::test
