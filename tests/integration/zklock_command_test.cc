// `zklock`, run as a process, says and does what its --help says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <zklock/zookeeper_lock.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "integration/tools.h"
#include "support/subprocess.h"
#include "support/temporary_directory.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using Json = nlohmann::json;

class ZklockCommandTest : public ::testing::Test {
 protected:
  Subprocess start(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), ZKLOCK_COMMAND);
    return Subprocess(std::move(arguments), {"ZKLOCK_ADDRESS=" + address_});
  }
  /// Its output. Expects this exit status.
  std::string output_of(std::vector<std::string> arguments, int status = 0) const {
    Subprocess program = start(std::move(arguments));
    EXPECT_THAT(program.wait_for_exit(), Optional(status)) << program.standard_error();
    return program.standard_output();
  }
  /// What it complains of. Expects this exit status.
  std::string complaint_of(std::vector<std::string> arguments, int status) const {
    Subprocess program = start(std::move(arguments));
    EXPECT_THAT(program.wait_for_exit(), Optional(status)) << program.standard_output();
    return program.standard_error();
  }
  /// A contender that waits behind the holder.
  std::future<Lease> queue_up(ZooKeeperLock& lock) const {
    auto lease = lock_async(lock);
    EXPECT_TRUE(becomes_true([&] { return holder_.entries(soon()).size() == 2; }));
    return lease;
  }

  const std::string address_ = ZooKeeperServer::shared().address();
  const std::string path_ = unique_path();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(address_);
  ZooKeeperLock holder_{{.path = path_, .owner_key = "owner"}, client_};
  ZooKeeperLock waiter_{{.path = path_}, client_};
  const Context as_nightly_ = soon().with_value("owner", "nightly");
};

TEST_F(ZklockCommandTest, StatusTellsWhetherTheLockIsHeld) {
  EXPECT_EQ(output_of({"status", path_}), "free\n");
  const Lease lease = holder_.lock(as_nightly_);
  EXPECT_THAT(output_of({"status", path_}, 1), HasSubstr("held by nightly on "));
  EXPECT_EQ(output_of({"status", "--quiet", path_}, 1), "");
}

TEST_F(ZklockCommandTest, ListShowsTheHolderAndTheWaitersInOrder) {
  EXPECT_EQ(output_of({"ls", path_}), path_ + ": free\n");
  const Lease lease = holder_.lock(as_nightly_);
  auto waiting = queue_up(waiter_);
  EXPECT_THAT(output_of({"ls", path_}), HasSubstr(path_ + ": held, 1 waiting\n"));
  const Json claims = Json::parse(output_of({"ls", "--json", path_}));
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0]["znode"], lease.znode());
  EXPECT_EQ(claims[0]["fencing_token"], lease.fencing_token());
  EXPECT_EQ(claims[0]["owner"], "nightly");
  EXPECT_EQ(claims[1]["position"], 1);
  holder_.unlock(lease, soon());
  EXPECT_TRUE(granted(waiting));
}

TEST_F(ZklockCommandTest, ListFindsAllLocksThatAreHeldBelowAPath) {
  ZooKeeperLock deep({.path = path_ + "/reports/daily-7"}, client_);
  ZooKeeperLock free({.path = path_ + "/reports/weekly"}, client_);
  const Lease first = holder_.lock(soon());
  const Lease second = deep.lock(soon());
  free.unlock(free.lock(soon()), soon());
  const Json claims = Json::parse(output_of({"ls", "--recursive", "--json", path_}));
  ASSERT_EQ(claims.size(), 2U);
  EXPECT_EQ(claims[0]["path"], path_);
  EXPECT_EQ(claims[1]["path"], path_ + "/reports/daily-7");
  EXPECT_THAT(output_of({"ls", "--recursive", path_ + "/nothing"}), HasSubstr("no lock is held"));
}

TEST_F(ZklockCommandTest, ListShowsWhatItMayReadAndNamesTheRest) {
  const std::shared_ptr<ZooKeeperClient> other =
      connect(address_, {.auth = {{.scheme = "digest", .credentials = "ann:secret"}}});
  ZooKeeperLock secret({.path = path_ + "/secret", .acl = Acl::creator_all()}, other);
  const Lease first = holder_.lock(as_nightly_);
  const Lease hidden = secret.lock(soon());
  Subprocess list = start({"ls", "--recursive", path_});
  EXPECT_THAT(list.wait_for_exit(), Optional(77));
  EXPECT_THAT(list.standard_output(), HasSubstr("nightly"));
  EXPECT_EQ(list.standard_error(), "zklock: cannot list " + path_ + "/secret: no permission\n");
}

TEST_F(ZklockCommandTest, WatchingShowsEachChangeUntilASignal) {
  Subprocess watch = start({"ls", "--watch", path_ + "/"});
  ASSERT_TRUE(watch.wait_for_line(path_ + ": free"));
  EXPECT_EQ(client_->get(path_, soon()).error(), ZooKeeperErrc::no_node) << "it only looks";
  const Lease lease = holder_.lock(as_nightly_);
  EXPECT_TRUE(watch.wait_for_line("holds +nightly"));
  auto waiting = queue_up(waiter_);
  EXPECT_TRUE(watch.wait_for_line(path_ + ": held, 1 waiting"));
  watch.signal(SIGTERM);
  EXPECT_THAT(watch.wait_for_exit(), Optional(128 + SIGTERM));
  EXPECT_EQ(watch.standard_error(), "");
  holder_.unlock(lease, soon());
  EXPECT_TRUE(granted(waiting));
}

TEST_F(ZklockCommandTest, ClaimsOfKazooCount) {
  holder_.unlock(holder_.lock(soon()), soon());  // makes the directory
  const Result<Created> claim = client_->create_protected_ephemeral_sequential(
      path_ + "/0123456789abcdef__lock__", "db7", Acl::open(), soon());
  ASSERT_TRUE(claim);
  EXPECT_THAT(output_of({"status", path_}, 1), HasSubstr("held by somebody"));
  EXPECT_THAT(output_of({"break", "--yes", claim->path}), HasSubstr("broke the claim"));
  EXPECT_EQ(output_of({"status", path_}), "free\n");
}

TEST_F(ZklockCommandTest, WaitReturnsWhenNobodyHoldsTheLockAndTakesNothing) {
  EXPECT_EQ(output_of({"wait", path_}), "");
  const Lease lease = holder_.lock(as_nightly_);
  EXPECT_THAT(complaint_of({"wait", "--timeout", "3s", path_}, 75),
              HasSubstr("last seen: held by nightly"));
  Subprocess wait = start({"wait", path_});
  ASSERT_TRUE(wait.wait_for_line("waiting for nightly"));
  EXPECT_EQ(holder_.entries(soon()).size(), 1U);
  holder_.unlock(lease, soon());
  EXPECT_THAT(wait.wait_for_exit(), Optional(0));
}

TEST_F(ZklockCommandTest, BreakRemovesExactlyTheClaimThatIsNamed) {
  const Lease lease = holder_.lock(as_nightly_);
  auto waiting = queue_up(waiter_);
  EXPECT_THAT(complaint_of({"break", lease.znode()}, 64), HasSubstr("--yes"));
  EXPECT_THAT(complaint_of({"break", "--yes", "--if-token", "1", lease.znode()}, 70),
              HasSubstr("its fencing token is " + std::to_string(lease.fencing_token())));
  EXPECT_TRUE(lease.valid());
  const std::string token = std::to_string(lease.fencing_token());
  EXPECT_THAT(output_of({"break", "--yes", "--if-token", token, lease.znode()}),
              HasSubstr("broke the claim of nightly on "));
  EXPECT_TRUE(is_stopped(lease.lost()));
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
  EXPECT_TRUE(granted(waiting));
  EXPECT_THAT(complaint_of({"break", "--yes", lease.znode()}, 70), HasSubstr("no such znode"));
}

TEST_F(ZklockCommandTest, BreakRefusesWhatIsNoClaim) {
  const Lease lease = holder_.lock(soon());
  EXPECT_THAT(complaint_of({"break", "--yes", path_}, 70), HasSubstr("no claim"));
  ASSERT_TRUE(client_->create(path_ + "/config-1", "", Acl::open(), soon()));
  EXPECT_THAT(complaint_of({"break", "--yes", path_ + "/config-1"}, 70), HasSubstr("no claim"));
  EXPECT_TRUE(client_->get(path_ + "/config-1", soon()));
}

TEST_F(ZklockCommandTest, SaysWhatIsWrongByItsExitStatus) {
  EXPECT_THAT(
      complaint_of({"status", "--address", "127.0.0.1:1", "--answer-timeout", "300ms", path_}, 69),
      HasSubstr("127.0.0.1:1"));
  complaint_of({"status", "--address", "no port:x", path_}, 64);
  EXPECT_THAT(complaint_of({"break", "--yes", "--if-token", "", path_ + "/c-1"}, 64),
              HasSubstr("--if-token"));
  Subprocess full(
      {"sh", "-c", "exec " + std::string(ZKLOCK_COMMAND) + " ls " + path_ + " >/dev/full"},
      {"ZKLOCK_ADDRESS=" + address_});
  EXPECT_THAT(full.wait_for_exit(), Optional(74));
  EXPECT_THAT(full.standard_error(), HasSubstr("standard output"));
}

TEST_F(ZklockCommandTest, AFileSaysWhoTheUserIs) {
  const std::shared_ptr<ZooKeeperClient> owner =
      connect(address_, {.auth = {{.scheme = "digest", .credentials = "ann:secret"}}});
  ZooKeeperLock secret({.path = path_, .acl = Acl::creator_all()}, owner);
  const Lease lease = secret.lock(soon());
  EXPECT_EQ(complaint_of({"ls", path_}, 77), "zklock: cannot list " + path_ +
                                                 ": no permission (ZKLOCK_AUTH_FILE says who you "
                                                 "are)\n");
  const TemporaryDirectory directory;
  const std::string file = directory.path() / "auth";
  std::ofstream(file) << "# for the locks\ndigest ann:secret\n";
  Subprocess list({ZKLOCK_COMMAND, "ls", path_},
                  {"ZKLOCK_ADDRESS=" + address_, "ZKLOCK_AUTH_FILE=" + file});
  EXPECT_THAT(list.wait_for_exit(), Optional(0)) << list.standard_error();
  EXPECT_THAT(list.standard_output(), HasSubstr("held"));
}

}  // namespace
}  // namespace zklock::test
