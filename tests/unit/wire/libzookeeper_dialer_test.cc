// When the dialer of production says that the servers have moved. Its handle is a real one, which
// gets no answer.
#include "wire/libzookeeper_dialer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "support/silent_host.h"
#include "support/virtual_clock.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;

class NoListener final : public WireListener {
 public:
  void on_connected(const SessionIdentity&) override {}
  void on_disconnected() override {}
  void on_expired() override {}
  void on_auth_failed() override {}
  void on_watch(WatchEvent::Type, const std::string&) override {}
};

class LibZooKeeperDialerTest : public ::testing::Test {
 protected:
  LibZooKeeperDialerTest() : wire_(dialer_->dial(std::make_shared<NoListener>(), nullptr).wire) {}
  void TearDown() override {
    if (wire_) wire_->close();
  }

  [[nodiscard]] static HostPort silent_server(const test::SilentHost& host) {
    const std::string name = host.name();
    const int port = std::stoi(name.substr(name.find(':') + 1));
    return {"zk1", static_cast<std::uint16_t>(port)};
  }

  zklock::testing::VirtualClock time_;
  const test::SilentHost host_;
  std::string ip_ = "127.0.0.1";
  std::chrono::nanoseconds look_up_takes_ = 0s;
  const std::unique_ptr<Dialer> dialer_ =
      libzookeeper_dialer("zk1", {.servers = {silent_server(host_)}}, {}, [this](const auto&) {
        time_.advance(look_up_takes_);
        return HostAddresses{{ip_}};
      });
  const std::shared_ptr<Wire> wire_;
};

TEST_F(LibZooKeeperDialerTest, HowLongALookUpTakesIsNoPatience) {
  ASSERT_TRUE(wire_);
  ip_ = "127.0.0.2";
  EXPECT_FALSE(dialer_->servers_have_moved()) << "the handle may yet take them";
  look_up_takes_ = 1min;
  EXPECT_FALSE(dialer_->servers_have_moved());
  EXPECT_TRUE(dialer_->servers_have_moved());
}

TEST_F(LibZooKeeperDialerTest, ServersThatAreBackHaveNotMoved) {
  ASSERT_TRUE(wire_);
  ip_ = "127.0.0.2";
  dialer_->look_up_servers();
  time_.advance(1min);
  ip_ = "127.0.0.1";
  EXPECT_FALSE(dialer_->servers_have_moved());
}

}  // namespace
}  // namespace zklock::internal
