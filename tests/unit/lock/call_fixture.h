// call_fixture.h: one call of `lock` on a mock of the client, for tests of its parts.
#ifndef ZKLOCK_TESTS_UNIT_LOCK_CALL_FIXTURE_H_
#define ZKLOCK_TESTS_UNIT_LOCK_CALL_FIXTURE_H_

#include <gmock/gmock.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "lock/enqueue.h"
#include "lock/lock_call.h"
#include "queue/metadata.h"
#include "support/mock_claim_client.h"
#include "support/virtual_clock.h"

namespace zklock::internal {

using namespace std::chrono_literals;

/// The own claim is "own-9" in "/locks". What is read exists, over connection 1.
class LockCallTest : public ::testing::Test {
 protected:
  using Mock = ::testing::StrictMock<zklock::testing::MockClaimClient>;

  explicit LockCallTest(std::chrono::milliseconds ttl = 0ms) {
    settings_->path = "/locks";
    settings_->ttl = ttl;
    settings_->client = client_;
    settings_->local_queue = std::make_shared<LocalQueue>();
    claim_.client = client_;
    claim_.created.path = kOwn;
    claim_.node = ClaimNode(claim_.created);
    claim_.stamp = {.zxid = 100, .time = {}, .known_at = time_.steady_now()};
  }

  static Znode znode(std::int64_t czxid, std::uint64_t connection = 1) {
    return {.stat = {.czxid = czxid, .mzxid = czxid, .ephemeral_owner = 7},
            .connection = connection};
  }
  /// The next read of this path with a watch answers so.
  void expect_watch(const std::string& path, const Result<Znode>& answer) {
    EXPECT_CALL(*zk_, get_and_watch(path, ::testing::_, ::testing::_))
        .WillOnce([this, path, answer](const auto&, const auto& watcher, const auto&) {
          watchers_[path] = watcher;
          return answer;
        });
  }
  /// The watch of this path reports.
  void report(const std::string& path, WatchEvent::Type type, std::uint64_t connection = 1) {
    watchers_.at(path)->on_event({type, path, connection});
  }

  static constexpr const char* kOwn = "/locks/own-9";

  zklock::testing::VirtualClock time_;
  const std::shared_ptr<Mock> zk_ = std::make_shared<Mock>();
  const std::shared_ptr<ClaimClient> client_ = zk_;
  const std::shared_ptr<LockSettings> settings_ = std::make_shared<LockSettings>();
  HolderMemory memory_;
  UncontendedPath uncontended_path_;
  LockCall call_{settings_, memory_, uncontended_path_, "user1", Context()};
  QueuedClaim claim_;
  std::map<std::string, std::shared_ptr<Watcher>> watchers_;  // by path
};

}  // namespace zklock::internal

#endif  // ZKLOCK_TESTS_UNIT_LOCK_CALL_FIXTURE_H_
