// examples/demo.sh plays what it promises, and leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/subprocess.h"
#include "support/temporary_directory.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::Optional;

class DemoTest : public ::testing::Test {
 protected:
  Subprocess start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), DEMO);
    return Subprocess(std::move(arguments),
                      {std::string("ZKLOCK_BUILD_DIR=") + BUILD_DIRECTORY, marker_});
  }

  /// Processes that the demo has started are known by a variable of its environment.
  [[nodiscard]] std::vector<std::string> processes_left() const {
    std::vector<std::string> result;
    std::error_code ignored;  // processes come and go
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
      std::ifstream environment(entry.path() / "environ");
      const std::string text((std::istreambuf_iterator<char>(environment)), {});
      if (text.find(marker_) != std::string::npos) result.push_back(entry.path());
    }
    return result;
  }

  void expect_nothing_left() const {
    EXPECT_THAT(processes_left(), IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  }

  const TemporaryDirectory directory_;  // of the demo's own temporary files
  const std::string marker_ = "TMPDIR=" + directory_.path().string();
};

TEST_F(DemoTest, ShowsTheWholeSession) {
  Subprocess demo = start();
  ASSERT_THAT(demo.wait_for_exit(2min), Optional(0)) << demo.standard_error();
  const std::vector<std::string> lines = {
      "^first  . .* I've got the lock!$",
      "^second . .* waiting for first on .*; 1 ahead$",
      "^second . .* attempt to acquire lock timed out$",
      "^second . .*first",
      "^second . \\(exit status 1\\)$",
      "^queue  . held by first .*: /my/locks/_c_",
      "^queue  . then    third .*: /my/locks/_c_",
      "^first  . .* I've released the lock$",
      "^first  . \\(exit status 0\\)$",
      "^third  . .* I've got the lock!$",
      "^third  . .* I've released the lock$",
      "^queue  . nobody holds the lock$",
  };
  for (const std::string& line : lines) {
    EXPECT_TRUE(demo.wait_for_line(line)) << line << '\n' << demo.standard_output();
  }
  EXPECT_EQ(demo.standard_error(), "");
  expect_nothing_left();
}

TEST_F(DemoTest, CleansUpWhenInterrupted) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Subprocess demo = start();
    ASSERT_TRUE(demo.wait_for_line("I've got the lock")) << demo.standard_error();
    demo.signal(signal);
    EXPECT_THAT(demo.wait_for_exit(), Optional(128 + signal));
    expect_nothing_left();
  }
}

// What it says to type works: the holder keeps the lock, the other one waits, and for longer than
// the defaults let it.
TEST_F(DemoTest, ServesWhatItSaysToTry) {
  ZooKeeperServer reservation;
  reservation.kill();
  const std::string port = std::to_string(reservation.port());
  Subprocess demo = start({"--serve", port});
  ASSERT_TRUE(demo.wait_for_line("Ctrl-C here stops the server")) << demo.standard_error();

  const auto command = [&](const std::string& owner) {
    const std::string line = demo.wait_for_line("^  /.* --owner " + owner).value_or("false");
    return std::vector<std::string>{"sh", "-c", "exec " + line};
  };
  Subprocess first(command("user1"));
  ASSERT_TRUE(first.wait_for_line("I've got the lock!")) << first.standard_error();
  Subprocess second(command("user2"));
  ASSERT_TRUE(second.wait_for_line("waiting for user1 on ")) << second.standard_error();
  EXPECT_EQ(second.wait_for_exit(5s), std::nullopt) << second.standard_error();
  Subprocess list({"sh", "-c", demo.wait_for_line("^  /.* --list$").value_or("false")});
  EXPECT_TRUE(list.wait_for_line("held by user1")) << list.standard_error();

  first.signal(SIGINT);
  EXPECT_TRUE(second.wait_for_line("I've got the lock!")) << second.standard_error();
}

TEST_F(DemoTest, ServesUntilInterrupted) {
  ZooKeeperServer reservation;  // of a port that is free once it has been killed
  reservation.kill();
  const std::string port = std::to_string(reservation.port());

  Subprocess demo = start({"--serve", port});
  ASSERT_TRUE(demo.wait_for_line("server at localhost:" + port)) << demo.standard_error();
  EXPECT_TRUE(reservation.serves()) << "not ours, but at that port";

  Subprocess second = start({"--serve", port});
  EXPECT_THAT(second.wait_for_exit(), Optional(1));
  EXPECT_TRUE(second.wait_for_line("port " + port + " is taken")) << second.standard_error();
  EXPECT_TRUE(reservation.serves());

  demo.signal(SIGINT);
  EXPECT_THAT(demo.wait_for_exit(), Optional(130));
  expect_nothing_left();
}

TEST_F(DemoTest, PrintsItsUsage) {
  Subprocess help = start({"--help"});
  EXPECT_THAT(help.wait_for_exit(), Optional(0));
  EXPECT_TRUE(help.wait_for_line("--serve"));
  Subprocess wrong = start({"--no-such-flag"});
  EXPECT_THAT(wrong.wait_for_exit(), Optional(2));
  EXPECT_TRUE(wrong.wait_for_line("unknown argument '--no-such-flag'")) << wrong.standard_error();
}

TEST_F(DemoTest, RefusesWhatIsNoPort) {
  for (const std::string port : {"abc", "99999", "0", "-1", "", "99999999999999999999", "2181x"}) {
    SCOPED_TRACE(port);
    Subprocess demo = start({"--serve", port});
    EXPECT_THAT(demo.wait_for_exit(), Optional(2));
    EXPECT_TRUE(demo.wait_for_line("'" + port + "' is no port: .* 1 to 65535"))
        << demo.standard_error();
    EXPECT_EQ(demo.standard_output(), "");
  }
}

}  // namespace
}  // namespace zklock::test
