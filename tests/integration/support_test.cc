// The tests' own tools: a wrong one would make tests pass that should not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "support/subprocess.h"
#include "support/temporary_directory.h"
#include "support/unique_path.h"
#include "support/zookeeper_packets.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Optional;

TEST(Subprocess, ReturnsTheOutputAndTheExitStatus) {
  Subprocess shell(
      {"sh", "-c", "echo first; echo \"second $GREETING\" >&2; printf unfinished; exit 7"},
      {"GREETING=hello"});
  EXPECT_THAT(shell.wait_for_line("^second hello$"), Optional(std::string("second hello")));
  EXPECT_THAT(shell.wait_for_line("^first$"), Optional(std::string("first")));
  EXPECT_THAT(shell.wait_for_exit(), Optional(7));
  EXPECT_EQ(shell.standard_output(), "first\nunfinished");
  EXPECT_EQ(shell.standard_error(), "second hello\n");
  EXPECT_EQ(shell.wait_for_line("unfinished"), std::nullopt) << "not a line";
}

TEST(Subprocess, StopsWaitingForALineWhenTheProgramEnds) {
  Subprocess program({"true"});
  EXPECT_EQ(program.wait_for_line("something", 1h), std::nullopt);
}

TEST(Subprocess, GivesUpWaitingInTime) {
  Subprocess program({"sleep", "1000"});
  EXPECT_EQ(program.wait_for_line("something", 20ms), std::nullopt);
  EXPECT_EQ(program.wait_for_exit(20ms), std::nullopt);
}

TEST(Subprocess, ReadsWhatIsWritten) {
  Subprocess program({"cat"}, {}, Subprocess::Input::written);
  EXPECT_TRUE(program.write("first\n"));
  EXPECT_TRUE(program.wait_for_line("^first$"));
  EXPECT_TRUE(program.write("second\n"));
  EXPECT_TRUE(program.wait_for_line("^second$"));
  program.signal(SIGKILL);
  ASSERT_TRUE(program.wait_for_exit());
  EXPECT_FALSE(program.write("third\n")) << "and no signal";
}

TEST(Subprocess, SendsSignals) {
  Subprocess shell(
      {"sh", "-c", "trap 'echo trapped; exit 3' TERM; echo ready; while :; do :; done"});
  ASSERT_TRUE(shell.wait_for_line("^ready$"));
  shell.signal(SIGTERM);
  EXPECT_TRUE(shell.wait_for_line("^trapped$"));
  EXPECT_THAT(shell.wait_for_exit(), Optional(3));
}

TEST(Subprocess, ReportsDeathBySignal) {
  Subprocess program({"sleep", "1000"});
  program.signal(SIGKILL);
  EXPECT_THAT(program.wait_for_exit(), Optional(128 + SIGKILL));
  program.signal(SIGKILL);  // there is nobody any more that could get it
}

TEST(Subprocess, KillsTheProgramWhenDestroyed) {
  pid_t pid = 0;
  {
    const Subprocess program({"sleep", "1000"});
    pid = program.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Subprocess, ThrowsWhenThereIsNoSuchProgram) {
  EXPECT_THROW(Subprocess({"/no/such/program"}), std::system_error);
}

TEST(TemporaryDirectory, IsRemovedWithAllThatIsInIt) {
  std::filesystem::path path;
  {
    const TemporaryDirectory directory;
    path = directory.path();
    std::filesystem::create_directories(path / "a" / "b");
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(UniquePath, IsUnique) { EXPECT_NE(unique_path(), unique_path()); }

using Side = Conversation::Side;

std::string number(std::uint32_t value) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(value >> shift);
  return bytes;
}
std::string packet(const std::string& text) {
  return number(static_cast<std::uint32_t>(text.size())) + text;
}

TEST(Conversation, BeginsWithTheHandshakeOfEitherSide) {
  Conversation conversation;
  for (const Side side : {Side::client, Side::server}) {
    EXPECT_FALSE(conversation.next(side));
    conversation.append(side, packet("how do you do"));
    EXPECT_EQ(conversation.next(side)->op, Op::handshake);
    EXPECT_EQ(conversation.take(side), packet("how do you do"));
    EXPECT_FALSE(conversation.next(side));
  }
}

TEST(Conversation, AssemblesPacketsAndMatchesAnswersToRequests) {
  Conversation conversation;
  for (const Side side : {Side::client, Side::server}) {
    conversation.append(side, packet("how do you do"));
    conversation.take(side);
  }
  const std::string read = packet(number(7) + number(4) + "/a");
  const std::string remove = packet(number(8) + number(2) + "/b");
  for (const char byte : read + remove.substr(0, 6)) {
    conversation.append(Side::client, std::string(1, byte));
  }
  EXPECT_TRUE(request(Op::get, "/a").fits(*conversation.next(Side::client)));
  EXPECT_FALSE(request(Op::get, "/b").fits(*conversation.next(Side::client)));
  EXPECT_EQ(conversation.take(Side::client), read);
  EXPECT_FALSE(conversation.next(Side::client)) << "it has not come whole";
  conversation.append(Side::client, remove.substr(6));
  EXPECT_EQ(conversation.take(Side::client), remove);

  const std::string event = packet(number(0xFFFFFFFF) + "/c");
  const std::string answer = packet(number(8) + "done");
  conversation.append(Side::server, event + answer);
  EXPECT_TRUE(event_of("/c").fits(*conversation.next(Side::server)));
  EXPECT_EQ(conversation.take(Side::server), event);
  EXPECT_TRUE(answer_to(Op::remove, "/b").fits(*conversation.next(Side::server)));
  EXPECT_FALSE(answer_to(Op::get).fits(*conversation.next(Side::server)));
  EXPECT_TRUE(any_packet().fits(*conversation.next(Side::server)));
  EXPECT_EQ(conversation.take(Side::server), answer);
}

TEST(ZooKeeperServer, StartsAndStopsOnRequest) {
  ZooKeeperServer server;
  const std::string address = server.address();
  EXPECT_TRUE(server.serves());

  server.stop();
  EXPECT_FALSE(server.serves());
  server.resume();
  EXPECT_TRUE(server.serves());

  server.kill();
  EXPECT_FALSE(server.serves());
  server.restart();
  EXPECT_TRUE(server.serves());
  EXPECT_EQ(server.address(), address);
  server.restart();
  EXPECT_TRUE(server.serves());
}

TEST(ZooKeeperServer, ReportsWhyItDoesNotStart) {
  try {
    const ZooKeeperServer server({.settings = {"initLimit=many"}});
    FAIL() << "started";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("many"));
  }
}

TEST(ZooKeeperServer, RunsNextToOthers) {
  ZooKeeperServer& shared = ZooKeeperServer::shared();
  EXPECT_EQ(&shared, &ZooKeeperServer::shared());
  const ZooKeeperServer other;
  EXPECT_NE(shared.port(), other.port());
  EXPECT_TRUE(shared.serves());
}

}  // namespace
}  // namespace zklock::test
