// Servers that do not serve: what the error says, and what is logged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/file_descriptor.h"
#include "integration/tools.h"
#include "support/loopback_address.h"
#include "support/reserved_port.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string address_of(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

/// Listens, and does this with each connection on a thread of its own.
class Listener {
 public:
  using Accept = std::function<void(cli::FileDescriptor connection)>;

  explicit Listener(Accept accept, int backlog = 16) : accept_(std::move(accept)) {
    sockaddr_in address = loopback_address(0);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), raw, size) != 0 || ::listen(socket_.get(), backlog) != 0 ||
        ::getsockname(socket_.get(), raw, &size) != 0) {
      throw std::system_error(errno, std::generic_category(), "listen");
    }
    port_ = ntohs(address.sin_port);
    if (accept_) thread_ = std::thread([this] { run(); });
  }
  ~Listener() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::string address() const { return address_of(port_); }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  void run() {
    while (true) {
      const int connection = ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      accept_(cli::FileDescriptor(connection, "accept"));
    }
  }

  const Accept accept_;
  cli::FileDescriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"};
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A connection that fills the backlog of a listener which accepts none.
cli::FileDescriptor connect_to(std::uint16_t port) {
  cli::FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                             "socket");
  const sockaddr_in address = loopback_address(port);
  ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return socket;
}

/// What `connect` says. The session is short, so that attempts without an answer end in time.
std::string problem_of(const std::string& address, ClientOptions options = {}) {
  options.session_timeout = 600ms;
  options.connect_timeout = 2s;
  const LockError error = error_of([&] { static_cast<void>(connect(address, options)); });
  EXPECT_EQ(error.code(), Errc::no_server_answered);
  return error.what();
}

TEST(NoServerTest, ARefusedConnectionIsSaidToBe) {
  const ReservedPort port;
  EXPECT_THAT(problem_of(address_of(port.number())), HasSubstr("Connection refused"));
}

TEST(NoServerTest, AServerThatHangsUpIsSaidToHaveAcceptedTheConnection) {
  Listener listener([](cli::FileDescriptor) {});
  EXPECT_THAT(problem_of(listener.address()),
              AllOf(HasSubstr(listener.address() + ": accepted the connection and closed it"),
                    HasSubstr("maxClientCnxns")));
}

TEST(NoServerTest, AttemptsBecomeRarerUpToATenthOfTheSessionTimeout) {
  std::atomic<int> attempts = 0;
  Listener listener([&](cli::FileDescriptor) { ++attempts; });
  const ClientOptions options{.session_timeout = 1s, .connect_timeout = 4s};
  static_cast<void>(error_of([&] { static_cast<void>(connect(listener.address(), options)); }));
  EXPECT_GE(attempts, 10);
  EXPECT_LE(attempts, 100) << "libzookeeper itself would make 228";
}

TEST(NoServerTest, AServerThatIsSilentIsSaidToHaveAcceptedTheConnection) {
  std::vector<cli::FileDescriptor> connections;
  Listener listener(
      [&](cli::FileDescriptor connection) { connections.push_back(std::move(connection)); });
  EXPECT_THAT(problem_of(listener.address()),
              HasSubstr("accepted the connection, but did not answer"));
}

TEST(NoServerTest, AServerThatWasPassedAsItWasSilentIsSaidToBeSilent) {
  std::vector<cli::FileDescriptor> connections;  // of the listener's thread, while it runs
  std::string problem;
  {
    const Listener listener(
        [&](cli::FileDescriptor connection) { connections.push_back(std::move(connection)); });
    const std::string address =
        listener.address() + ",127.0.0.2:" + std::to_string(listener.port());  // which refuses
    // libzookeeper itself would wait for 7 s.
    const ClientOptions options{.session_timeout = 10s, .connect_timeout = 3s};
    problem = error_of([&] { static_cast<void>(connect(address, options)); }).what();
  }
  EXPECT_GE(connections.size(), 2U) << "it was left, and tried again";
  EXPECT_THAT(problem, AllOf(HasSubstr("did not answer"), Not(HasSubstr("closed it"))));
}

TEST(NoServerTest, AServerThatIsNotThereIsSaidToTimeOut) {
  Listener listener(nullptr, 0);
  std::vector<cli::FileDescriptor> queued;
  for (int i = 0; i < 3; ++i) queued.push_back(connect_to(listener.port()));
  EXPECT_THAT(problem_of(listener.address()), HasSubstr("Connection timed out"));
}

TEST(NoServerTest, EachServerHasItsOwnOutcome) {
  const ReservedPort port;
  Listener listener([](cli::FileDescriptor) {});
  const std::string down = address_of(port.number());
  EXPECT_THAT(problem_of(down + "," + listener.address() + ",no-such-host.invalid:2181"),
              AllOf(HasSubstr(down + ": Connection refused"),
                    HasSubstr(listener.address() + ": accepted the connection and closed it"),
                    HasSubstr("no-such-host.invalid")));
}

TEST(NoServerTest, TheLimitOfConnectionsIsNamed) {
  ZooKeeperServer server({.settings = {"maxClientCnxns=1"}});
  std::shared_ptr<ZooKeeperClient> first;
  ASSERT_NO_THROW(first = connect(server.address()));
  EXPECT_THAT(problem_of(server.address()), HasSubstr("its limit of connections"));
}

TEST(NoServerTest, AServerThatRequiresAuthenticationSaysWhatToDo) {
  ZooKeeperServer server({.java_options = {"-Dzookeeper.enforce.auth.enabled=true",
                                           "-Dzookeeper.enforce.auth.schemes=digest"}});
  ZooKeeperLock lock({.path = unique_path()}, connect(server.address()));
  const LockError error = error_of([&] { lock.lock(soon()); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::session_closed_require_sasl_auth);
  EXPECT_THAT(error.what(), HasSubstr("ClientOptions::auth"));
  EXPECT_THAT(error_of([&] {
                const ZooKeeperLock other({.address = server.address(), .path = unique_path()});
              }).what(),
              HasSubstr("ClientOptions::auth"));
  ZooKeeperLock allowed({.address = server.address(),
                         .path = unique_path(),
                         .client = {.auth = {{"digest", "user:password"}}}});
  EXPECT_TRUE(allowed.lock(soon()));
}

TEST(NoServerTest, AnOutageIsLoggedOnce) {
  const auto logger = std::make_shared<RecordingLogger>();
  ZooKeeperServer server;
  const ClientOptions options{.session_timeout = 600ms, .logger = logger};
  const auto first = connect(server.address(), options);
  const auto second = connect(server.address(), options);
  server.kill();
  ASSERT_TRUE(logger->await("lost the connection"));
  // Time for a hundred attempts, 10 ms apart: seen by another client.
  const std::string problem = problem_of(server.address());
  EXPECT_THAT(problem, HasSubstr("Connection refused"));
  const auto lines = logger->lines();
  // libzookeeper also says when its thread was late, on a busy machine.
  const auto is_serious = [](const std::string& line) {
    return line[0] >= '2' && line.find("Exceeded deadline") == std::string::npos;
  };
  EXPECT_LE(std::count_if(lines.begin(), lines.end(), is_serious), 4)
      << ::testing::PrintToString(lines);
  server.restart();
  EXPECT_TRUE(logger->await(" attempts"));
  EXPECT_TRUE(logger->has("connected to " + server.address() + " after "));
}

}  // namespace
}  // namespace zklock::test
