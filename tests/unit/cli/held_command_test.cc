#include "cli/held_command.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/testing/lease_source.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include "cli/command_status.h"
#include "support/long_enough.h"
#include "support/temporary_directory.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;
using test::kLongEnough;

/// Runs a command that says by a file that it has started. The clock of its lease stands still.
class HeldCommandTest : public ::testing::Test {
 protected:
  void TearDown() override {
    supervisor_.end_all();
    ::pthread_sigmask(SIG_SETMASK, &blocked_.mask_before, nullptr);
  }

  [[nodiscard]] bool has_started() const {
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    while (!std::filesystem::exists(file_)) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  const test::TemporaryDirectory directory_;
  const std::string file_ = directory_.path() / "started";
  const RunOptions options_{.command = {"sh", "-c", "> " + file_ + "; exec sleep 60"}};
  const RunSignals::Blocked blocked_ = RunSignals::block();
  SupervisorProcess supervisor_{
      {.command = options_.command, .lock_path = "/l", .signal_mask = blocked_.mask_before}};
  RunSignals signals_{blocked_, [](int) {}};
  HeldCommand command_{options_, supervisor_, signals_};
  testing::FakeZooKeeper clock_;
  testing::LeaseSource source_;
};

TEST_F(HeldCommandTest, ASupervisorThatDoesNotActIsKilledBeforeTheLeaseEnds) {
  const Lease lease = source_.grant();
  auto run = std::async(std::launch::async, [&] { return command_.run(lease); });
  ASSERT_TRUE(has_started());
  testing::LeaseSource::set_remaining(lease, 1ms);
  // By its own clock the supervisor still has time. Its report makes zklock look at the lease.
  supervisor_.signal(SIGSTOP);
  const bool has_ended = run.wait_for(kLongEnough) == std::future_status::ready;
  EXPECT_TRUE(has_ended);
  EXPECT_TRUE(lease.valid());
  EXPECT_TRUE(child_processes().empty());
  testing::LeaseSource::lose(lease);  // ends the command, whatever happened
  const CommandEnd end = run.get();
  EXPECT_TRUE(end.was_lost);
  EXPECT_EQ(end.end.exit_status, status::kLost);
}

}  // namespace
}  // namespace zklock::cli
