// `zklock run` on a terminal, under a shell with job control.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <zklock/zookeeper_lock.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <string>

#include "integration/tools.h"
#include "support/pseudo_terminal.h"
#include "support/temporary_directory.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

class ZklockRunTerminalTest : public ::testing::Test {
 protected:
  ZklockRunTerminalTest() { EXPECT_TRUE(shell_.shows("$ ")); }

  /// `zklock run <options> -- <command>`
  void type_run(const std::string& command, const std::string& options = "") {
    shell_.type("$ZKLOCK run " + options + " " + path_ + " -- " + command + "\n");
    EXPECT_TRUE(shell_.shows("\n")) << "the echo";
  }
  bool shows_status(int status) {
    shell_.type("echo it was=$?\n");
    return shell_.shows("it was=" + std::to_string(status));
  }
  std::size_t queue_size() { return lock_.entries(soon()).size(); }

  const std::string address_ = ZooKeeperServer::shared().address();
  const std::string path_ = unique_path();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(address_);
  ZooKeeperLock lock_{{.path = path_, .owner_key = "owner"}, client_};
  PseudoTerminal shell_{{"bash", "--norc", "--noprofile", "-i"},
                        {"ZKLOCK_ADDRESS=" + address_, std::string("ZKLOCK=") + ZKLOCK_COMMAND,
                         "PS1=$ ", "TERM=dumb", "HISTFILE="}};
};

TEST_F(ZklockRunTerminalTest, ACommandCanReadWhatIsTyped) {
  type_run("head -n 1");
  EXPECT_TRUE(becomes_true([&] { return queue_size() == 1; }));
  shell_.type("hello\n");
  EXPECT_TRUE(shell_.shows("hello")) << "the echo";
  EXPECT_TRUE(shell_.shows("hello")) << shell_.screen();
  EXPECT_TRUE(shell_.shows("$ "));
  EXPECT_TRUE(shows_status(0)) << shell_.screen();
}

TEST_F(ZklockRunTerminalTest, ControlCEndsTheCommandAlsoInAPipeline) {
  type_run("sh -c 'echo ready; exec sleep 60' | cat");
  ASSERT_TRUE(shell_.shows("ready"));
  shell_.type("\x03");
  EXPECT_TRUE(shell_.shows("$ "));
  EXPECT_TRUE(becomes_true([&] { return queue_size() == 0; }));
}

TEST_F(ZklockRunTerminalTest, ControlCEndsALoopOfTheShellToo) {
  shell_.type("for i in 1 2 3; do $ZKLOCK run " + path_ +
              " -- sh -c 'echo ready; exec sleep 60'; done; echo after=$?\n");
  ASSERT_TRUE(shell_.shows("\n")) << "the echo";
  ASSERT_TRUE(shell_.shows("ready"));
  shell_.type("\x03");
  EXPECT_TRUE(shell_.shows("$ "));
  EXPECT_TRUE(shows_status(128 + SIGINT)) << shell_.screen();
  EXPECT_EQ(shell_.screen().find("after=1"), std::string::npos) << shell_.screen();
  EXPECT_EQ(queue_size(), 0U);
}

TEST_F(ZklockRunTerminalTest, ControlCEndsALoopOfTheShellAlsoWhileThereIsNoServer) {
  shell_.type(
      "for i in 1 2 3; do ZKLOCK_ADDRESS=127.0.0.1:1 $ZKLOCK run --requeue"
      " --answer-timeout 100ms " +
      path_ + " -- true; done; echo after=$?\n");
  ASSERT_TRUE(shell_.shows("\n")) << "the echo";
  ASSERT_TRUE(shell_.shows("going on")) << shell_.screen();
  shell_.type("\x03");
  ASSERT_TRUE(shell_.shows("$ ")) << shell_.screen();
  EXPECT_TRUE(shows_status(128 + SIGINT)) << shell_.screen();
  EXPECT_EQ(shell_.screen().find("after=1"), std::string::npos) << shell_.screen();
}

TEST_F(ZklockRunTerminalTest, ControlCEndsACommandThatHasTheTerminal) {
  type_run("sh -c 'echo ready; read line; echo $line; read line'");
  ASSERT_TRUE(shell_.shows("ready"));
  shell_.type("first\n");
  EXPECT_TRUE(shell_.shows("first")) << "the echo";
  EXPECT_TRUE(shell_.shows("first"));
  shell_.type("\x03");
  EXPECT_TRUE(shell_.shows("$ "));
  EXPECT_TRUE(shows_status(128 + SIGINT)) << shell_.screen();
}

TEST_F(ZklockRunTerminalTest, AStoppedJobGoesOnInTheForeground) {
  type_run("sh -c 'echo ready; read line; echo got $line; read line; echo got $line'");
  ASSERT_TRUE(shell_.shows("ready"));
  shell_.type("first\n");
  ASSERT_TRUE(shell_.shows("got first")) << "now it has the terminal";
  shell_.type("\x1a");
  ASSERT_TRUE(shell_.shows("Stopped")) << shell_.screen();
  shell_.type("fg\n");
  ASSERT_TRUE(shell_.shows("run")) << "bash names the job";
  shell_.type("something\n");
  EXPECT_TRUE(shell_.shows("got something")) << shell_.screen();
  EXPECT_TRUE(shows_status(0)) << shell_.screen();
}

TEST_F(ZklockRunTerminalTest, ACommandThatHadTheTerminalHasItAgainBeforeItReads) {
  type_run(
      "sh -c 'read line; echo got $line; kill -TSTP 0; "
      "until read -r a b c d e f g foreground h < /proc/$$/stat; [ $foreground = $$ ]; do "
      "sleep 0.05; done; echo has it'");
  shell_.type("first\n");
  ASSERT_TRUE(shell_.shows("got first")) << shell_.screen();
  ASSERT_TRUE(shell_.shows("Stopped")) << shell_.screen();
  shell_.type("fg\n");
  ASSERT_TRUE(shell_.shows("run")) << "bash names the job";
  ASSERT_TRUE(shell_.shows("\n"));
  EXPECT_TRUE(shell_.shows("has it\r\n")) << shell_.screen();
}

TEST_F(ZklockRunTerminalTest, AJobThatWasStoppedForLongerThanItsLeaseHasEnded) {
  type_run("sh -c 'trap \"\" TERM; echo process=$$; exec sleep 60'", "--session-timeout 6s");
  ASSERT_TRUE(shell_.shows("process="));
  ASSERT_TRUE(shell_.shows("\n"));
  const std::string screen = shell_.screen();
  const pid_t process = std::stoi(screen.substr(screen.rfind("process=") + 8));
  shell_.type("\x1a");
  ASSERT_TRUE(shell_.shows("Stopped")) << shell_.screen();
  EXPECT_TRUE(lock_.lock(soon()));
  EXPECT_TRUE(::kill(process, 0) != 0 && errno == ESRCH);
  shell_.type("fg\n");
  EXPECT_TRUE(shell_.shows("so the command was ended")) << shell_.screen();
  EXPECT_TRUE(shows_status(76)) << shell_.screen();
}

TEST_F(ZklockRunTerminalTest, AJobInTheBackgroundThatReadsIsStoppedAsAnyOther) {
  type_run("sh -c 'read line; echo got $line' &");
  ASSERT_TRUE(becomes_true([&] { return queue_size() == 1; }));
  ASSERT_TRUE(becomes_true([&] {
    shell_.type("jobs\n");
    return shell_.shows("Stopped", std::chrono::milliseconds(100));
  })) << shell_.screen();
  shell_.type("fg\n");
  ASSERT_TRUE(shell_.shows("read line"));
  shell_.type("hello\n");
  EXPECT_TRUE(shell_.shows("got hello")) << shell_.screen();
}

TEST_F(ZklockRunTerminalTest, ACommandThatReadsInTheBackgroundWithoutAShellIsHungUp) {
  const TemporaryDirectory directory;
  const std::string go_on = directory.path() / "go_on";
  shell_.type("($ZKLOCK run " + path_ + " -- sh -c 'until [ -e " + go_on +
              " ]; do sleep 0.05; done; echo it reads; read line < /dev/tty' &)\n");
  ASSERT_TRUE(shell_.shows("\r\n$ ")) << "now the shell has the terminal";
  std::ofstream(go_on) << "";
  ASSERT_TRUE(shell_.shows("it reads\r\n")) << shell_.screen();
  EXPECT_TRUE(becomes_true([&] { return queue_size() == 0; })) << "not stopped, with the lock";
}

TEST_F(ZklockRunTerminalTest, ControlCReachesWhatACommandHasLeftBehind) {
  // A shell without job control ignores ^C for what it starts in the background.
  type_run(
      "sh -c 'setsid env --default-signal=INT sh -c \"echo left behind; exec sleep 60\" & "
      "read line'",
      "--verbose");
  ASSERT_TRUE(shell_.shows("left behind\r\n")) << shell_.screen();
  shell_.type("go on\n");
  ASSERT_TRUE(shell_.shows("waiting for what it has started"));
  shell_.type("\x03");
  EXPECT_TRUE(shell_.shows("$ ")) << shell_.screen();
  EXPECT_TRUE(becomes_true([&] { return queue_size() == 0; }));
}

TEST_F(ZklockRunTerminalTest, OneLineShowsWhoHoldsTheLockWhileItWaits) {
  const Lease lease = lock_.lock(soon().with_value("owner", "ann"));
  type_run("echo it runs");
  EXPECT_TRUE(shell_.shows("zklock: waiting: " + path_ + " is held by ann on ")) << shell_.screen();
  lock_.unlock(lease, soon());
  EXPECT_TRUE(shell_.shows("\r\033[K")) << shell_.screen();
  EXPECT_TRUE(shell_.shows("it runs"));
}

}  // namespace
}  // namespace zklock::test
