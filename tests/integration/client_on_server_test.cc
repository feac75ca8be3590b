// The operations of the client that `connect` gives, on a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/logger.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::UnorderedElementsAre;

constexpr std::int32_t kAny = ZooKeeperClient::kAnyVersion;

/// One client through a proxy, and one that sees what the server sees.
class ClientOnServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static_cast<void>(other_->create("/zklock-test", "", Acl::open(), soon()));  // may exist
    ASSERT_TRUE(other_->create(path_, "data", Acl::open(), soon()));
  }

  std::string claim() {
    const Result<Created> created =
        client_->create_protected_ephemeral_sequential(path_ + "/lock-", "", Acl::open(), soon());
    return created ? created->path : "";
  }
  [[nodiscard]] bool exists(const std::string& path) const {
    return other_->get(path, soon()).has_value();
  }

  ZooKeeperServer& server_ = ZooKeeperServer::shared();
  LoopbackProxy proxy_{server_.port()};
  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingLogger> log_ = std::make_shared<RecordingLogger>();
  const std::shared_ptr<ClaimClient> client_ =
      testing::connect_claim_client(proxy_.address(), {.logger = log_});
  const std::shared_ptr<ClaimClient> other_ = testing::connect_claim_client(server_.address());
};

TEST_F(ClientOnServerTest, CreatesAPersistentNode) {
  const std::string data("a\0b\xff", 4);
  const Result<Created> created = client_->create(path_ + "/a", data, Acl::open(), soon());
  ASSERT_TRUE(created);
  EXPECT_EQ(created->path, path_ + "/a");
  const Result<Znode> znode = other_->get(path_ + "/a", soon());
  ASSERT_TRUE(znode);
  EXPECT_EQ(znode->data, data);
  EXPECT_EQ(znode->stat, created->stat);
  EXPECT_EQ(znode->stat.ephemeral_owner, 0);
  EXPECT_EQ(znode->stat.data_length, 4);
  EXPECT_GT(znode->stat.czxid, 0);
  const auto now = std::chrono::system_clock::now();
  EXPECT_LT(znode->stat.ctime, now + 1min);
  EXPECT_GT(znode->stat.ctime, now - 1min);
}

TEST_F(ClientOnServerTest, ReadsBackEmptyData) {
  ASSERT_TRUE(client_->create(path_ + "/a", "", Acl::open(), soon()));
  const Result<Znode> znode = client_->get(path_ + "/a", soon());
  ASSERT_TRUE(znode);
  EXPECT_EQ(znode->data, "");
}

TEST_F(ClientOnServerTest, SetsAndChecksByVersion) {
  const Result<Stat> first = client_->set(path_, "one", 0, soon());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->version, 1);
  EXPECT_EQ(client_->set(path_, "two", 0, soon()).error(), ZooKeeperErrc::bad_version);
  EXPECT_EQ(other_->get(path_, soon())->data, "one");
  EXPECT_TRUE(client_->set(path_, "two", kAny, soon()));

  EXPECT_TRUE(client_->check(path_, 2, soon()));
  EXPECT_TRUE(client_->check(path_, kAny, soon()));
  EXPECT_EQ(client_->check(path_, 1, soon()).error(), ZooKeeperErrc::bad_version);
  EXPECT_EQ(client_->check(path_ + "/none", kAny, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(other_->get(path_, soon())->stat.version, 2) << "checking changes nothing";
}

TEST_F(ClientOnServerTest, RemovesByVersion) {
  ASSERT_TRUE(client_->set(path_, "", kAny, soon()));
  EXPECT_EQ(client_->remove(path_, 0, soon()).error(), ZooKeeperErrc::bad_version);
  ASSERT_TRUE(client_->create(path_ + "/a", "", Acl::open(), soon()));
  EXPECT_EQ(client_->remove(path_, 1, soon()).error(), ZooKeeperErrc::not_empty);
  EXPECT_TRUE(client_->remove(path_ + "/a", kAny, soon()));
  EXPECT_TRUE(client_->remove(path_, 1, soon()));
  EXPECT_FALSE(exists(path_));
}

TEST_F(ClientOnServerTest, ListsChildren) {
  ASSERT_TRUE(client_->create(path_ + "/a", "", Acl::open(), soon()));
  ASSERT_TRUE(client_->create(path_ + "/b", "", Acl::open(), soon()));
  ASSERT_TRUE(client_->create(path_ + "/a/below", "", Acl::open(), soon()));
  const Result<Children> children = client_->children(path_, soon());
  ASSERT_TRUE(children);
  EXPECT_THAT(children->names, UnorderedElementsAre("a", "b"));
  EXPECT_EQ(children->stat.num_children, 2);
  EXPECT_EQ(children->stat.czxid, other_->get(path_, soon())->stat.czxid);
  EXPECT_THAT(client_->children(path_ + "/b", soon())->names, IsEmpty());
}

TEST_F(ClientOnServerTest, ReportsAMissingNode) {
  const std::string none = path_ + "/none";
  EXPECT_EQ(client_->get(none, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->set(none, "", kAny, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->remove(none, kAny, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->children(none, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->create(none + "/a", "", Acl::open(), soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_EQ(client_->enqueue({.directory = none}, soon()).error(), ZooKeeperErrc::no_node);
}

TEST_F(ClientOnServerTest, ReportsAnExistingNode) {
  EXPECT_EQ(client_->create(path_, "", Acl::open(), soon()).error(), ZooKeeperErrc::node_exists);
}

TEST_F(ClientOnServerTest, ReportsMissingPermission) {
  const auto owner = connect(server_.address(), {.auth = {{"digest", "user:password"}}});
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(owner->create(path, "secret", Acl::creator_all(), soon()));
  ASSERT_TRUE(owner->create(path + "/a", "", Acl::open(), soon()));
  EXPECT_EQ(client_->get(path, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->set(path, "", kAny, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->children(path, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->create(path + "/b", "", Acl::open(), soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->remove(path + "/a", kAny, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->enqueue({.directory = path}, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(owner->get(path, soon())->data, "secret");
}

TEST_F(ClientOnServerTest, RefusesBadPathsAndData) {
  // Some of them crash libzookeeper, or mean something else to it.
  for (const std::string path : {"", "relative", "//", "/a//b", "/a/", "/a/.", "/a/../b", "/a\x01",
                                 "/a\x7f", "/a\xff", "/a\xed\xa0\x80"}) {
    EXPECT_EQ(client_->get(path, soon()).error(), ZooKeeperErrc::bad_arguments) << path;
    EXPECT_EQ(client_->check(path, kAny, soon()).error(), ZooKeeperErrc::bad_arguments) << path;
    EXPECT_EQ(client_->create(path, "", Acl::open(), soon()).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->remove(path, kAny, soon()).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->children(path, soon()).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->set(path, "", kAny, soon()).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->enqueue({.directory = path}, soon()).error(), ZooKeeperErrc::bad_arguments);
    client_->remove_in_background(path);
    client_->watch_in_background(path, nullptr);
  }
  const std::string nul("/zklock-test\0/x", 15);
  EXPECT_EQ(client_->get(nul, soon()).error(), ZooKeeperErrc::bad_arguments);
  const std::string too_much(1'048'576, 'x');
  EXPECT_EQ(client_->set(path_, too_much, kAny, soon()).error(), ZooKeeperErrc::bad_arguments);
  EXPECT_EQ(client_->create(path_ + "/a", "", Acl{}, soon()).error(), ZooKeeperErrc::invalid_acl);
  EXPECT_EQ(proxy_.connections(), 1U) << "none of it cost the connection";
}

TEST_F(ClientOnServerTest, NamesProtectedNodesAsOtherClientsDo) {
  const Result<Created> created =
      client_->create_protected_ephemeral_sequential(path_ + "/lock-", "data", Acl::open(), soon());
  ASSERT_TRUE(created);
  ASSERT_EQ(created->path.rfind(path_ + "/", 0), 0U);
  EXPECT_THAT(created->path.substr(path_.size() + 1),
              MatchesRegex("_c_[0-9a-f]{32}-lock-[0-9]{10}"));
  const Result<Znode> znode = other_->get(created->path, soon());
  ASSERT_TRUE(znode);
  EXPECT_EQ(znode->data, "data");
  EXPECT_EQ(znode->stat, created->stat);
  EXPECT_EQ(znode->stat.ephemeral_owner, client_->session()->id());
  EXPECT_NE(claim(), claim());
}

TEST_F(ClientOnServerTest, QueueOfAnEnqueuedClaimContainsIt) {
  const std::string other = claim();
  const Result<Enqueued> enqueued = client_->enqueue({.directory = path_, .data = "data"}, soon());
  ASSERT_TRUE(enqueued);
  ASSERT_TRUE(enqueued->queue);
  EXPECT_THAT(enqueued->queue->names,
              UnorderedElementsAre(other.substr(path_.size() + 1),
                                   enqueued->claim.path.substr(path_.size() + 1)));
  EXPECT_EQ(enqueued->queue->connection, enqueued->claim.connection);
  EXPECT_EQ(other_->get(enqueued->claim.path, soon())->data, "data");
}

TEST_F(ClientOnServerTest, NumbersItsConnections) {
  const Result<Znode> before = client_->get(path_, soon());
  const Result<Children> same = client_->children(path_, soon());
  ASSERT_TRUE(before && same);
  EXPECT_EQ(before->connection, same->connection);
  proxy_.cut();
  ASSERT_TRUE(becomes_true([&] { return client_->get(path_, soon()).has_value(); }));
  EXPECT_EQ(client_->get(path_, soon())->connection, before->connection + 1);
}

TEST_F(ClientOnServerTest, WaitsForAConnection) {
  proxy_.refuse();
  ASSERT_TRUE(becomes_true([&] {
    return client_->get(path_, Context().with_timeout(20ms)).error() ==
           ZooKeeperErrc::operation_timeout;
  }));
  std::stop_source canceled;
  canceled.request_stop();
  EXPECT_EQ(client_->get(path_, soon().with_stop_token(canceled.get_token())).error(),
            ZooKeeperErrc::canceled);
  auto reading = std::async(std::launch::async, [&] { return client_->get(path_, soon()); });
  EXPECT_EQ(reading.wait_for(20ms), std::future_status::timeout);
  proxy_.heal();
  EXPECT_TRUE(reading.get());
}

TEST_F(ClientOnServerTest, RemovesInTheBackground) {
  const std::string first = claim();
  client_->remove_in_background(first);
  EXPECT_TRUE(becomes_true([&] { return client_->pending_removals().count == 0; }));
  EXPECT_FALSE(exists(first));

  const std::string second = claim();
  proxy_.refuse();
  client_->remove_in_background(second);
  EXPECT_EQ(client_->pending_removals().count, 1U);
  EXPECT_TRUE(exists(second));
  proxy_.heal();
  EXPECT_TRUE(becomes_true([&] { return client_->pending_removals().count == 0; }));
  EXPECT_FALSE(exists(second));
}

TEST_F(ClientOnServerTest, EphemeralNodesAreGoneWhenCloseReturns) {
  const std::string claimed = claim();
  const std::shared_ptr<const Session> session = client_->session();
  ASSERT_TRUE(exists(claimed));
  EXPECT_TRUE(client_->close(soon()));
  EXPECT_FALSE(exists(claimed));
  EXPECT_TRUE(session->lost().stop_requested());
  EXPECT_EQ(session->loss_reason(), LossReason::client_closed);

  EXPECT_EQ(client_->get(path_, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->set(path_, "", kAny, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->remove(path_, kAny, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->children(path_, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->check(path_, kAny, soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->create(path_ + "/a", "", Acl::open(), soon()).error(), ZooKeeperErrc::closing);
  EXPECT_EQ(client_->enqueue({.directory = path_}, soon()).error(), ZooKeeperErrc::closing);
  client_->remove_in_background(path_);
  EXPECT_FALSE(client_->session());
  EXPECT_TRUE(client_->close(soon())) << "closed it is";
}

TEST_F(ClientOnServerTest, CloseWaitsForPendingRemovals) {
  const std::string claimed = claim();
  proxy_.refuse();
  client_->remove_in_background(claimed);
  auto closing = std::async(std::launch::async, [&] { return client_->close(soon()); });
  EXPECT_EQ(closing.wait_for(50ms), std::future_status::timeout);
  proxy_.heal();
  EXPECT_TRUE(closing.get());
  EXPECT_FALSE(exists(claimed));
}

TEST_F(ClientOnServerTest, CloseReportsPendingRemovals) {
  const std::string claimed = claim();
  proxy_.refuse();
  client_->remove_in_background(claimed);
  EXPECT_FALSE(client_->close(Context().with_timeout(50ms)));
  EXPECT_EQ(client_->get(path_, soon()).error(), ZooKeeperErrc::closing) << "closed anyway";
}

TEST_F(ClientOnServerTest, DestroyedClientEndsItsSession) {
  auto client = connect(server_.address());
  const Result<Enqueued> enqueued =
      testing::as_claim_client(client)->enqueue({.directory = path_}, soon());
  ASSERT_TRUE(enqueued);
  client.reset();
  EXPECT_TRUE(becomes_true([&] { return !exists(enqueued->claim.path); }));
}

TEST_F(ClientOnServerTest, ReturnsTheSessionTimeoutThatTheServerGrants) {
  const auto client = connect(server_.address(), {.session_timeout = 1ms});
  EXPECT_EQ(testing::as_claim_client(client)->session()->timeout(),
            ZooKeeperServerOptions().min_session_timeout);
}

// Log lines.

TEST_F(ClientOnServerTest, LogsLibZooKeepersLines) {
  proxy_.refuse();
  EXPECT_TRUE(becomes_true([&] { return log_->has("libzookeeper: "); }));
}

TEST_F(ClientOnServerTest, LogsNothingWithoutALogger) {
  ::testing::internal::CaptureStderr();
  {
    LoopbackProxy proxy(server_.port());
    const auto client = connect(proxy.address());
    proxy.cut();
    EXPECT_TRUE(becomes_true([&] { return client->get(path_, soon()).has_value(); }));
    proxy.refuse();
    EXPECT_FALSE(client->get(path_, Context().with_timeout(300ms)));
    EXPECT_THROW(static_cast<void>(connect(proxy.address(), {.connect_timeout = 100ms})),
                 LockError);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace zklock::test
