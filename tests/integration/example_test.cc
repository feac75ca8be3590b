// zookeeper-example, run as a process, says and does what its --help says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <zklock/zookeeper_lock.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/file_descriptor.h"
#include "integration/tools.h"
#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;

/// A whole line: the local time, then this text.
std::string line(const std::string& text) {
  return "^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} " + text + "$";
}

/// Lets clients connect, and says nothing.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket") {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), generic, length) != 0 || ::listen(socket_.get(), 1) != 0 ||
        ::getsockname(socket_.get(), generic, &length) != 0) {
      throw std::system_error(errno, std::generic_category(), "listen");
    }
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  [[nodiscard]] const std::string& address() const { return address_; }

  /// Waits for a connection.
  [[nodiscard]] bool is_connected_to() const {
    pollfd event = {socket_.get(), POLLIN, 0};
    constexpr std::chrono::milliseconds kTimeout = kLongEnough;
    return ::poll(&event, 1, static_cast<int>(kTimeout.count())) == 1;
  }

 private:
  cli::FileDescriptor socket_;
  std::string address_;
};

class ExampleTest : public ::testing::Test {
 protected:
  Subprocess start(std::vector<std::string> flags) {
    std::vector<std::string> command = {ZOOKEEPER_EXAMPLE, "--address", address_, "--path", path_};
    command.insert(command.end(), flags.begin(), flags.end());
    return Subprocess(std::move(command));
  }

  [[nodiscard]] LockEntries queue() const {
    return observer_lock_.entries(Context().with_timeout(kLongEnough));
  }
  bool queue_becomes(std::size_t size) {
    return becomes_true([&] { return queue().size() == size; });
  }

  const std::string address_ = ZooKeeperServer::shared().address();
  const std::string path_ = unique_path();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(address_);
  const ZooKeeperLock observer_lock_{{.path = path_}, client_};
};

const std::string kAcquired = line("I've got the lock!");
const std::string kReleased = line("I've released the lock");
const std::string kTimedOut = line("attempt to acquire lock timed out");
const std::string kLost = line("I've lost the lock!");

class ExampleSignalTest : public ExampleTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Signals, ExampleSignalTest, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& signal) {
                           return signal.param == SIGINT ? "INT" : "TERM";
                         });

TEST_P(ExampleSignalTest, ReleasesTheLockOnASignal) {
  Subprocess program = start({});
  ASSERT_TRUE(program.wait_for_line(kAcquired)) << program.standard_error();
  EXPECT_THAT(queue(), SizeIs(1));
  EXPECT_EQ(queue().begin()->owner, "user1");

  program.signal(GetParam());
  EXPECT_THAT(program.wait_for_exit(), Optional(0));
  EXPECT_TRUE(program.wait_for_line(kReleased)) << program.standard_error();
  EXPECT_THAT(queue(), IsEmpty());
  EXPECT_EQ(program.standard_output(), "");
}

TEST_P(ExampleSignalTest, LeavesNoClaimWhenASignalEndsItsWait) {
  Subprocess holder = start({"--owner", "holder"});
  ASSERT_TRUE(holder.wait_for_line(kAcquired));
  Subprocess waiter = start({"--owner", "waiter", "--timeout", "1h"});
  ASSERT_TRUE(queue_becomes(2));

  waiter.signal(GetParam());
  EXPECT_THAT(waiter.wait_for_exit(), Optional(128 + GetParam())) << waiter.standard_error();
  ASSERT_THAT(queue(), SizeIs(1));
  EXPECT_EQ(queue().begin()->owner, "holder");
}

TEST_F(ExampleTest, PrintsTheLinesOfTheGoProgram) {
  Subprocess program = start({});
  ASSERT_TRUE(program.wait_for_line(kAcquired));
  const std::string said = program.standard_error();
  EXPECT_THAT(said.substr(0, said.find('\n')), HasSubstr("I've got the lock!"));
}

TEST_F(ExampleTest, TimesOutWhileAnotherHoldsTheLock) {
  Subprocess holder = start({"-owner", "somebody-else"});  // with one dash, as Go users do
  ASSERT_TRUE(holder.wait_for_line(kAcquired));

  Subprocess waiter = start({"-timeout=1s"});
  EXPECT_THAT(waiter.wait_for_exit(), Optional(1));
  EXPECT_TRUE(waiter.wait_for_line(kTimedOut)) << waiter.standard_error();
  EXPECT_TRUE(waiter.wait_for_line(line(".*somebody-else.*"))) << waiter.standard_error();
  EXPECT_THAT(queue(), SizeIs(1));
}

TEST_F(ExampleTest, WaitsForItsTurn) {
  Subprocess first = start({"--owner", "first"});
  ASSERT_TRUE(first.wait_for_line(kAcquired));
  Subprocess second = start({"--owner", "second", "--timeout", "1s"});
  EXPECT_THAT(second.wait_for_exit(), Optional(1));
  Subprocess third = start({"--owner", "third", "--timeout", "1m"});
  ASSERT_TRUE(queue_becomes(2));
  EXPECT_TRUE(third.wait_for_line(line("waiting for first on .*; 1 ahead")))
      << third.standard_error();

  first.signal(SIGINT);
  EXPECT_TRUE(third.wait_for_line(kAcquired)) << third.standard_error();
  EXPECT_THAT(first.wait_for_exit(), Optional(0));
  third.signal(SIGINT);
  EXPECT_THAT(third.wait_for_exit(), Optional(0));
  EXPECT_THAT(queue(), IsEmpty());
}

TEST_F(ExampleTest, ReportsTheLossOfTheLockAtOnce) {
  Subprocess program = start({});
  ASSERT_TRUE(program.wait_for_line(kAcquired));

  const auto before = Clock::now();
  const std::string claim = queue().begin()->path;
  ASSERT_FALSE(client_->remove(claim, ZooKeeperClient::kAnyVersion, Context()).error());
  EXPECT_TRUE(program.wait_for_line(kLost)) << program.standard_error();
  EXPECT_LT(Clock::now() - before, 2s);
  EXPECT_THAT(program.wait_for_exit(), Optional(3));
}

TEST_F(ExampleTest, LosesTheLockAfterItsTimeToLive) {
  Subprocess program = start({"--lock-ttl", "300"});
  EXPECT_TRUE(program.wait_for_line(kAcquired)) << program.standard_error();
  EXPECT_THAT(program.wait_for_exit(), Optional(3));
  EXPECT_TRUE(program.wait_for_line(kLost)) << program.standard_error();
  EXPECT_TRUE(queue_becomes(0));
}

TEST_F(ExampleTest, ListsTheQueue) {
  Subprocess before = start({"--list"});
  EXPECT_THAT(before.wait_for_exit(), Optional(0)) << before.standard_error();
  EXPECT_EQ(before.standard_output(), "nobody holds the lock\n");

  Subprocess holder = start({"--owner", "holder"});
  ASSERT_TRUE(holder.wait_for_line(kAcquired));
  Subprocess waiter = start({"--owner", "waiter", "--timeout", "1h"});
  ASSERT_TRUE(queue_becomes(2));

  Subprocess list = start({"--list"});
  EXPECT_THAT(list.wait_for_exit(), Optional(0)) << list.standard_error();
  for (const auto& [role, process] :
       {std::pair("held by holder", &holder), std::pair("then    waiter", &waiter)}) {
    EXPECT_THAT(list.wait_for_line(std::string("^") + role),
                Optional(AllOf(HasSubstr("(pid " + std::to_string(process->pid()) + ")"),
                               HasSubstr(path_ + "/_c_"))))
        << list.standard_output();
  }
}

TEST_F(ExampleTest, ExplainsBadFlags) {
  // Later flags replace those that start() sets.
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--timeout", "3"}, "--timeout"},
      {{"--timeout", "-1s"}, "is negative"},
      {{"--lock-ttl", "30s"}, "--lock-ttl"},
      {{"--no-such-flag"}, "--no-such-flag"},
      {{"operand"}, "operand"},
      {{"--path", ""}, "path"},
      {{"--path", "/a//b"}, "path"},
      {{"--path", "/a/../b"}, "path"},
      {{"--lock-ttl", "-1"}, "ttl"},
      {{"--address", ""}, "address"},
      {{"--address", "localhost:0"}, "localhost:0"},
      {{"--address", "localhost:87386"}, "localhost:87386"},
  };
  for (const auto& [flags, mentioned] : cases) {
    SCOPED_TRACE(::testing::PrintToString(flags));
    Subprocess program = start(flags);
    EXPECT_THAT(program.wait_for_exit(), Optional(2));
    EXPECT_THAT(program.standard_error(), HasSubstr(mentioned));
    EXPECT_EQ(program.standard_output(), "");
  }
}

TEST_F(ExampleTest, PrintsHelp) {
  Subprocess program({ZOOKEEPER_EXAMPLE, "--help"});
  EXPECT_THAT(program.wait_for_exit(), Optional(0));
  EXPECT_THAT(program.standard_output(), AllOf(HasSubstr("--timeout"), HasSubstr("--lock-ttl")));
  EXPECT_EQ(program.standard_error(), "");
}

TEST_F(ExampleTest, ReportsAMissingServer) {
  ZooKeeperServer server;
  server.kill();  // nobody else gets its port
  Subprocess program = start({"--address", server.address(), "--timeout", "1s"});
  EXPECT_THAT(program.wait_for_exit(), Optional(4));
  EXPECT_TRUE(program.wait_for_line(line("no server answered"))) << program.standard_error();
  EXPECT_THAT(program.standard_error(), HasSubstr(server.address()));
}

TEST_F(ExampleTest, SaysThatItCannotListWithoutAServer) {
  ZooKeeperServer server;
  server.kill();
  Subprocess program = start({"--list", "--address", server.address(), "--timeout", "1s"});
  EXPECT_THAT(program.wait_for_exit(), Optional(4));
  EXPECT_TRUE(program.wait_for_line(line("cannot list .*" + path_))) << program.standard_error();
  EXPECT_THAT(program.standard_error(), HasSubstr(server.address()));
  EXPECT_THAT(program.standard_error(), Not(HasSubstr("attempt to acquire")));
}

TEST_F(ExampleTest, ReportsEachHolderThatItWaitsFor) {
  Subprocess first = start({"--owner", "first"});
  ASSERT_TRUE(first.wait_for_line(kAcquired));
  Subprocess second = start({"--owner", "second", "--timeout", "1m"});
  ASSERT_TRUE(queue_becomes(2));
  Subprocess third = start({"--owner", "third", "--timeout", "1m"});
  EXPECT_TRUE(third.wait_for_line(line("waiting for first on .*; 2 ahead")));

  second.signal(SIGINT);  // third looks again, and finds the same holder
  EXPECT_THAT(second.wait_for_exit(), Optional(128 + SIGINT));
  first.signal(SIGINT);
  EXPECT_TRUE(third.wait_for_line(kAcquired)) << third.standard_error();
  const std::string said = third.standard_error();
  EXPECT_EQ(said.find("waiting for"), said.rfind("waiting for")) << said;
}

TEST_F(ExampleTest, EndsAtOnceWhileItConnects) {
  const SilentServer server;
  Subprocess program = start({"--address", server.address(), "--timeout", "1h"});
  ASSERT_TRUE(server.is_connected_to());

  const auto before = Clock::now();
  program.signal(SIGINT);
  EXPECT_THAT(program.wait_for_exit(), Optional(128 + SIGINT));
  EXPECT_LT(Clock::now() - before, 2s);
}

TEST_F(ExampleTest, EndsAtOnceOnASecondSignal) {
  ZooKeeperServer server;
  Subprocess program = start({"--address", server.address()});
  ASSERT_TRUE(program.wait_for_line(kAcquired)) << program.standard_error();
  server.stop();
  // It is now trying to release the lock, for some seconds. Two signals that come too close
  // together count as one.
  program.signal(SIGINT);
  std::optional<int> status;
  while (!(status = program.wait_for_exit(50ms))) program.signal(SIGINT);
  EXPECT_THAT(status, Optional(128 + SIGINT)) << program.standard_error();
}

}  // namespace
}  // namespace zklock::test
