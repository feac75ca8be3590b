// Which descriptors get close-on-exec, and which do not.
#include "wire/close_on_exec.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "cli/file_descriptor.h"
#include "support/loopback_address.h"

namespace zklock::internal {
namespace {

bool is_inherited(int descriptor) { return (::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) == 0; }
bool is_inherited(const cli::FileDescriptor& descriptor) { return is_inherited(descriptor.get()); }

/// Accepts none, so that further connections stay in between.
struct Listener {
  Listener() {
    sockaddr_in address = test::loopback_address(0);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket.get(), raw, size), 0);
    EXPECT_EQ(::listen(socket.get(), 0), 0);
    EXPECT_EQ(::getsockname(socket.get(), raw, &size), 0);
    port = ntohs(address.sin_port);
  }
  [[nodiscard]] std::string name() const { return "127.0.0.1:" + std::to_string(port); }
  [[nodiscard]] cli::FileDescriptor connect() const {
    cli::FileDescriptor connection(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
    const sockaddr_in address = test::loopback_address(port);
    EXPECT_EQ(
        ::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        -1);
    EXPECT_EQ(errno, EINPROGRESS);
    return connection;
  }

  cli::FileDescriptor socket{::socket(AF_INET, SOCK_STREAM, 0), "socket"};
  std::uint16_t port = 0;
};

bool is_connected(const cli::FileDescriptor& socket) {
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  return ::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

TEST(CloseOnExecTest, ConnectionsToTheServersAreNotInherited) {
  const Listener server;
  std::vector<cli::FileDescriptor> connections;
  for (int i = 0; i < 4; ++i) connections.push_back(server.connect());
  ASSERT_TRUE(is_connected(connections.front()));
  ASSERT_FALSE(is_connected(connections.back())) << "it is still connecting";
  close_connections_on_exec({"10.0.0.1:2181", server.name()});
  for (const cli::FileDescriptor& connection : connections) EXPECT_FALSE(is_inherited(connection));
}

TEST(CloseOnExecTest, OtherDescriptorsAreLeftAlone) {
  const Listener server;
  const Listener other;
  const cli::FileDescriptor connection = other.connect();
  const cli::FileDescriptor unconnected(::socket(AF_INET, SOCK_STREAM, 0), "socket");
  const cli::FileDescriptor datagrams(::socket(AF_INET, SOCK_DGRAM, 0), "socket");
  const sockaddr_in address = test::loopback_address(server.port);
  ASSERT_EQ(::connect(datagrams.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
  close_connections_on_exec({server.name()});
  for (const int descriptor :
       {connection.get(), unconnected.get(), datagrams.get(), server.socket.get(), STDERR_FILENO}) {
    EXPECT_TRUE(is_inherited(descriptor)) << descriptor;
  }
}

struct Pipe {
  explicit Pipe(int flags = O_NONBLOCK) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), flags), 0);
    reader = cli::FileDescriptor(ends[0], "pipe2");
    writer = cli::FileDescriptor(ends[1], "pipe2");
  }
  [[nodiscard]] bool is_inherited() const {
    EXPECT_EQ(internal::is_inherited(reader), internal::is_inherited(writer));
    return internal::is_inherited(reader);
  }
  cli::FileDescriptor reader;
  cli::FileDescriptor writer;
};

template <class Open>
auto open_meanwhile(const Open& open) {
  const HandlePipe pipe;
  return open();
}

TEST(CloseOnExecTest, ThePipeOfANewHandleIsNotInherited) {
  const Pipe before;
  const Pipe pipe = open_meanwhile([] { return Pipe(); });
  EXPECT_FALSE(pipe.is_inherited());
  EXPECT_TRUE(before.is_inherited());
}

TEST(CloseOnExecTest, APipeThatAHandleWouldNotOpenIsLeftAlone) {
  const Pipe pipe = open_meanwhile([] { return Pipe(0); });
  EXPECT_TRUE(pipe.is_inherited());
  const auto [with_copy, copy] = open_meanwhile([] {
    Pipe ends;
    cli::FileDescriptor end(::dup(ends.reader.get()), "dup");
    return std::pair(std::move(ends), std::move(end));
  });
  EXPECT_TRUE(with_copy.is_inherited());
  EXPECT_TRUE(is_inherited(copy));
}

TEST(CloseOnExecTest, PipesThatCannotBeToldApartAreLeftAlone) {
  const auto [first, second] = open_meanwhile([] { return std::pair(Pipe(), Pipe()); });
  EXPECT_TRUE(first.is_inherited());
  EXPECT_TRUE(second.is_inherited());
}

}  // namespace
}  // namespace zklock::internal
