#include "base/exit_list.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace zklock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Recorded final : public EndsAtExit {
 public:
  Recorded(std::string name, std::vector<std::string>& steps)
      : name_(std::move(name)), steps_(steps) {}

  void begin_to_end() noexcept override { steps_.push_back(name_ + " begins"); }
  void await_servers(const Context&) noexcept override { steps_.push_back(name_ + ": servers"); }
  void await_hooks(const Context&) noexcept override { steps_.push_back(name_ + ": hooks"); }

 private:
  const std::string name_;
  std::vector<std::string>& steps_;
};

class ExitListTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<Recorded> add(const std::string& name) {
    auto added = std::make_shared<Recorded>(name, steps_);
    list_.add(added);
    return added;
  }

  std::vector<std::string> steps_;
  ExitList list_;
};

TEST_F(ExitListTest, AllBeginBeforeOneIsWaitedForAndServersComeBeforeHooks) {
  const auto a = add("a");
  const auto b = add("b");
  list_.end(Context());
  EXPECT_THAT(steps_, ElementsAre("a begins", "b begins", "a: servers", "b: servers", "a: hooks",
                                  "b: hooks"));
}

TEST_F(ExitListTest, WhatIsGoneIsLeftOut) {
  add("a").reset();
  list_.end(Context());
  EXPECT_THAT(steps_, IsEmpty());
}

TEST_F(ExitListTest, WhatIsAddedDuringTheExitEndsAtOnce) {
  list_.end(Context());
  const auto late = add("late");
  EXPECT_THAT(steps_, ElementsAre("late begins", "late: servers"));
}

}  // namespace
}  // namespace zklock::internal
