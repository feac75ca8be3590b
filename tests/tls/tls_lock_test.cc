// Locks over TLS: queues, broken connections, losses, and certificates that are replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "tls/tls_stage.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

class TlsLockTest : public ::testing::Test {
 protected:
  static TlsStage& stage() { return TlsStage::shared(); }
  [[nodiscard]] std::shared_ptr<ZooKeeperClient> client_behind_proxy(
      std::chrono::milliseconds session_timeout) const {
    ClientOptions options = stage().client_options();
    options.session_timeout = session_timeout;
    return connect(proxy_.address(), options);
  }
  static std::shared_ptr<ZooKeeperClient> client() {
    return connect(stage().address(), stage().client_options());
  }
  [[nodiscard]] ZooKeeperLockConfig config() const { return {.path = path_}; }

  const std::string path_ = unique_path();
  LoopbackProxy proxy_{stage().port(), LoopbackProxy::Traffic::bytes};
};

TEST_F(TlsLockTest, OneHoldsAtATimeAndNobodyWaitsForAnAnswerThatHasCome) {
  constexpr int kClients = 6;
  constexpr int kRounds = 20;
  int held = 0;  // guarded by the lock
  std::vector<std::thread> threads;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&] {
      ZooKeeperLock lock(config(), client());
      for (int round = 0; round < kRounds; ++round) {
        const Lease lease = lock.lock(soon());
        ++held;
        lock.unlock(lease, soon());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(held, kClients * kRounds);
  // An answer that is read only when more comes waits for the next ping, 3 s.
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
}

TEST_F(TlsLockTest, AnswersLongerThanARecordArriveWhole) {
  const auto client = TlsLockTest::client();
  const std::string data(700'000, 'x');
  const std::string top = "/" + std::to_string(::getpid()) + "-long";
  ASSERT_TRUE(client->create(top, data, Acl::open(), soon()));
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(client->create(top + "/a-child-with-a-long-name-" + std::to_string(i), "",
                               Acl::open(), soon()));
  }
  EXPECT_EQ(client->get(top, soon()).value().data, data);
  EXPECT_EQ(client->children(top, soon()).value().names.size(), 1'000U);
}

TEST_F(TlsLockTest, ALeaseOutlivesABrokenConnection) {
  ZooKeeperLock lock(config(), client_behind_proxy(20s));
  const Lease lease = lock.lock(soon());
  for (int i = 0; i < 3; ++i) {
    proxy_.cut();
    EXPECT_NO_THROW(lease.verify(soon()));
  }
  lock.unlock(lease, soon());
}

TEST_F(TlsLockTest, ALeaseOutlivesARestartOfTheServer) {
  ZooKeeperLock lock(config(), client_behind_proxy(30s));
  const Lease lease = lock.lock(soon());
  stage().server.restart();
  EXPECT_NO_THROW(lease.verify(soon()));
  lock.unlock(lease, soon());
}

TEST_F(TlsLockTest, AHolderThatIsCutOffLosesTheLockBeforeTheNextGrant) {
  ZooKeeperLock holder(config(), client_behind_proxy(2s));
  ZooKeeperLock next(config(), client());
  const Lease lease = holder.lock(soon());
  std::future<Lease> waiting = lock_async(next);
  proxy_.hold_to_server();
  proxy_.hold_to_client();
  ASSERT_TRUE(becomes_true([&] { return lease.lost().stop_requested() || is_ready(waiting); }));
  EXPECT_FALSE(is_ready(waiting));
  EXPECT_EQ(lease.loss_reason(), LossReason::cut_off);
  const Lease granted_next = granted(waiting);
  EXPECT_TRUE(granted_next.valid());
  proxy_.refuse();
  proxy_.heal();
  const Lease again = [&] {
    std::future<Lease> later = lock_async(holder);
    next.unlock(granted_next, soon());
    return granted(later);
  }();
  EXPECT_TRUE(again.valid());
  holder.unlock(again, soon());
}

// Without TLS the library leaves such a server earlier: with it, libzookeeper does.
TEST_F(TlsLockTest, ALeaseOutlivesAServerThatFallsSilentIfAnotherOneAnswersInTime) {
  ClientOptions options = stage().client_options();
  options.session_timeout = 6s;
  std::shared_ptr<ZooKeeperClient> client;
  while (proxy_.connections() == 0) {
    client = connect(proxy_.address() + "," + stage().address(), options);
  }
  ZooKeeperLock lock(config(), client);
  const Lease lease = lock.lock(soon());
  proxy_.hold_to_server();
  proxy_.hold_to_client();
  EXPECT_NO_THROW(lease.verify(soon()));
  EXPECT_TRUE(lease.valid());
  lock.unlock(lease, soon());
}

class TlsFilesTest : public TlsLockTest {
 protected:
  void use(const Certificate& certificate) const {
    constexpr auto kReplace = std::filesystem::copy_options::overwrite_existing;
    std::filesystem::copy_file(certificate.certificate_file, own_.certificate_file, kReplace);
    std::filesystem::copy_file(certificate.key_file, own_.key_file, kReplace);
  }

  [[nodiscard]] std::shared_ptr<ZooKeeperClient> client_with_own_files(
      std::chrono::milliseconds session_timeout) const {
    use(stage().client);
    return connect(proxy_.address(), {.session_timeout = session_timeout,
                                      .tls = stage().authority.client(own_),
                                      .logger = logger_});
  }

  const std::shared_ptr<RecordingLogger> logger_ = std::make_shared<RecordingLogger>();
  const TemporaryDirectory directory_;
  const Certificate own_{directory_.path() / "client.pem", directory_.path() / "client.key"};
};

TEST_F(TlsFilesTest, TheNextConnectionUsesTheNewCertificate) {
  ZooKeeperLock lock(config(), client_with_own_files(30s));
  const Lease lease = lock.lock(soon());
  std::ofstream(own_.key_file) << "half a file";
  proxy_.cut();
  EXPECT_TRUE(logger_->await("Failed to load client private key from " + own_.key_file));
  use(stage().authority.sign("CN=renewed"));
  EXPECT_NO_THROW(lease.verify(soon()));
  lock.unlock(lease, soon());
}

TEST_F(TlsFilesTest, FilesThatStayUnusableAreNotReadWithoutAPause) {
  ZooKeeperLock lock(config(), client_with_own_files(2s));
  const Lease lease = lock.lock(soon());
  const int threads = count_threads();
  std::ofstream(own_.key_file) << "half a file";
  proxy_.cut();
  EXPECT_TRUE(becomes_true([&] { return lease.loss_reason() == LossReason::cut_off; }));
  EXPECT_TRUE(becomes_true([&] { return count_threads() <= threads - 2; }))
      << "the handle is closed, with libzookeeper's two threads";
  use(stage().client);
  lock.unlock(lock.lock(soon()), soon());
  const std::vector<std::string> lines = logger_->lines();
  const auto is_serious = [](const std::string& line) { return line.front() >= '2'; };
  EXPECT_LT(std::count_if(lines.begin(), lines.end(), is_serious), 9)
      << ::testing::PrintToString(lines);
}

}  // namespace
}  // namespace zklock::test
