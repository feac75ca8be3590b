// Servers whose names get new addresses, one after the other, as pods do when they are replaced.
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "client/client.h"
#include "integration/tools.h"
#include "support/loopback_address.h"
#include "support/loopback_proxy.h"
#include "support/silent_host.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"
#include "wire/libzookeeper_dialer.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

/// Three ways to one server, as if these were three servers: names whose addresses the test
/// changes.
class Pods {
 public:
  static constexpr std::size_t kCount = 3;

  explicit Pods(std::uint16_t server) : server_(server) {
    for (std::size_t pod = 0; pod < kCount; ++pod) replace(pod);
  }

  enum class OldAddress { refuses, is_silent };

  /// The name has a new address. At the old one nothing serves any more.
  void replace(std::size_t pod, OldAddress old = OldAddress::refuses) {
    Pod& changed = pods_.at(pod);
    if (changed.proxy) changed.proxy->refuse();  // with a reset, its port is free at once
    changed.proxy.reset();
    if (!changed.ip.empty() && old == OldAddress::is_silent)
      silent_.emplace_back(changed.ip, changed.port);
    const std::string ip = "127.0.7." + std::to_string(++last_address_);
    changed.proxy = std::make_unique<LoopbackProxy>(server_, loopback_address(ip, changed.port));
    changed.port = changed.proxy->port();
    changed.ip = ip;
    const std::scoped_lock lock(mutex_);
    addresses_[name_of(pod)] = ip;
  }

  [[nodiscard]] internal::Address address() const {
    internal::Address address;
    for (std::size_t pod = 0; pod < kCount; ++pod) {
      address.servers.push_back({name_of(pod), pods_.at(pod).port});
    }
    return address;
  }

  [[nodiscard]] internal::HostAddresses look_up(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    return {{addresses_.at(name)}};
  }

 private:
  struct Pod {
    std::string ip{};
    std::uint16_t port = 0;  // stays the same
    std::unique_ptr<LoopbackProxy> proxy{};
  };

  static std::string name_of(std::size_t pod) { return "zookeeper-" + std::to_string(pod); }

  const std::uint16_t server_;
  std::array<Pod, kCount> pods_{};
  std::list<SilentHost> silent_{};
  int last_address_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> addresses_;  // guarded by mutex_
};

class MovedServersTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<ZooKeeperClient> connect(const ClientOptions& options) const {
    auto client = std::make_shared<internal::Client>(
        internal::libzookeeper_dialer("the pods", pods_.address(), options,
                                      [this](const auto& name) { return pods_.look_up(name); }),
        options, "/");
    client->await_session(options.connect_timeout);
    return client;
  }

  /// Replaces each twice, one after the other.
  void hold_while_they_are_replaced(const ClientOptions& options, Pods::OldAddress old) {
    ZooKeeperLock lock({.path = unique_path()}, connect(options));
    const Lease lease = lock.lock(soon());
    for (std::size_t move = 0; move < 2 * Pods::kCount; ++move) {
      pods_.replace(move % Pods::kCount, old);
      ASSERT_NO_THROW(lease.verify(soon())) << "after move " << move;
    }
    EXPECT_TRUE(lease.valid());
  }

  Pods pods_{ZooKeeperServer::shared().port()};
};

TEST_F(MovedServersTest, ALeaseOutlivesServersThatAreReplacedOneAfterTheOther) {
  hold_while_they_are_replaced({}, Pods::OldAddress::refuses);
}

TEST_F(MovedServersTest, ALeaseOutlivesServersWhoseOldAddressesDoNotAnswer) {
  hold_while_they_are_replaced({.session_timeout = 40s}, Pods::OldAddress::is_silent);
}

}  // namespace
}  // namespace zklock::test
