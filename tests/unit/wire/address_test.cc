#include "wire/address.h"

#include <gtest/gtest.h>
#include <zklock/error.h>

#include <string>
#include <vector>

#include "base/utf8.h"

namespace zklock::internal {
namespace {

using Servers = std::vector<HostPort>;

TEST(AddressTest, AcceptsValidAddresses) {
  const struct {
    std::string address;
    Servers servers;
    std::string chroot;
  } cases[] = {
      {"zk1:2181", {{"zk1", 2181}}, ""},
      {"zk1:2181,10.0.0.7:2182", {{"zk1", 2181}, {"10.0.0.7", 2182}}, ""},
      {"zk1:2181,zk2:2181,zk3:2181/app", {{"zk1", 2181}, {"zk2", 2181}, {"zk3", 2181}}, "/app"},
      {"zk1:1/a/b", {{"zk1", 1}}, "/a/b"},
      {"zk1:65535/", {{"zk1", 65535}}, ""},
      {"zk1:2181/app/", {{"zk1", 2181}}, "/app"},
      {"zk1", {{"zk1", 2181}}, ""},
      {"zk1,zk2:9/app", {{"zk1", 2181}, {"zk2", 9}}, "/app"},
      {"zk1:02181", {{"zk1", 2181}}, ""},
      {"zk1:2181,zk1:2181", {{"zk1", 2181}, {"zk1", 2181}}, ""},
      {"zk1:2181/a:b", {{"zk1", 2181}}, "/a:b"},
      {"::1:2181", {{"::1", 2181}}, ""},
      {"fe80::1%eth0:2181", {{"fe80::1%eth0", 2181}}, ""},
      {"2001:db8:0:0:0:0:0:1:2181", {{"2001:db8:0:0:0:0:0:1", 2181}}, ""},
      {"::ffff:10.0.0.7:2181", {{"::ffff:10.0.0.7", 2181}}, ""},
      // Without a port, where the last part cannot be one.
      {"::1", {{"::1", 2181}}, ""},
      {"2001:db8::1", {{"2001:db8::1", 2181}}, ""},
      {"2001:db8:0:0:0:0:0:1", {{"2001:db8:0:0:0:0:0:1", 2181}}, ""},
      {"fe80::1:abcd", {{"fe80::1:abcd", 2181}}, ""},
      {"fe80::", {{"fe80::", 2181}}, ""},
      // The last part can be a port, so it is.
      {"fe80::1:2", {{"fe80::1", 2}}, ""},
  };
  for (const auto& [address, servers, chroot] : cases) {
    const Address parsed = parse_address(address);
    EXPECT_EQ(parsed.servers, servers) << address;
    EXPECT_EQ(parsed.chroot, chroot) << address;
  }
}

TEST(AddressTest, ReportsWhatIsWrong) {
  const struct {
    std::string address;
    std::string why;
  } cases[] = {
      {"", "it is empty"},
      {" ", R"(" " has a blank or a control character in it, at byte 0)"},
      {" zk1:2181", R"(" zk1:2181" has a blank or a control character in it, at byte 0)"},
      {"zk1:2181, zk2:2181",
       R"("zk1:2181, zk2:2181" has a blank or a control character in it, at byte 9)"},
      {"zk1 :2181", R"("zk1 :2181" has a blank or a control character in it, at byte 3)"},
      {"zk1:2181\n", R"("zk1:2181\x0a" has a blank or a control character in it, at byte 8)"},
      {"zk1:2181/my app",
       R"("zk1:2181/my app" has a blank or a control character in it, at byte 11)"},
      {std::string("zk1\0:2181", 9),
       R"("zk1\x00:2181" has a blank or a control character in it, at byte 3)"},
      {"zk1:0", R"(the port "0" in "zk1:0" is not a number from 1 to 65535)"},
      {"zk1:65536", R"(the port "65536" in "zk1:65536" is not a number from 1 to 65535)"},
      {"localhost:87386",
       R"(the port "87386" in "localhost:87386" is not a number from 1 to 65535)"},
      {"zk1:99999999999999999999",
       R"(the port "99999999999999999999" in "zk1:99999999999999999999" is not a number from 1 to 65535)"},
      {"zk1:abc", R"(the port "abc" in "zk1:abc" is not a number from 1 to 65535)"},
      {"zk1:-5", R"(the port "-5" in "zk1:-5" is not a number from 1 to 65535)"},
      {"zk1:+5", R"(the port "+5" in "zk1:+5" is not a number from 1 to 65535)"},
      {"zk1:2181x", R"(the port "2181x" in "zk1:2181x" is not a number from 1 to 65535)"},
      {"zk1:0x555a", R"(the port "0x555a" in "zk1:0x555a" is not a number from 1 to 65535)"},
      {"zk1:", R"(the port "" in "zk1:" is not a number from 1 to 65535)"},
      {"zk1:/app", R"(the port "" in "zk1:" is not a number from 1 to 65535)"},
      {"::1:0", R"(the port "0" in "::1:0" is not a number from 1 to 65535)"},
      {"::1:99999", R"(the port "99999" in "::1:99999" is not a number from 1 to 65535)"},
      {"/app", R"("/app" names no server)"},
      {"/", R"("/" names no server)"},
      {"//app", R"("//app" names no server)"},
      {":2181", R"(the host is missing in ":2181")"},
      {":", R"(the host is missing in ":")"},
      {"a:1,:2", R"(the host is missing in ":2")"},
      {"a,,b", R"(a server is missing in "a,,b")"},
      {",", R"(a server is missing in ",")"},
      {"a:1,", R"(a server is missing in "a:1,")"},
      {",a:1", R"(a server is missing in ",a:1")"},
      {"a:1,/app", R"(a server is missing in "a:1,/app")"},
      {"[::1]:2181",
       R"("[::1]:2181" has brackets: write an IPv6 address without them, such as ::1:2181)"},
      {"[::1]", R"("[::1]" has brackets: write an IPv6 address without them, such as ::1:2181)"},
      {"a:b:c", R"("a:b:c" has more than one ":", but "a:b" is not an IPv6 address)"},
      {"zk1:2181:2181",
       R"("zk1:2181:2181" has more than one ":", but "zk1:2181" is not an IPv6 address)"},
      {"zk1::2181", R"("zk1::2181" has more than one ":", but "zk1:" is not an IPv6 address)"},
      {"zookeeper://zk1:2181", R"(the port "" in "zookeeper:" is not a number from 1 to 65535)"},
      {"a:1/app,b:2",
       R"(the path "/app,b:2" does not end the address: it stands once, behind the last server)"},
      {"a:1/app,b:2/app",
       R"(the path "/app,b:2/app" does not end the address: it stands once, behind the last server)"},
      {"a:1//app", R"(the path "//app": it has "//" in it)"},
      {"a:1//", R"(the path "//": it has "//" in it)"},
      {"a:1/app//", R"(the path "/app//": it has "//" in it)"},
      {"a:1/app//b", R"(the path "/app//b": it has "//" in it)"},
      {"a:1/./app", R"(the path "/./app": it has "." as a part)"},
      {"a:1/app/..", R"(the path "/app/..": it has ".." as a part)"},
      {"a:1/\xff", R"(the path "/\xff": it is not valid UTF-8, at byte 1)"},
  };
  for (const auto& [address, why] : cases) {
    try {
      (void)parse_address(address);
      ADD_FAILURE() << in_quotes(address) << " was accepted";
    } catch (const LockError& error) {
      EXPECT_EQ(error.code(), Errc::invalid_config) << in_quotes(address);
      EXPECT_EQ(error.what(), "invalid lock configuration: address: " + why);
    }
  }
}

TEST(AddressTest, LongInvalidAddressesAreCutInTheMessage) {
  try {
    (void)parse_address(std::string(100'000, ':'));
    FAIL() << "nothing was thrown";
  } catch (const LockError& error) {
    EXPECT_LT(std::string(error.what()).size(), 1000U);
  }
}

}  // namespace
}  // namespace zklock::internal
