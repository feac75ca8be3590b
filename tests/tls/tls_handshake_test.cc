// Servers that do not go on with the TLS handshake. libzookeeper waits for them without a limit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <zklock/libzookeeper_client.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "cli/file_descriptor.h"
#include "integration/tools.h"
#include "support/loopback_address.h"
#include "tls/tls_stage.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Says this to each client, then nothing.
class StallingServer {
 public:
  explicit StallingServer(std::string greeting) : greeting_(std::move(greeting)) {
    sockaddr_in address = loopback_address(0);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), raw, size) != 0 || ::listen(socket_.get(), 16) != 0 ||
        ::getsockname(socket_.get(), raw, &size) != 0) {
      throw std::system_error(errno, std::generic_category(), "listen");
    }
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { run(); });
  }
  ~StallingServer() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  void run() {
    std::vector<cli::FileDescriptor> clients;
    for (int client; (client = ::accept(socket_.get(), nullptr, nullptr)) >= 0;) {
      clients.emplace_back(client, "accept");
      ::send(client, greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
    }
  }

  const std::string greeting_;
  cli::FileDescriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"};
  std::string address_;
  std::thread thread_;
};

/// The beginning of a record of a handshake.
std::string half_a_record() { return {"\x16\x03\x03\x00\x7a\x02", 6}; }

class TlsHandshakeTest : public ::testing::TestWithParam<std::string> {
 protected:
  static TlsStage& stage() { return TlsStage::shared(); }
  static void SetUpTestSuite() { stage(); }  // not while time is measured

  const StallingServer stalling_{GetParam()};
};

TEST_P(TlsHandshakeTest, ConnectingKeepsItsTimeout) {
  const auto began = std::chrono::steady_clock::now();
  const LockError error = error_of_connecting(
      stalling_.address(), {.session_timeout = 1s, .connect_timeout = 2s, .tls = stage().tls()});
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
  EXPECT_EQ(error.code(), Errc::no_server_answered);
  EXPECT_THAT(error.what(), HasSubstr(stalling_.address() +
                                      ": accepted the connection, but did not answer: no TLS "
                                      "handshake"));
}

TEST_P(TlsHandshakeTest, AnotherServerIsTried) {
  for (int i = 0; i < 4; ++i) {  // libzookeeper begins anywhere in the list
    const auto client = connect(stalling_.address() + "," + stage().address(),
                                {.session_timeout = 3s, .tls = stage().tls()});
    EXPECT_TRUE(client->children("/", soon()));
  }
}

TEST_P(TlsHandshakeTest, ClosingEnds) {
  const auto kept = connect(stage().address(), stage().client_options());
  ASSERT_TRUE(kept->children("/", soon()));
  const int before = count_threads();
  static_cast<void>(
      error_of_connecting(stalling_.address(),
                          {.session_timeout = 1s, .connect_timeout = 200ms, .tls = stage().tls()}));
  EXPECT_TRUE(becomes_true([&] { return count_threads() <= before; }))
      << "closing a handle waits for its threads";
  EXPECT_TRUE(kept->children("/", soon()));
}

INSTANTIATE_TEST_SUITE_P(Saying, TlsHandshakeTest, ::testing::Values("", half_a_record()),
                         [](const auto& instance) {
                           return instance.param.empty() ? std::string("Nothing")
                                                         : std::string("HalfARecord");
                         });

}  // namespace
}  // namespace zklock::test
