// `zklock run`, as processes on a real server: what becomes of the command, and of its signals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <sstream>
#include <thread>

#include "integration/zklock_run_fixture.h"
#include "support/faked_clocks.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Optional;

class ZklockRunTest : public ZklockRunFixture {};

TEST_F(ZklockRunTest, TheCommandHasTheTokenAndItsStatusIsPassedOn) {
  const auto run = start_bash(
      {}, "echo $ZKLOCK_PATH $ZKLOCK_ZNODE $ZKLOCK_FENCING_TOKEN; echo oops >&2; exit 7");
  EXPECT_THAT(run->wait_for_exit(), Optional(7));
  std::istringstream output(run->standard_output());
  std::string path;
  std::string znode;
  std::int64_t token = 0;
  output >> path >> znode >> token;
  EXPECT_EQ(path, path_);
  EXPECT_THAT(znode, MatchesRegex(path_ + "/_c_[0-9a-f]+-lock-0000000000"));
  EXPECT_EQ(run->standard_error(), "oops\n");
  EXPECT_GT(lock_.lock(soon()).fencing_token(), token);
}

TEST_F(ZklockRunTest, TheCommandHasNoDescriptorButThreeAndTheMaskOfZklocksCaller) {
  const Words command = {"bash", "-c",
                         "exec 7</dev/null; exec \"$0\" run " + path_ +
                             " -- bash -c 'ls /proc/$$/fd; grep SigBlk /proc/$$/status'",
                         ZKLOCK_COMMAND};
  Subprocess run(command, {"ZKLOCK_ADDRESS=" + address_});
  EXPECT_THAT(run.wait_for_exit(), Optional(0)) << run.standard_error();
  EXPECT_EQ(run.standard_output(), "0\n1\n2\nSigBlk:\t0000000000000000\n");
}

TEST_F(ZklockRunTest, ACommandThatIsKilledEndsWith128AndTheSignal) {
  EXPECT_THAT(start_bash({}, "kill -KILL $$")->wait_for_exit(), Optional(128 + SIGKILL));
}

TEST_F(ZklockRunTest, ACommandThatCannotBeRunIsRefusedBeforeTheLockIsTaken) {
  const Lease lease = lock_.lock(soon());  // it would wait for that
  const auto missing = start({}, {"no-such-program"});
  EXPECT_THAT(missing->wait_for_exit(), Optional(127));
  EXPECT_EQ(missing->standard_error(),
            "zklock: cannot run no-such-program: there is no such program\n");
  const auto not_executable = start({}, {"/etc/passwd"});
  EXPECT_THAT(not_executable->wait_for_exit(), Optional(126));
  EXPECT_EQ(not_executable->standard_error(),
            "zklock: cannot run /etc/passwd: Permission denied (is it a program, and may you "
            "execute it?)\n");
}

TEST_F(ZklockRunTest, ACommandWithoutItsInterpreterIsNotFound) {
  const std::string script = directory_.path() / "script";
  std::ofstream(script) << "#!/no/such/interpreter\n";
  ASSERT_EQ(::chmod(script.c_str(), 0700), 0);
  EXPECT_THAT(start({"--min-hold", "60s"}, {script})->wait_for_exit(), Optional(127));
  EXPECT_EQ(queue_size(), 0U);
}

TEST_F(ZklockRunTest, SignalsAreForwardedToTheWholeGroup) {
  const auto run = start_bash({},
                              "trap 'echo got usr1' USR1; trap 'exit 5' TERM; sleep 60 & echo "
                              "sleeper $!; echo ready $$; while :; do wait; done");
  const pid_t sleeper = process_named("sleeper", *run);
  process_named("ready", *run);
  run->signal(SIGUSR1);
  // The sleeper ends by it.
  ASSERT_TRUE(run->wait_for_line("got usr1"));
  EXPECT_TRUE(becomes_true([&] { return is_gone(sleeper); }));
  run->signal(SIGTERM);
  EXPECT_THAT(run->wait_for_exit(), Optional(5));
  EXPECT_EQ(queue_size(), 0U);
}

TEST_F(ZklockRunTest, TheLockIsHeldUntilTheLastOfItsProcessesHasEnded) {
  const auto run = start_bash({"--verbose"}, "setsid sleep 60 & echo sleeper $!; exit 3");
  const pid_t sleeper = process_named("sleeper", *run);
  ASSERT_TRUE(run->wait_for_line("waiting for what it has started"));
  EXPECT_EQ(queue_size(), 1U);
  ::kill(sleeper, SIGKILL);
  EXPECT_THAT(run->wait_for_exit(), Optional(3));
  EXPECT_EQ(queue_size(), 0U);
}

TEST_F(ZklockRunTest, ClosedStandardDescriptorsAreNoTrouble) {
  for (const char* closed : {"<&-", ">&-", "2>&-", "<&- >&- 2>&-"}) {
    const Words command = {
        "bash", "-c", "exec \"$0\" run -v " + path_ + " -- bash -c 'sleep 0.1; exit 4' " + closed,
        ZKLOCK_COMMAND};
    EXPECT_THAT(Subprocess(command, {"ZKLOCK_ADDRESS=" + address_}).wait_for_exit(), Optional(4))
        << closed;
  }
}

TEST_F(ZklockRunTest, ASignalThatIsIgnoredStaysIgnored) {
  const Lease lease = lock_.lock(soon());
  const Words command = {"bash", "-c", "trap '' HUP; exec \"$0\" run " + path_ + " -- echo started",
                         ZKLOCK_COMMAND};
  Subprocess run(command, {"ZKLOCK_ADDRESS=" + address_});
  ASSERT_TRUE(becomes_true([&] { return queue_size() == 2; }));
  run.signal(SIGHUP);
  lock_.unlock(lease, soon());
  EXPECT_THAT(run.wait_for_exit(), Optional(0));
  EXPECT_EQ(run.standard_output(), "started\n");
}

TEST_F(ZklockRunTest, TwoSignalsAtOnceLeaveNothingInTheQueue) {
  const Lease lease = lock_.lock(soon());
  const auto run = start({}, {"true"});
  ASSERT_TRUE(becomes_true([&] { return queue_size() == 2; }));
  run->signal(SIGINT);
  run->signal(SIGTERM);
  EXPECT_TRUE(run->wait_for_exit());
  EXPECT_EQ(queue_size(), 1U);
}

TEST_F(ZklockRunTest, ASignalWhileItWaitsStartsNothingAndLeavesTheQueue) {
  const Lease lease = lock_.lock(soon());
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const auto run = start({}, {"touch", directory_.path() / "started"});
    ASSERT_TRUE(becomes_true([&] { return queue_size() == 2; }));
    run->signal(signal);
    EXPECT_THAT(run->wait_for_exit(), Optional(128 + signal));
    EXPECT_EQ(queue_size(), 1U);
  }
  lock_.unlock(lease, soon());
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "started"));
}

TEST_F(ZklockRunTest, ASignalInTheMomentOfTheGrantEitherStartsNothingOrReachesTheCommand) {
  for (int i = 0; i < 25; ++i) {
    const Lease lease = lock_.lock(soon());
    const auto run = start_bash({}, "sleep 60");
    ASSERT_TRUE(becomes_true([&] { return queue_size() == 2; }));
    std::thread unlocking([&] { lock_.unlock(lease, soon()); });
    run->signal(SIGINT);
    unlocking.join();
    EXPECT_THAT(run->wait_for_exit(), Optional(128 + SIGINT));
    EXPECT_EQ(queue_size(), 0U);
  }
}

TEST_F(ZklockRunTest, WhoDoesNotGetTheLockStartsNothingAndSaysWhoHoldsIt) {
  ZooKeeperLock holder({.path = path_, .owner_key = "owner"}, client_);
  const Lease lease = holder.lock(soon().with_value("owner", "ann"));
  const auto at_once = start({"--no-wait"}, {"echo", "started"});
  EXPECT_THAT(at_once->wait_for_exit(), Optional(75));
  EXPECT_THAT(at_once->standard_error(), HasSubstr("held by ann on "));
  const auto later =
      start({"--timeout", "1500ms", "--conflict-exit-code", "9"}, {"echo", "started"});
  EXPECT_TRUE(later->wait_for_line("waiting: .* is held by ann on "));
  EXPECT_THAT(later->wait_for_exit(), Optional(9));
  EXPECT_EQ(at_once->standard_output() + later->standard_output(), "");
  EXPECT_EQ(queue_size(), 1U);
}

TEST_F(ZklockRunTest, WithoutAServerNothingIsStarted) {
  const auto run = start({"--timeout", "1s"}, {"echo", "started"}, "127.0.0.1:1");
  EXPECT_THAT(run->wait_for_exit(), Optional(69));
  EXPECT_EQ(run->standard_output(), "");
}

TEST_F(ZklockRunTest, AKillAfterThatDoesNotFitTheSessionIsRefusedWithTheNumbers) {
  const ZooKeeperServer server({.max_session_timeout = 4s});
  const auto run =
      start({"--kill-after", "6s", "--min-hold", "60s"}, {"echo", "started"}, server.address());
  EXPECT_THAT(run->wait_for_exit(), Optional(64));
  EXPECT_THAT(run->standard_error(), HasSubstr("--kill-after 6000ms does not fit"));
  EXPECT_THAT(run->standard_error(), HasSubstr("999ms"));
  EXPECT_EQ(run->standard_output(), "");
}

TEST_F(ZklockRunTest, ATtlIsRenewedWhileTheCommandRuns) {
  const auto run = start_bash({"--ttl", "1500ms"}, "echo ready $$; sleep 60");
  process_named("ready", *run);
  LockEntries queue = lock_.entries(soon());
  ASSERT_EQ(queue.size(), 1U);
  const LockEntry first = *queue.begin();
  EXPECT_EQ(first.ttl, 1500ms);
  ASSERT_TRUE(becomes_true([&] {
    queue = lock_.entries(soon());
    return queue.empty() || queue.begin()->since > first.since + 3s;
  }));
  ASSERT_EQ(queue.size(), 1U) << run->standard_error();
  EXPECT_EQ(queue.begin()->fencing_token, first.fencing_token);
  run->signal(SIGTERM);
  EXPECT_THAT(run->wait_for_exit(), Optional(128 + SIGTERM));
}

TEST_F(ZklockRunTest, WhatIsDoneOnceIsNotDoneAgain) {
  const auto failed = start_bash({"--once", "{date}"}, "exit 2");
  EXPECT_THAT(failed->wait_for_exit(), Optional(2));
  const auto done = start({"--once", "{date}"}, {"echo", "done"});
  EXPECT_THAT(done->wait_for_exit(), Optional(0));
  EXPECT_EQ(done->standard_output(), "done\n");
  const auto again = start({"--once", "{date}"}, {"echo", "done"});
  EXPECT_THAT(again->wait_for_exit(), Optional(0));
  EXPECT_EQ(again->standard_output(), "");
  EXPECT_THAT(again->standard_error(), HasSubstr("was done before"));
}

TEST_F(ZklockRunTest, TheLockIsKeptForTheTimeThatWasAskedFor) {
  const auto run = start({"--min-hold", "60s"}, {"echo", "done"});
  ASSERT_TRUE(run->wait_for_line("done"));
  EXPECT_THAT(start({"--no-wait"}, {"true"})->wait_for_exit(), Optional(75));
  run->signal(SIGTERM);  // ends that
  EXPECT_THAT(run->wait_for_exit(), Optional(0));
  EXPECT_EQ(queue_size(), 0U);
}

TEST_F(ZklockRunTest, RequeueRunsAgainUntilASignal) {
  const auto run = start_bash({"--requeue"}, "echo run $ZKLOCK_FENCING_TOKEN; sleep 60");
  ASSERT_TRUE(run->wait_for_line("run "));
  const auto first = *lock_.entries(soon()).begin();
  ASSERT_TRUE(client_->remove(first.path, -1, soon()));
  ASSERT_TRUE(becomes_true([&] {
    const LockEntries queue = lock_.entries(soon());
    return !queue.empty() && queue.begin()->fencing_token > first.fencing_token;
  }));
  ASSERT_TRUE(
      run->wait_for_line("run " + std::to_string(lock_.entries(soon()).begin()->fencing_token)));
  run->signal(SIGTERM);
  EXPECT_THAT(run->wait_for_exit(), Optional(128 + SIGTERM));
}

TEST_F(ZklockRunTest, RequeueEndsByTheSignalThatEndsItNotByThatOfTheLastRun) {
  const auto run = start_bash({"--requeue", "--verbose"}, "kill -KILL $$");
  ASSERT_TRUE(run->wait_for_line("started process"));
  ASSERT_TRUE(becomes_true([&] { return queue_size() == 0; }));  // it pauses for a second
  run->signal(SIGTERM);
  EXPECT_THAT(run->wait_for_exit(), Optional(128 + SIGTERM));
}

TEST_F(ZklockRunTest, RequeueGoesOnWhateverTheStatusAndAfterAReload) {
  const auto run = start_bash(
      {"--requeue"},
      "trap 'exit 77' HUP; echo ready $ZKLOCK_FENCING_TOKEN; while :; do sleep 0.1; done");
  const pid_t first = process_named("ready", *run);
  run->signal(SIGHUP);
  ASSERT_TRUE(run->wait_for_line("ready (?!" + std::to_string(first) + "$)"));
  run->signal(SIGTERM);
  EXPECT_THAT(run->wait_for_exit(), Optional(128 + SIGTERM));
}

TEST_F(ZklockRunTest, RequeueWaitsForServersThatAreNotThereYet) {
  ZooKeeperServer server;
  server.kill();
  const auto run =
      start({"--requeue", "--answer-timeout", "200ms"}, {"echo", "started"}, server.address());
  ASSERT_TRUE(run->wait_for_line("going on"));
  server.restart();
  EXPECT_TRUE(run->wait_for_line("started"));
  run->signal(SIGTERM);
  EXPECT_TRUE(run->wait_for_exit());
}

TEST_F(ZklockRunTest, WhatWasInterruptedIsNotDone) {
  const auto run = start_bash({"--once", "key"},
                              "trap 'exit 0' TERM; echo ready 1; while :; do "
                              "sleep 0.1; done");
  process_named("ready", *run);
  run->signal(SIGTERM);
  EXPECT_THAT(run->wait_for_exit(), Optional(0));
  EXPECT_THAT(start({"--once", "key"}, {"echo", "done"})->wait_for_exit(), Optional(0));
  EXPECT_TRUE(client_->get(path_ + ".once/key", soon()));
}

TEST_F(ZklockRunTest, OfAHundredMachinesWhoseClocksDifferOneRunsForEachKey) {
  const FakedClocks clocks;
  std::vector<std::unique_ptr<Subprocess>> runs;
  for (int i = 0; i < 100; ++i) {
    const std::string skew = (i % 2 == 0 ? "+" : "-") + std::to_string(i) + "s";
    Words variables = FakedClocks::variables("FAKETIME=" + skew);
    variables.push_back("ZKLOCK_ADDRESS=" + address_);
    runs.push_back(std::make_unique<Subprocess>(
        Words{ZKLOCK_COMMAND, "run", path_, "--quiet", "--once", "key", "--", "echo", "done"},
        variables));
  }
  std::string output;
  for (const auto& run : runs) {
    EXPECT_THAT(run->wait_for_exit(), Optional(0)) << run->standard_error();
    output += run->standard_output();
  }
  EXPECT_EQ(output, "done\n");
}

}  // namespace
}  // namespace zklock::test
