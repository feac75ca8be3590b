// Functions that tell their callers apart.
#include "wire/line_callback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace zklock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Receiver final : LineReceiver {
  void take(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines{};
};

struct ThrowingReceiver final : LineReceiver {
  void take(std::string_view) override { throw std::runtime_error("full"); }
};

TEST(LineCallbackTest, EachReceiverGetsTheLinesOfItsOwnFunction) {
  const auto first = std::make_shared<Receiver>();
  const auto second = std::make_shared<Receiver>();
  const LineCallback first_callback(first);
  const LineCallback second_callback(second);
  first_callback.function()("a");
  second_callback.function()("b");
  first_callback.function()("c");
  EXPECT_THAT(first->lines, ElementsAre("a", "c"));
  EXPECT_THAT(second->lines, ElementsAre("b"));
}

TEST(LineCallbackTest, ACallbackKnowsWhetherItsFunctionIsShared) {
  const LineCallback first(std::make_shared<Receiver>());
  EXPECT_FALSE(first.is_shared());
  {
    std::vector<std::unique_ptr<LineCallback>> others;
    for (int i = 0; i < 100; ++i) {
      others.push_back(std::make_unique<LineCallback>(std::make_shared<Receiver>()));
    }
    EXPECT_TRUE(first.is_shared());
  }
  EXPECT_FALSE(first.is_shared());
}

TEST(LineCallbackTest, ReceiversShareFunctionsIfThereAreTooMany) {
  std::vector<std::shared_ptr<Receiver>> receivers;
  std::vector<std::unique_ptr<LineCallback>> callbacks;
  std::set<LineCallback::Function> functions;
  for (int i = 0; i < 100; ++i) {
    receivers.push_back(std::make_shared<Receiver>());
    callbacks.push_back(std::make_unique<LineCallback>(receivers.back()));
    functions.insert(callbacks.back()->function());
  }
  EXPECT_THAT(functions, SizeIs(32));
  for (const LineCallback::Function function : functions) function("line");
  for (const auto& receiver : receivers) EXPECT_THAT(receiver->lines, SizeIs(1));
}

TEST(LineCallbackTest, NothingIsReceivedAfterwards) {
  const auto receiver = std::make_shared<Receiver>();
  LineCallback::Function function = nullptr;
  {
    const LineCallback callback(receiver);
    function = callback.function();
  }
  function("late");
  EXPECT_THAT(receiver->lines, IsEmpty());
}

TEST(LineCallbackTest, ExceptionsDoNotLeaveTheFunction) {
  const LineCallback callback(std::make_shared<ThrowingReceiver>());
  callback.function()("line");
}

}  // namespace
}  // namespace zklock::internal
