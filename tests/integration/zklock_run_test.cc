// `zklock run`, as processes on a real server: what becomes of the command, of its lock and of its
// signals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <zklock/zookeeper_lock.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "integration/tools.h"
#include "support/subprocess.h"
#include "support/temporary_directory.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Optional;

/// Ignores SIGTERM, and says so. Bash waits in a builtin: a program that it starts would not ignore
/// it.
constexpr const char* kStubborn =
    "trap '' TERM; echo ready $$; while :; do read -rt 60 <> <(:); done";
/// Does not end, leaves its group and its session, and says its number.
constexpr const char* kWithGrandchild =
    "setsid bash -c \"trap '' TERM; echo grandchild \\$\\$; exec 2>/dev/null; while :; do sleep "
    "60; "
    "done\" & echo ready $$; wait; wait";

bool is_gone(pid_t process) { return ::kill(process, 0) != 0 && errno == ESRCH; }

class ZklockRunTest : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;

  /// `zklock run <options> <path> -- <command>`.
  std::unique_ptr<Subprocess> start(Words options, const Words& command,
                                    const std::string& address = {}) const {
    Words words = {ZKLOCK_COMMAND, "run", path_};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return std::make_unique<Subprocess>(
        std::move(words), Words{"ZKLOCK_ADDRESS=" + (address.empty() ? address_ : address)});
  }
  std::unique_ptr<Subprocess> start_bash(Words options, const std::string& script) const {
    return start(std::move(options), {"bash", "-c", script});
  }
  /// The number of a process, from the line "<name> <number>".
  static pid_t process_named(const std::string& name, Subprocess& run) {
    const std::optional<std::string> line = run.wait_for_line("^" + name + " [0-9]+");
    EXPECT_TRUE(line) << run.standard_error();
    return line ? std::stoi(line->substr(line->rfind(' ') + 1)) : 0;
  }
  std::size_t queue_size() const { return lock_.entries(soon()).size(); }

  const std::string address_ = ZooKeeperServer::shared().address();
  const std::string path_ = unique_path();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(address_);
  mutable ZooKeeperLock lock_{{.path = path_}, client_};
  const TemporaryDirectory directory_;
};

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
            "zklock: cannot run /etc/passwd: Permission denied\n");
}

TEST_F(ZklockRunTest, ACommandWithoutItsInterpreterIsNotFound) {
  const std::string script = directory_.path() / "script";
  std::ofstream(script) << "#!/no/such/interpreter\n";
  ASSERT_EQ(::chmod(script.c_str(), 0700), 0);
  EXPECT_THAT(start({}, {script})->wait_for_exit(), Optional(127));
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

TEST_F(ZklockRunTest, AKilledZklockTakesAllOfItsProcessesWithIt) {
  const auto run = start_bash({"--session-timeout", "4s"}, kWithGrandchild);
  const pid_t command = process_named("ready", *run);
  const pid_t grandchild = process_named("grandchild", *run);
  auto next = lock_async(lock_);
  run->signal(SIGKILL);
  const Lease lease = granted(next);
  ASSERT_TRUE(lease);
  EXPECT_TRUE(is_gone(command));
  EXPECT_TRUE(is_gone(grandchild));
}

TEST_F(ZklockRunTest, AFrozenZklockDoesNotKeepItsProcesses) {
  const auto run = start_bash({"--session-timeout", "4s"}, kWithGrandchild);
  const pid_t command = process_named("ready", *run);
  const pid_t grandchild = process_named("grandchild", *run);
  auto next = lock_async(lock_);
  run->signal(SIGSTOP);
  const Lease lease = granted(next);
  ASSERT_TRUE(lease);
  EXPECT_TRUE(is_gone(command));
  EXPECT_TRUE(is_gone(grandchild));
  run->signal(SIGCONT);
  EXPECT_THAT(run->wait_for_exit(), Optional(76)) << run->standard_error();
}

TEST_F(ZklockRunTest, ACommandGetsTheTimeToEndThatWasAskedFor) {
  const auto run =
      start_bash({"--session-timeout", "6s", "--kill-after", "1400ms"},
                 "trap 'echo cleaning; kill $!; exit 0' TERM; sleep 60 & echo ready $$; wait");
  process_named("ready", *run);
  run->signal(SIGSTOP);  // nothing moves the end of the lease on
  ASSERT_TRUE(run->wait_for_line("cleaning"));
  auto next = lock_async(lock_);
  EXPECT_FALSE(is_ready(next));
  run->signal(SIGCONT);
  EXPECT_THAT(run->wait_for_exit(), Optional(76)) << "it ended early, because it was told to";
  EXPECT_TRUE(granted(next));
}

TEST_F(ZklockRunTest, ACommandThatIgnoresTermIsKilledBeforeTheLeaseEndsWhenTheServerHangs) {
  ZooKeeperServer server;
  const auto run = start({"--session-timeout", "4s"}, {"bash", "-c", kStubborn}, server.address());
  const pid_t command = process_named("ready", *run);
  server.stop();
  EXPECT_THAT(run->wait_for_exit(), Optional(76));
  EXPECT_TRUE(is_gone(command));
  EXPECT_THAT(run->standard_error(), HasSubstr("so the command was ended"));
  server.resume();
}

TEST_F(ZklockRunTest, ABrokenLockEndsTheCommandAtOnce) {
  const auto run = start_bash({}, kStubborn);
  const pid_t command = process_named("ready", *run);
  const std::string claim = lock_.entries(soon()).begin()->path;
  ASSERT_TRUE(client_->remove(claim, -1, soon()));
  EXPECT_THAT(run->wait_for_exit(5s), Optional(76));
  EXPECT_TRUE(is_gone(command));
  EXPECT_THAT(run->standard_error(), HasSubstr("lost " + claim));
}

TEST_F(ZklockRunTest, AKilledSupervisorTakesAllProcessesWithItAndTheLockIsFree) {
  const auto run = start_bash({}, kWithGrandchild);
  const pid_t command = process_named("ready", *run);
  const pid_t grandchild = process_named("grandchild", *run);
  std::ifstream status("/proc/" + std::to_string(command) + "/stat");
  std::string word;
  for (int i = 0; i < 4; ++i) status >> word;
  ::kill(std::stoi(word), SIGKILL);  // its parent
  EXPECT_THAT(run->wait_for_exit(), Optional(128 + SIGKILL));
  EXPECT_TRUE(is_gone(command));
  EXPECT_TRUE(is_gone(grandchild));
  EXPECT_EQ(queue_size(), 0U);
}

TEST_F(ZklockRunTest, AStoppedSupervisorIsKilledWhenTheLeaseHasEnded) {
  const auto run = start_bash({"--session-timeout", "4s"}, kStubborn);
  const pid_t command = process_named("ready", *run);
  std::ifstream status("/proc/" + std::to_string(command) + "/stat");
  std::string word;
  for (int i = 0; i < 4; ++i) status >> word;
  ::kill(std::stoi(word), SIGSTOP);
  ASSERT_TRUE(client_->remove(lock_.entries(soon()).begin()->path, -1, soon()));
  EXPECT_THAT(run->wait_for_exit(), Optional(76));
  EXPECT_TRUE(is_gone(command));
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
  const auto run = start({"--session-timeout", "4s", "--kill-after", "2s"}, {"echo", "started"});
  EXPECT_THAT(run->wait_for_exit(), Optional(64));
  EXPECT_THAT(run->standard_error(), HasSubstr("--kill-after 2000ms does not fit"));
  EXPECT_THAT(run->standard_error(), HasSubstr("999ms"));
  EXPECT_EQ(run->standard_output(), "");
  EXPECT_EQ(queue_size(), 0U);
}

TEST_F(ZklockRunTest, ATtlIsRenewedWhileTheCommandRuns) {
  const auto run = start_bash({"--ttl", "1500ms"}, "echo ready $$; sleep 60");
  process_named("ready", *run);
  const auto claim = [&] { return *lock_.entries(soon()).begin(); };
  const LockEntry first = claim();
  EXPECT_EQ(first.ttl, 1500ms);
  EXPECT_TRUE(becomes_true([&] { return claim().since > first.since + 3s; }));
  EXPECT_EQ(claim().fencing_token, first.fencing_token);
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

}  // namespace
}  // namespace zklock::test
