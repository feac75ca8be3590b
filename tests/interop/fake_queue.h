// fake_queue.h: contenders of several kinds for one lock on the fake ensemble.
#ifndef ZKLOCK_TESTS_INTEROP_FAKE_QUEUE_H_
#define ZKLOCK_TESTS_INTEROP_FAKE_QUEUE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "interop/kafka_kit_lock.h"

namespace zklock::test {

using namespace std::chrono_literals;
using Outcome = KafkaKitLock::Outcome;

class FakeQueueTest : public ::testing::Test {
 protected:
  static constexpr const char* kPath = "/locks";

  FakeQueueTest() { zookeeper_.create(kPath); }
  void TearDown() override {
    over_.request_stop();
    zookeeper_.settle();
  }

  /// One of ours, with a session of its own.
  [[nodiscard]] std::shared_ptr<ZooKeeperLock> ours(std::chrono::milliseconds ttl = 0ms) {
    return std::make_shared<ZooKeeperLock>(ZooKeeperLockConfig{.path = kPath, .ttl = ttl},
                                           zookeeper_.connect());
  }
  [[nodiscard]] std::shared_ptr<KafkaKitLock> kafka_kit(std::chrono::milliseconds ttl = 0ms) {
    return std::make_shared<KafkaKitLock>(zookeeper_.connect(), kPath, ttl);
  }
  /// Ours or kafka-kit's: it is in the queue when this returns, and waits until the test is over.
  template <class AnyLock>
  [[nodiscard]] auto queue_up(const std::shared_ptr<AnyLock>& lock, const Context& context = {}) {
    auto waiting =
        zookeeper_.in_background([lock, bounded = context.with_stop_token(over_.get_token())] {
          return lock->lock(bounded);
        });
    zookeeper_.settle();
    return waiting;
  }
  template <class T>
  [[nodiscard]] static bool is_ready(const std::future<T>& waiting) {
    return waiting.wait_for(0s) == std::future_status::ready;
  }
  /// Full paths, in the order of their creation.
  [[nodiscard]] std::vector<std::string> queue() const { return zookeeper_.children(kPath); }
  [[nodiscard]] bool exists(const std::string& znode) const {
    return zookeeper_.get(znode).has_value();
  }

  zklock::testing::FakeZooKeeper zookeeper_;
  std::stop_source over_;  // stop is requested when the test is over
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEROP_FAKE_QUEUE_H_
