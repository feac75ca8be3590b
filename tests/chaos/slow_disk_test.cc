// A create of unknown outcome, when its client comes to a follower that has not received it because
// of slow disks.
//
// One stalled disk does not keep a follower behind: what the others have agreed on it shows its
// clients before it is on its own disk. Nor does a slow network: a session is taken over behind
// what was committed before, since the leader sends both over one connection. Two stalled disks do:
// the leader has ordered the create, and cannot commit it. The client finds its session again, but
// a queue without its claim, which still appears later.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/slow_disk.h"
#include "support/unique_path.h"
#include "support/zookeeper_ensemble.h"

namespace zklock::chaos {
namespace {

using namespace std::chrono_literals;
using test::answer_to;
using test::becomes_true;
using test::granted;
using test::is_ready;
using test::lock_async;
using test::LoopbackProxy;
using test::Op;
using test::SlowDisk;
using test::soon;
using test::ZooKeeperEnsemble;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using Disks = std::array<SlowDisk, ZooKeeperEnsemble::kSize>;

constexpr int kRounds = 20;

/// The end of a claim's name, if `count` were made in its directory before.
std::string sequence(int count) {
  const std::string digits = std::to_string(count);
  return "-" + std::string(10 - digits.size(), '0') + digits;
}

test::ZooKeeperEnsembleOptions with(const Disks& disks) {
  test::ZooKeeperEnsembleOptions options;
  for (std::size_t i = 0; i < disks.size(); ++i) {
    options.own_variables.at(i) = disks.at(i).variables();
  }
  return options;
}

/// One lock's client can only reach one of the two followers at a time.
class SlowDiskTest : public ::testing::Test {
 protected:
  SlowDiskTest() {
    way_to(1).refuse();
    client_ = connect(ensemble_.address(followers_[0]) + "," + ensemble_.address(followers_[1]),
                      {.session_timeout = 6s});
    other_.unlock(other_.lock(soon()), soon());  // makes the directory
  }

  // Of the followers 0 and 1.
  [[nodiscard]] LoopbackProxy& way_to(std::size_t follower) {
    return ensemble_.to_clients(followers_.at(follower));
  }
  [[nodiscard]] const SlowDisk& disk(std::size_t follower) const {
    return disks_.at(static_cast<std::size_t>(followers_.at(follower)));
  }
  /// What clients of the follower see of the directory.
  [[nodiscard]] std::vector<std::string> claims_at(std::size_t follower) const {
    const Result<Children> list = direct_.at(follower)->children(path_, soon());
    EXPECT_TRUE(list) << list.error().message();
    return list ? list->names : std::vector<std::string>();
  }

  /// How many writes the leader has ordered so far.
  [[nodiscard]] int proposals() const {
    std::istringstream answer(ensemble_.server(leader_).ask("mntr"));
    for (std::string name, value; answer >> name && std::getline(answer, value);) {
      if (name == "zk_proposal_count") return std::stoi(value);
    }
    return 0;
  }

  /// The claim of a round is the only one: it was made once, and is gone when it is released.
  void expect_one_claim(ZooKeeperLock& lock, std::future<Lease>& locking, int round) {
    const Lease lease = granted(locking);
    ASSERT_TRUE(lease) << "not granted; claims in the queue: " << other_.entries(soon()).size();
    EXPECT_TRUE(lease.valid());
    EXPECT_THAT(lease.znode(), EndsWith(sequence(round + 1))) << "it is the one first made";
    EXPECT_TRUE(becomes_queue_of(1));
    lock.unlock(lease, soon());
    EXPECT_TRUE(becomes_queue_of(0));
  }
  /// A follower may have answered its client before the leader shows it to others.
  [[nodiscard]] bool becomes_queue_of(std::size_t claims) {
    return becomes_true([&] { return other_.entries(soon()).size() == claims; });
  }
  /// Nor has one come later.
  void expect_no_other_claims() {
    EXPECT_EQ(testing::as_claim_client(client_)->pending_removals().count, 0U);
    EXPECT_TRUE(becomes_queue_of(0));
    EXPECT_EQ(at_leader_->get(path_, soon())->stat.cversion, 2 * (kRounds + 1))
        << "each round is one create and one delete, and so was the first";
  }

  const Disks disks_;  // before the servers: they look at them
  ZooKeeperEnsemble ensemble_{with(disks_)};
  const int leader_ = ensemble_.leader();
  const std::vector<int> followers_ = ensemble_.followers();
  const std::string path_ = test::unique_path();
  // These do not go through proxies.
  const std::shared_ptr<ClaimClient> at_leader_ =
      testing::connect_claim_client(ensemble_.server(leader_).address());
  const std::array<std::shared_ptr<ZooKeeperClient>, 2> direct_ = {
      connect(ensemble_.server(followers_[0]).address()),
      connect(ensemble_.server(followers_[1]).address())};
  ZooKeeperLock other_{{.path = path_}, at_leader_};
  std::shared_ptr<ZooKeeperClient> client_;
};

TEST_F(SlowDiskTest, UncommittedClaimIsWaitedForAtTheOtherFollower) {
  ZooKeeperLock lock({.path = path_}, client_);
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const std::size_t from = static_cast<std::size_t>(round) % 2;
    const std::size_t to = 1 - from;
    const int before = proposals();
    disk(from).stall();
    disk(to).stall();
    std::future<Lease> locking = lock_async(lock);
    ASSERT_TRUE(becomes_true([&] { return proposals() > before; })) << "the create";
    way_to(from).refuse();
    way_to(to).heal();
    ASSERT_TRUE(becomes_true([&] { return proposals() > before + 1; })) << "the look for it";
    EXPECT_THAT(claims_at(to), IsEmpty()) << "it has not been committed";
    EXPECT_FALSE(is_ready(locking));
    disk(from).recover();
    disk(to).recover();
    ASSERT_NO_FATAL_FAILURE(expect_one_claim(lock, locking, round));
  }
  expect_no_other_claims();
}

TEST_F(SlowDiskTest, ClaimWhoseAnswerWasLostIsFoundAtAFollowerWithASlowDisk) {
  ZooKeeperLock lock({.path = path_}, client_);
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const std::size_t from = static_cast<std::size_t>(round) % 2;
    const std::size_t to = 1 - from;
    const std::size_t met = way_to(from).met();
    disk(to).stall();
    way_to(from).refuse_at(answer_to(Op::create, path_));
    way_to(to).heal();
    std::future<Lease> locking = lock_async(lock);
    ASSERT_TRUE(way_to(from).meets(met + 1));
    ASSERT_NO_FATAL_FAILURE(expect_one_claim(lock, locking, round)) << "its disk still stalls";
    disk(to).recover();
  }
  expect_no_other_claims();
}

}  // namespace
}  // namespace zklock::chaos
