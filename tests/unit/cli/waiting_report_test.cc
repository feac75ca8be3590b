#include "cli/waiting_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

namespace zklock::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LockEntry claim(const std::string& owner, std::int64_t pid, const std::string& host) {
  return {.owner = owner, .host = host, .pid = pid};
}

LockEntry own_claim() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return claim("us", ::getpid(), host.data());
}

TEST(WaitingReportTest, SaysWhoHoldsTheLockAndHowManyAreAheadOfThisProcess) {
  const LockEntries queue(
      {claim("ann", 42, "db7"), claim("bob", 43, "db8"), own_claim(), claim("eve", 44, "db9")});
  EXPECT_EQ(describe_wait("/l", queue), "/l is held by ann on db7 (pid 42); 2 are ahead");
}

TEST(WaitingReportTest, TheHolderAloneIsNotCounted) {
  EXPECT_THAT(describe_wait("/l", LockEntries({claim("ann", 42, "db7"), own_claim()})),
              Not(HasSubstr("ahead")));
}

}  // namespace
}  // namespace zklock::cli
