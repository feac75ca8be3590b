// Servers that hang, and connections on which nothing arrives any more, while other servers answer.
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "support/unique_path.h"
#include "support/zookeeper_ensemble.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

/// A holder at one server of three, which is healed at the end.
class SilentServerTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (!server_) return;
    ensemble_.resume(*server_);
    ensemble_.to_clients(*server_).heal();
    ensemble_.wait_until_it_serves();
  }

  /// A lease of a client at a follower: what happens there concerns nobody else.
  void hold(std::chrono::milliseconds session_timeout) {
    while (!server_ || *server_ == ensemble_.leader()) {
      const std::vector<std::size_t> before = connections();
      client_ =
          connect(ensemble_.address(), {.session_timeout = session_timeout, .logger = logger_});
      server_ = the_only_change_since(before);
    }
    lock_ = std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = unique_path()}, client_);
    lease_ = lock_->lock(soon());
    connections_before_ = connections();
  }

  [[nodiscard]] std::vector<std::size_t> connections() {
    std::vector<std::size_t> all;
    all.reserve(ZooKeeperEnsemble::kSize);
    for (int i = 0; i < ZooKeeperEnsemble::kSize; ++i) {
      all.push_back(ensemble_.to_clients(i).connections());
    }
    return all;
  }

  /// None: a server did not let the client in, and it went on to another one.
  [[nodiscard]] std::optional<int> the_only_change_since(const std::vector<std::size_t>& before) {
    const std::vector<std::size_t> after = connections();
    std::vector<int> changed;
    for (int i = 0; i < ZooKeeperEnsemble::kSize; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (after.at(at) != before.at(at)) changed.push_back(i);
    }
    return changed.size() == 1 ? std::optional(changed.front()) : std::nullopt;
  }

  /// Until it is least certain, right before the checks that come at each third of the timeout.
  void await_the_worst_moment(std::chrono::milliseconds session_timeout) {
    ASSERT_TRUE(becomes_true([&] { return lease_.remaining() < session_timeout * 2 / 5; }));
  }

  /// The lease goes on at another server.
  void expect_a_move() {
    SCOPED_TRACE(::testing::PrintToString(logger_->lines()));
    ASSERT_TRUE(becomes_true([&] { return connections() != connections_before_; }));
    EXPECT_NO_THROW(lease_.verify(soon()));
    EXPECT_TRUE(lease_.valid());
    EXPECT_FALSE(lease_.lost().stop_requested());
  }

  static ZooKeeperEnsemble& ensemble() {
    static ZooKeeperEnsemble ensemble;
    return ensemble;
  }

  ZooKeeperEnsemble& ensemble_ = ensemble();
  const std::shared_ptr<RecordingLogger> logger_ = std::make_shared<RecordingLogger>();
  std::optional<int> server_;  // of the client
  std::shared_ptr<ZooKeeperClient> client_;
  std::unique_ptr<ZooKeeperLock> lock_;
  Lease lease_;
  std::vector<std::size_t> connections_before_;
};

TEST_F(SilentServerTest, ALeaseOutlivesTheServerThatFreezes) {
  hold(6s);
  await_the_worst_moment(6s);
  ensemble_.stop(*server_);
  expect_a_move();
}

TEST_F(SilentServerTest, ALeaseOutlivesAConnectionThatDropsEverything) {
  hold(6s);
  await_the_worst_moment(6s);
  ensemble_.to_clients(*server_).hold_to_client();
  ensemble_.to_clients(*server_).hold_to_server();
  expect_a_move();
}

TEST_F(SilentServerTest, TheOnlyServerIsNotLeft) {
  const auto logger = std::make_shared<RecordingLogger>();
  ZooKeeperLock lock({.address = ensemble_.address(0),
                      .path = unique_path(),
                      .client = {.session_timeout = 6s, .logger = logger}});
  const Lease lease = lock.lock(soon());
  const std::vector<std::size_t> before = connections();
  server_ = 0;
  ensemble_.to_clients(0).hold_to_client();
  ASSERT_TRUE(becomes_true([&] { return lease.remaining() < 3s; }));  // it was silent for 3 s
  ensemble_.to_clients(0).heal();
  EXPECT_NO_THROW(lease.verify(soon()));
  EXPECT_EQ(connections(), before);
  EXPECT_FALSE(logger->has("does not answer"));
}

TEST_F(SilentServerTest, AStartPassesAServerThatAcceptsAndSaysNothing) {
  server_ = ensemble_.followers().front();
  ensemble_.stop(*server_);
  std::vector<std::future<std::chrono::nanoseconds>> starts(10);
  for (auto& start : starts) {  // each shuffles the servers for itself
    start = std::async(std::launch::async, [this]() -> std::chrono::nanoseconds {
      const auto begin = std::chrono::steady_clock::now();
      ZooKeeperLock lock({.address = ensemble_.address(), .path = unique_path()});
      EXPECT_TRUE(lock.lock(soon()));
      return std::chrono::steady_clock::now() - begin;
    });
  }
  for (auto& start : starts) EXPECT_LT(start.get(), 5s);
}

TEST_F(SilentServerTest, WhatTheThawedServerStillHadFromTheClientHasNoEffect) {
  hold(6s);
  ensemble_.stop(*server_);
  const std::string path = unique_path() + "-under-way";
  const auto created = client_->create(path, "", Acl::open(), soon());
  EXPECT_EQ(created.error(), ZooKeeperErrc::connection_loss);
  expect_a_move();
  ensemble_.resume(*server_);
  ensemble_.wait_until_it_serves();
  EXPECT_NO_THROW(lease_.verify(soon()));
  EXPECT_EQ(client_->get(path, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_NO_THROW(lock_->unlock(lease_, soon()));
}

}  // namespace
}  // namespace zklock::test
