// What becomes of the command of `zklock run` when the lease, zklock or its supervisor comes to its
// end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "integration/zklock_run_fixture.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Optional;

class ZklockRunLossTest : public ZklockRunFixture {
 protected:
  /// Its command, and what that has started, have ended when somebody else is granted the lock.
  void expect_gone_at_the_next_grant(Subprocess& run, int signal) const {
    const pid_t command = process_named("ready", run);
    const pid_t grandchild = process_named("grandchild", run);
    auto next = lock_async(lock_);
    run.signal(signal);
    const Lease lease = granted(next);
    ASSERT_TRUE(lease);
    EXPECT_TRUE(is_gone(command));
    EXPECT_TRUE(is_gone(grandchild));
  }
};

TEST_F(ZklockRunLossTest, AKilledZklockTakesAllOfItsProcessesWithIt) {
  const auto run = start_bash({"--session-timeout", "4s"}, kWithGrandchild);
  expect_gone_at_the_next_grant(*run, SIGKILL);
}

TEST_F(ZklockRunLossTest, AFrozenZklockDoesNotKeepItsProcesses) {
  const auto run = start_bash({"--session-timeout", "6s"}, kWithGrandchild);
  expect_gone_at_the_next_grant(*run, SIGSTOP);
  run->signal(SIGCONT);
  EXPECT_THAT(run->wait_for_exit(), Optional(76)) << run->standard_error();
}

TEST_F(ZklockRunLossTest, AHealthyCommandRunsForLongerThanItsSession) {
  const auto run = start({"--session-timeout", "3s"}, {"sleep", "3.2"});
  EXPECT_THAT(run->wait_for_exit(), Optional(0)) << run->standard_error();
}

TEST_F(ZklockRunLossTest, ACommandGetsTheTimeToEndThatWasAskedFor) {
  const auto run =
      start_bash({"--session-timeout", "6s", "--kill-after", "1400ms"},
                 "trap 'echo cleaning; kill $!; exit 0' TERM; sleep 60 & echo ready $$; wait");
  process_named("ready", *run);
  run->signal(SIGSTOP);  // nothing moves the end of the lease on
  ASSERT_TRUE(run->wait_for_line("cleaning"));
  auto next = lock_async(lock_);
  EXPECT_FALSE(is_ready(next));
  run->signal(SIGCONT);
  EXPECT_THAT(run->wait_for_exit(), Optional(76))
      << "it has ended with 0, but before its work was done";
  EXPECT_TRUE(granted(next));
}

TEST_F(ZklockRunLossTest, ACommandThatIgnoresTermIsKilledBeforeTheLeaseEndsWhenTheServerHangs) {
  ZooKeeperServer server;
  const auto run = start({"--session-timeout", "4s"}, {"bash", "-c", kStubborn}, server.address());
  const pid_t command = process_named("ready", *run);
  server.stop();
  EXPECT_THAT(run->wait_for_exit(), Optional(76));
  EXPECT_TRUE(is_gone(command));
  EXPECT_THAT(run->standard_error(), HasSubstr("so the command was ended"));
  server.resume();
}

TEST_F(ZklockRunLossTest, ABrokenLockEndsTheCommandAndAllThatItHasStartedAtOnce) {
  const auto run = start_bash({}, kWithGrandchild);
  const pid_t command = process_named("ready", *run);
  const pid_t grandchild = process_named("grandchild", *run);
  const std::string claim = lock_.entries(soon()).begin()->path;
  ASSERT_TRUE(client_->remove(claim, -1, soon()));
  EXPECT_THAT(run->wait_for_exit(5s), Optional(76));
  EXPECT_TRUE(is_gone(command));
  EXPECT_TRUE(is_gone(grandchild));
  EXPECT_EQ(run->standard_error(), "zklock: " + path_ +
                                       ": the claim was deleted, by somebody else or with its "
                                       "session, so the command was ended\n")
      << "and nothing of a supervisor that had to be killed for that";
}

TEST_F(ZklockRunLossTest, AKilledSupervisorTakesAllProcessesWithItAndTheLockIsFree) {
  const auto run = start_bash({}, kWithGrandchild);
  const pid_t command = process_named("ready", *run);
  const pid_t grandchild = process_named("grandchild", *run);
  ::kill(parent_of(command), SIGKILL);
  EXPECT_THAT(run->wait_for_exit(), Optional(128 + SIGKILL));
  EXPECT_TRUE(is_gone(command));
  EXPECT_TRUE(is_gone(grandchild));
  EXPECT_EQ(queue_size(), 0U);
}

TEST_F(ZklockRunLossTest, AStoppedSupervisorIsKilledWhenTheLeaseIsLost) {
  const auto run = start_bash({}, kStubborn);
  const pid_t command = process_named("ready", *run);
  ::kill(parent_of(command), SIGSTOP);
  ASSERT_TRUE(client_->remove(lock_.entries(soon()).begin()->path, -1, soon()));
  EXPECT_THAT(run->wait_for_exit(10s), Optional(76)) << "long before the session is over";
  EXPECT_TRUE(is_gone(command));
}

TEST_F(ZklockRunLossTest, AStoppedSupervisorIsKilledWhenTheServerHangs) {
  ZooKeeperServer server;
  const auto run = start({"--session-timeout", "4s"}, {"bash", "-c", kStubborn}, server.address());
  const pid_t command = process_named("ready", *run);
  ::kill(parent_of(command), SIGSTOP);
  server.stop();
  EXPECT_THAT(run->wait_for_exit(), Optional(76));
  EXPECT_TRUE(is_gone(command));
  server.resume();
}

TEST_F(ZklockRunLossTest, ASupervisorThatDiesTakesNoProcessOfOthers) {
  const Words command = {"bash", "-c",
                         "sleep 60 & echo other $!; exec \"$0\" run " + path_ +
                             " -- bash -c 'echo ready $$; sleep 60'",
                         ZKLOCK_COMMAND};
  Subprocess run(command, {"ZKLOCK_ADDRESS=" + address_});
  const pid_t other = process_named("other", run);
  ::kill(parent_of(process_named("ready", run)), SIGKILL);
  EXPECT_THAT(run.wait_for_exit(), Optional(128 + SIGKILL));
  EXPECT_FALSE(is_gone(other));
  ::kill(other, SIGKILL);
}

TEST_F(ZklockRunLossTest, WhenNobodyReadsItsErrorsTheCommandStillEndsInTime) {
  const FullPipe errors;
  const auto run = start_bash_with_errors_to(errors, {"--session-timeout", "4s"}, kWithGrandchild);
  expect_gone_at_the_next_grant(*run, SIGKILL);
}

TEST_F(ZklockRunLossTest, WhenNobodyReadsItsErrorsAKilledSupervisorStillTakesAllProcessesWithIt) {
  const FullPipe errors;
  const auto run = start_bash_with_errors_to(errors, {}, kWithGrandchild);
  const pid_t command = process_named("ready", *run);
  const pid_t grandchild = process_named("grandchild", *run);
  ::kill(parent_of(command), SIGKILL);
  EXPECT_TRUE(becomes_true([&] { return is_gone(command) && is_gone(grandchild); }));
}

TEST_F(ZklockRunLossTest, NothingIsStartedWhenTheLeaseIsLostBetweenTheGrantAndTheStart) {
  FullPipe errors;
  const auto run =
      start_bash_with_errors_to(errors, {"--verbose", "--session-timeout", "4s"}, "echo started");
  // It says that it holds the lock, and waits for a reader.
  ASSERT_TRUE(becomes_true([&] { return what_it_waits_in(run->pid()).ends_with("pipe_write"); }));
  run->signal(SIGSTOP);
  const Lease lease = lock_.lock(soon());
  ASSERT_TRUE(lease);
  errors.drain();
  run->signal(SIGCONT);
  EXPECT_THAT(run->wait_for_exit(), Optional(75));
  EXPECT_EQ(run->standard_output(), "");
}

TEST_F(ZklockRunLossTest, OfTwentyContendersNeverTwoRunThoughZklockAndTheServerFreeze) {
  ZooKeeperServer server;
  // flock says whether another one runs: it knows when its holder is killed.
  const Words judged = {"flock", "-n", "-E", "99", directory_.path() / "judge"};
  const auto start_judged = [&](const Words& command, const std::string& session_timeout) {
    Words words = judged;
    words.insert(words.end(), command.begin(), command.end());
    return start({"--session-timeout", session_timeout, "--quiet"}, words, server.address());
  };
  const Words long_work = {"bash", "-c", "echo ready 1; sleep 60"};
  const auto frozen = start_judged(long_work, "6s");
  process_named("ready", *frozen);
  std::vector<std::unique_ptr<Subprocess>> others;
  others.reserve(18);
  for (int i = 0; i < 18; ++i) others.push_back(start_judged({"sleep", "0.1"}, "20s"));
  const auto cut_off = start_judged(long_work, "6s");
  frozen->signal(SIGSTOP);
  process_named("ready", *cut_off);
  server.stop();
  EXPECT_THAT(cut_off->wait_for_exit(), Optional(76)) << cut_off->standard_error();
  server.resume();
  frozen->signal(SIGCONT);
  EXPECT_THAT(frozen->wait_for_exit(), Optional(76)) << frozen->standard_error();
  for (const auto& other : others) {
    EXPECT_THAT(other->wait_for_exit(), Optional(0)) << other->standard_error();
  }
}

}  // namespace
}  // namespace zklock::test
