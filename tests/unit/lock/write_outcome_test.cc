#include "lock/write_outcome.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace zklock::internal {
namespace {

using Type = MultiOperation::Type;
using enum WriteOutcome;

constexpr std::int64_t kToken = 100;
constexpr std::int64_t kBefore = 50;   // a zxid before the grant
constexpr std::int64_t kOthers = 120;  // the last zxid of an earlier holder
constexpr std::int64_t kWrite = 150;   // a zxid of the grant
constexpr std::int64_t kAfter = 160;

const MultiOperation kCreate{.type = Type::create, .path = "/a", .data = "ours"};
const MultiOperation kSet{.type = Type::set, .path = "/b", .data = "ours", .version = 3};
const MultiOperation kSetAny{.type = Type::set, .path = "/c", .data = "ours"};
const MultiOperation kRemove{.type = Type::remove, .path = "/d"};
const MultiOperation kCheck{.type = Type::check, .path = "/e"};

Znode znode(std::int64_t czxid, std::int64_t mzxid, std::int32_t version,
            const std::string& data = "ours") {
  return {.data = data, .stat = {.czxid = czxid, .mzxid = mzxid, .version = version}};
}

WriteOutcome outcome(const std::vector<MultiOperation>& operations,
                     const std::vector<std::optional<Znode>>& found) {
  return write_outcome(operations, found, {kToken, kOthers});
}

TEST(WriteOutcomeTest, OfAVersionedSet) {
  EXPECT_EQ(outcome({kSet}, {znode(kBefore, kWrite, 4)}), done);
  EXPECT_EQ(outcome({kSet}, {znode(kBefore, kWrite, 3)}), not_done) << "written under another one";
  EXPECT_EQ(outcome({kSet}, {znode(kBefore, kBefore, 4)}), not_done) << "refused";
  EXPECT_EQ(outcome({kSet}, {znode(kBefore, kWrite, 4, "theirs")}), not_done) << "overtaken";
  EXPECT_EQ(outcome({kSet}, {znode(kBefore, kAfter, 5)}), unknown) << "somebody wrote after it";
  EXPECT_EQ(outcome({kSet}, {std::nullopt}), unknown);
}

TEST(WriteOutcomeTest, AZnodeThatWasMadeAnewShowsNothing) {
  EXPECT_EQ(outcome({kSet}, {znode(kWrite, kWrite, 0, "theirs")}), unknown);
  EXPECT_EQ(outcome({kSet}, {znode(kWrite, kAfter, 3, "theirs")}), unknown);
  EXPECT_EQ(outcome({kRemove}, {znode(kAfter, kAfter, 0)}), unknown);
}

TEST(WriteOutcomeTest, OfACreate) {
  EXPECT_EQ(outcome({kCreate}, {znode(kWrite, kWrite, 0)}), done);
  EXPECT_EQ(outcome({kCreate}, {znode(kBefore, kWrite, 1)}), not_done) << "it existed";
  EXPECT_EQ(outcome({kCreate}, {znode(kWrite, kWrite, 0, "theirs")}), unknown);
  EXPECT_EQ(outcome({kCreate}, {znode(kWrite, kAfter, 1)}), unknown);
  EXPECT_EQ(outcome({kCreate}, {std::nullopt}), unknown) << "or it was removed again";
}

TEST(WriteOutcomeTest, TheSameWorkOfAnEarlierHolderProvesNothing) {
  EXPECT_EQ(outcome({kSet}, {znode(kBefore, kOthers, 4)}), unknown);
  EXPECT_EQ(outcome({kCreate}, {znode(kOthers, kOthers, 0)}), unknown);
  EXPECT_EQ(write_outcome({kCreate}, {znode(kWrite, kWrite, 0)}, {kToken, 0}), unknown)
      << "it is not known when the grant began";
}

TEST(WriteOutcomeTest, OfWhatLeavesNoTraceOfItsOwn) {
  EXPECT_EQ(outcome({kSetAny}, {znode(kBefore, kBefore, 3)}), not_done);
  EXPECT_EQ(outcome({kSetAny}, {znode(kBefore, kWrite, 4)}), unknown)
      << "an earlier write of the grant may have set the same";
  EXPECT_EQ(outcome({kRemove}, {znode(kBefore, kWrite, 1)}), not_done);
  EXPECT_EQ(outcome({kRemove}, {std::nullopt}), unknown);
  EXPECT_EQ(outcome({kCheck}, {std::nullopt}), unknown);
}

TEST(WriteOutcomeTest, OneZnodeThatIsUntouchedShowsThatNothingWasDone) {
  EXPECT_EQ(outcome({kCheck, kCreate, kRemove},
                    {std::nullopt, znode(kWrite, kWrite, 0), znode(kBefore, kBefore, 0)}),
            not_done);
}

TEST(WriteOutcomeTest, AllTracesAreOfOneTransaction) {
  const std::optional<Znode> none;
  EXPECT_EQ(outcome({kCheck, kCreate, kSetAny, kRemove},
                    {none, znode(kWrite, kWrite, 0), znode(kBefore, kWrite, 9), none}),
            done);
  EXPECT_EQ(outcome({kCreate, kSetAny}, {znode(kWrite, kWrite, 0), znode(kBefore, kAfter, 9)}),
            unknown);
  EXPECT_EQ(outcome({kCreate, kSetAny}, {znode(kWrite, kWrite, 0), none}), unknown);
  EXPECT_EQ(outcome({kCreate, kRemove}, {znode(kWrite, kWrite, 0), znode(kAfter, kAfter, 0)}),
            unknown);
}

}  // namespace
}  // namespace zklock::internal
