#include "base/closer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/background.h"
#include "base/farewell.h"
#include "support/virtual_clock.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
class CloserTest : public ::testing::TestWithParam<Ending> {};

TEST_P(CloserTest, RunsJobsOnAnotherThread) {
  std::promise<std::thread::id> thread;
  close_later(GetParam(), [&] { thread.set_value(std::this_thread::get_id()); });
  EXPECT_NE(thread.get_future().get(), std::this_thread::get_id());
}

TEST_P(CloserTest, DoesNotBlock) {
  std::promise<void> go;
  std::promise<void> has_gone;
  const auto begun = std::chrono::steady_clock::now();
  close_later(GetParam(), [&] {
    go.get_future().wait();
    has_gone.set_value();
  });
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  std::promise<void> done;
  close_later(GetParam(), [&] { done.set_value(); });
  go.set_value();
  has_gone.get_future().wait();
  done.get_future().wait();
}

TEST_P(CloserTest, StartsAgainAfterItWasIdle) {
  zklock::testing::VirtualClock time;
  for (int i = 0; i < 3; ++i) {
    bool is_done = false;
    close_later(GetParam(), [&] { is_done = true; });
    time.settle();  // its thread has ended
    EXPECT_TRUE(is_done);
  }
}

TEST_P(CloserTest, JobsMayAddJobs) {
  zklock::testing::VirtualClock time;
  bool is_done = false;
  close_later(GetParam(), [&] { close_later(GetParam(), [&] { is_done = true; }); });
  time.settle();
  EXPECT_TRUE(is_done);
}

TEST(JoinerTest, RunsJobsOneAfterTheOther) {
  std::vector<int> ran;
  std::promise<void> done;
  for (int i = 0; i < 10; ++i) {
    close_later(Ending::thread, [&ran, i] { ran.push_back(i); });
  }
  close_later(Ending::thread, [&] { done.set_value(); });
  done.get_future().wait();
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(JoinerTest, DestroysWhatAJobOwnsBeforeTheNextOne) {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> weak = owned;
  close_later(Ending::thread, [owned] {});
  owned.reset();
  std::promise<bool> expired;
  close_later(Ending::thread, [&] { expired.set_value(weak.expired()); });
  EXPECT_TRUE(expired.get_future().get());
}

TEST(SessionCloserTest, ASessionThatTakesLongDelaysNoOther) {
  zklock::testing::VirtualClock time;
  zklock::testing::Gate gate;
  std::atomic<bool> is_done{false};
  close_later(Ending::session, [&] { gate.wait(); });
  close_later(Ending::session, [&] { is_done = true; });
  time.settle();
  EXPECT_TRUE(is_done);
  gate.open();
  time.settle();
}

TEST(SessionCloserTest, AThreadIsKeptForThoseWhoWillNeedIt) {
  zklock::testing::VirtualClock time;
  const auto kept = keep_closer();
  time.refuse_threads();
  bool is_done = false;
  close_later(Ending::session, [&] { is_done = true; });
  time.settle();
  EXPECT_TRUE(is_done);
}

TEST(SessionCloserTest, AThreadThatIsKeptEndsWithTheProcess) {
  zklock::testing::VirtualClock time;
  const auto kept = keep_closer();
  wait_for_closers_at_exit(SteadyTime::max());
  time.time().end_threads(0, 1s);  // ends the test if the thread lives
}

TEST(JoinerTest, TheExitWaitsForAThreadThatMayDropASession) {
  zklock::testing::VirtualClock time;
  auto may_drop = std::make_unique<MayDropSession>();
  auto exit = zklock::testing::in_background([] {
    wait_for_closers_at_exit(SteadyTime::max());
    return true;
  });
  time.settle();
  EXPECT_FALSE(exit.is_done());
  bool is_joined = false;
  close_later(Ending::thread, [&] { is_joined = true; });
  may_drop.reset();
  time.settle();
  EXPECT_TRUE(exit.is_done());
  EXPECT_TRUE(is_joined);
}

TEST_P(CloserTest, AJobWithoutAThreadIsDoneWhenThereIsOne) {
  zklock::testing::VirtualClock time;
  time.refuse_threads();
  int done = 0;
  close_later(GetParam(), [&] { ++done; });
  time.settle();
  EXPECT_EQ(done, 0);
  time.allow_threads();
  close_later(GetParam(), [&] { ++done; });
  time.settle();
  EXPECT_EQ(done, 2);
}

TEST_P(CloserTest, LeavesNoCopyOfAJobToItsCaller) {
  class Copied {
   public:
    explicit Copied(int& copies) : copies_(copies) {}
    Copied(const Copied& other) : copies_(other.copies_) { ++copies_; }
    Copied(Copied&&) noexcept = default;
    Copied& operator=(const Copied&) = delete;
    Copied& operator=(Copied&&) = delete;
    ~Copied() = default;
    void operator()() const {}

   private:
    int& copies_;
  };
  const zklock::testing::VirtualClock time;
  int copies = 0;
  close_later(GetParam(), Copied(copies));
  EXPECT_EQ(copies, 0);
}

INSTANTIATE_TEST_SUITE_P(Lanes, CloserTest, ::testing::Values(Ending::session, Ending::thread));

TEST(CloserLanesTest, DoNotDelayEachOther) {
  zklock::testing::VirtualClock time;
  zklock::testing::Gate gate;
  std::atomic<bool> is_thread_done{false};
  std::atomic<bool> is_session_done{false};
  close_later(Ending::thread, [&] {
    gate.wait();
    is_thread_done = true;
  });
  close_later(Ending::session, [&] { is_session_done = true; });
  time.settle();
  EXPECT_TRUE(is_session_done);
  EXPECT_FALSE(is_thread_done);
  gate.open();
  time.settle();
  EXPECT_TRUE(is_thread_done);
}

class CloserExitTest : public ::testing::Test {
 protected:
  CloserExitTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  /// REQUIRES: the library was not in use yet. So `late` runs after its exit handler.
  [[noreturn]] static void exit_and_then(void (*late)()) {
    std::atexit(late);
    const auto background = Background::shared();
    std::exit(0);
  }
};

TEST_F(CloserExitTest, ExitWaitsForPendingJobs) {
  EXPECT_EXIT(
      {
        static std::promise<void> exiting;
        const auto background = Background::shared();
        close_later(Ending::session, [] {
          exiting.get_future().wait();
          std::fputs("closed\n", stderr);
        });
        std::atexit([] { exiting.set_value(); });  // runs before the library's own: it is the last
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "closed");
}

TEST_F(CloserExitTest, ExitDoesNotWaitForAJobThatTakesLong) {
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EXIT(
      {
        static auto& never = *new std::promise<void>;
        const auto background = Background::shared();
        close_later(Ending::session, [] { never.get_future().wait(); });
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
}

TEST_F(CloserExitTest, ASessionThatEndsAfterTheExitCanBeWaitedFor) {
  EXPECT_EXIT(exit_and_then([] {
                close_later(Ending::session, [] { std::fputs("closed\n", stderr); });
                await_closers_once_the_process_exits();
              }),
              ::testing::ExitedWithCode(0), "closed");
}

TEST_F(CloserExitTest, AlsoByAnotherThreadThatIsAwaited) {
  EXPECT_EXIT(exit_and_then([] {
                std::thread([] {
                  close_later(Ending::session, [] { std::fputs("closed\n", stderr); });
                  await_closers_once_the_process_exits();
                }).join();
              }),
              ::testing::ExitedWithCode(0), "closed");
}

// It may be the thread of a handle, which is joined when the handle is closed: the two waited for
// each other.
TEST_F(CloserExitTest, AThreadThatEndsASessionAfterTheExitDoesNotWait) {
  EXPECT_EXIT(exit_and_then([] {
                const auto begun = std::chrono::steady_clock::now();
                std::promise<void> has_returned;
                std::promise<void> is_closed;
                close_later(Ending::session, [&] {
                  has_returned.get_future().wait();
                  is_closed.set_value();
                });
                const auto waited = std::chrono::steady_clock::now() - begun;
                has_returned.set_value();
                is_closed.get_future().wait();
                if (waited < FarewellBudget::kMost - 100ms) std::fputs("did not wait\n", stderr);
              }),
              ::testing::ExitedWithCode(0), "did not wait");
}

// ThreadSanitizer would call it a leak: nobody joins it.
TEST_F(CloserExitTest, AThreadThatClosesASessionAfterTheExitStays) {
  EXPECT_EXIT(exit_and_then([] {
                static std::promise<void> has_ended;
                struct AtTheEnd {
                  ~AtTheEnd() { has_ended.set_value(); }
                };
                close_later(Ending::session, [] { thread_local const AtTheEnd at_the_end; });
                if (has_ended.get_future().wait_for(100ms) == std::future_status::timeout) {
                  std::fputs("stays\n", stderr);
                }
              }),
              ::testing::ExitedWithCode(0), "stays");
}

}  // namespace
}  // namespace zklock::internal
