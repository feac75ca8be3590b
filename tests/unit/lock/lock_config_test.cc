// What the constructor refuses, and how it says so.
#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::HasSubstr;

struct BadPath {
  std::string path;
  std::string name;
};

using LockConfigTest = LockTest;

class BadPathTest : public LockTest, public ::testing::WithParamInterface<BadPath> {};

TEST_P(BadPathTest, IsRefused) {
  ZooKeeperLockConfig bad = config();
  bad.path = GetParam().path;
  const LockError error = error_of([&] { ZooKeeperLock(bad, zk_); });
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_THAT(error.what(), HasSubstr("path: "));
}

TEST_P(BadPathTest, IsRefusedBeforeConnecting) {
  ZooKeeperLockConfig bad = config();
  bad.path = GetParam().path;
  bad.address = "host.invalid";
  EXPECT_THAT(error_of([&] { const ZooKeeperLock lock(bad); }).what(), HasSubstr("path: "));
}

INSTANTIATE_TEST_SUITE_P(All, BadPathTest,
                         ::testing::Values(BadPath{"", "Empty"}, BadPath{"/", "Root"},
                                           BadPath{"/a//b", "EmptyPart"}, BadPath{"/a/./b", "Dot"},
                                           BadPath{"/a/..", "DotDot"}, BadPath{"/a\tb", "Tab"},
                                           BadPath{std::string("/a\0b", 4), "Nul"},
                                           BadPath{"/a\xff", "NotUtf8"}),
                         [](const auto& each) { return each.param.name; });

TEST_F(LockConfigTest, NegativeTtlIsRefused) {
  const LockError error = error_of([&] { ZooKeeperLock(ttl_config(-1ms), zk_); });
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_THAT(error.what(), HasSubstr("ttl: "));
}

TEST_F(LockConfigTest, ATtlLongerThanAnyLockIsRefused) {
  EXPECT_EQ(
      error_of([&] { ZooKeeperLock(ttl_config(std::chrono::milliseconds::max()), zk_); }).code(),
      Errc::invalid_config);
  EXPECT_NO_THROW(ZooKeeperLock(ttl_config(24h * 365 * 100), zk_));
}

TEST_F(LockConfigTest, AnAclThatLetsNobodyReadIsRefused) {
  ZooKeeperLockConfig bad = config();
  for (const Acl& acl : {Acl{}, Acl{{Permission::write | Permission::create, "world", "anyone"}}}) {
    bad.acl = acl;
    const LockError error = error_of([&] { ZooKeeperLock(bad, zk_); });
    EXPECT_EQ(error.code(), Errc::invalid_config);
    EXPECT_THAT(error.what(), HasSubstr("acl: "));
  }
  bad.acl = Acl{{Permission::create, "world", "anyone"}, {Permission::read, "ip", "10.0.0.1"}};
  EXPECT_NO_THROW(ZooKeeperLock(bad, zk_));
}

TEST_F(LockConfigTest, TheAuthSchemeNeedsAnIdentityOfItsOwnClient) {
  ZooKeeperLockConfig bad = config();
  bad.address = "host.invalid";
  bad.acl = Acl::creator_all();
  EXPECT_THAT(error_of([&] { const ZooKeeperLock lock(bad); }).what(), HasSubstr("acl: "));
  EXPECT_NO_THROW(ZooKeeperLock(bad, zk_));  // the client may have one
}

TEST_F(LockConfigTest, AnEmptyMarkerIsRefused) {
  ZooKeeperLockConfig bad = config();
  bad.further_claim_markers = {"__lock__", ""};
  EXPECT_THAT(error_of([&] { ZooKeeperLock(bad, zk_); }).what(),
              HasSubstr("further_claim_markers: "));
}

TEST_F(LockConfigTest, AMarkerThatEndsWithADigitIsRefused) {
  ZooKeeperLockConfig bad = config();
  bad.further_claim_markers = {"__lock__", "lock1"};
  EXPECT_THAT(error_of([&] { ZooKeeperLock(bad, zk_); }).what(),
              HasSubstr("further_claim_markers: \"lock1\" ends with a digit"));
}

TEST_F(LockConfigTest, ANullClientIsRefused) {
  const LockError error = error_of([&] { ZooKeeperLock(config(), nullptr); });
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_THAT(error.what(), HasSubstr("client: "));
}

TEST_F(LockConfigTest, AnEmptyAddressWithoutAClientIsRefused) {
  const LockError error = error_of([&] { const ZooKeeperLock lock(config()); });
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_THAT(error.what(), HasSubstr("address: "));
}

TEST_F(LockConfigTest, MalformedAddressesAreRefused) {
  for (const char* address : {"h:0", "h:65536", "h:87386", "/app", "[::1]:2181", " ", "h,,h"}) {
    ZooKeeperLockConfig bad = config();
    bad.address = address;
    const LockError error = error_of([&] { const ZooKeeperLock lock(bad); });
    EXPECT_EQ(error.code(), Errc::invalid_config) << address;
    EXPECT_THAT(error.what(), HasSubstr("address: ")) << address;
  }
}

}  // namespace
}  // namespace zklock
