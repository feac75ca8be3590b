#include "client/protected_name.h"

#include <gtest/gtest.h>

#include <string>

#include "queue/claim_name.h"

namespace zklock::internal {
namespace {

constexpr const char* kHex = "0123456789abcdef0123456789abcdef";

TEST(ProtectedNameTest, NamesStartWithTheId) {
  EXPECT_EQ(protected_name(kHex, "lock-"), std::string("_c_") + kHex + "-lock-");
  EXPECT_EQ(protected_name(kHex, ""), std::string("_c_") + kHex + "-");
  EXPECT_EQ(protected_prefix(kHex), protected_name(kHex, "lock-"));
  EXPECT_EQ(claim_sequence(protected_prefix(kHex) + "0000000042", {}), 42);
}

}  // namespace
}  // namespace zklock::internal
