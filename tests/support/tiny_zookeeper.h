// tiny_zookeeper.h: a MockClaimClient with a few znodes in memory behind it: what no
// expectation of the test says otherwise, happens there.
#ifndef ZKLOCK_TESTS_SUPPORT_TINY_ZOOKEEPER_H_
#define ZKLOCK_TESTS_SUPPORT_TINY_ZOOKEEPER_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "support/mock_claim_client.h"
#include "support/test_session.h"
#include "testing/fake_tree.h"

namespace zklock::testing {

/// Serves from the fake's tree, whose behaviour the contract suite compares with a real server's.
/// Thread safety: all of it may be called from any thread; watchers are called by the thread that
/// makes the change.
class TinyZooKeeper : public ::testing::NiceMock<MockClaimClient> {
 public:
  TinyZooKeeper();
  ~TinyZooKeeper() override;

  // What the servers do: for actions that do it, and then answer something else.
  Result<Children> do_children(const std::string& path);
  Result<Created> do_create(const std::string& path, const std::string& data,
                            const Acl& acl = Acl::open());
  Result<Created> do_enqueue(const std::string& path, const std::string& data,
                             const Acl& acl = Acl::open());
  Result<void> do_remove(const std::string& path, std::int32_t version);
  Result<Znode> do_get(const std::string& path);
  Result<Znode> do_get_and_watch(const std::string& path, const std::shared_ptr<Watcher>& watcher);
  Result<Stat> do_set(const std::string& path, const std::string& data, std::int32_t version);

  // Not mocked.
  /// With the session, and the connection.
  Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context) override;
  /// Notes the path, and removes the znode without a call of `remove`.
  void remove_in_background(const std::string& path) override;
  [[nodiscard]] std::shared_ptr<const Session> session() const override;

  // What others do.
  void make(const std::string& path, const std::string& data = {});
  /// Creates an ephemeral znode of another session.
  void claim(const std::string& path, const std::string& data = {});
  void write(const std::string& path, const std::string& data);
  void erase(const std::string& path);
  /// Notifies the watchers of `path`, without a change; their watches stand.
  void tell(const std::string& path, WatchEvent::Type type);
  /// Ends the session with everything in it, and begins another.
  void expire(LossReason reason = LossReason::session_expired);
  /// The leader of another epoch takes over: zxids begin with this.
  void elect(std::int64_t epoch);

  // What became of it.
  [[nodiscard]] bool exists(const std::string& path) { return do_get(path).has_value(); }
  [[nodiscard]] std::vector<std::string> names(const std::string& parent);
  [[nodiscard]] std::string data(const std::string& path) { return do_get(path).value().data; }
  [[nodiscard]] Stat stat(const std::string& path) { return do_get(path).value().stat; }
  [[nodiscard]] std::vector<std::string> removed_in_background() const;
  [[nodiscard]] std::shared_ptr<TestSession> own_session() const;
  /// Waits, for real, until somebody watches the znode.
  [[nodiscard]] bool await_watched(const std::string& path);
  [[nodiscard]] bool is_watched(const std::string& path) const;

  /// The number of the next claim of the session; others choose theirs.
  std::atomic<std::int32_t> next_sequence{5};
  std::atomic<std::uint64_t> connection{1};

 private:
  using Watches = std::multimap<std::string, std::weak_ptr<Watcher>>;

  /// Carries out what `decide` returns. The path and the Stat that it leaves, if any.
  template <class Decide>
  Result<Created> write_with(const Decide& decide);
  // REQUIRES: mutex_ is held.
  [[nodiscard]] internal::FakeCaller caller() const;
  [[nodiscard]] bool has_watcher(const std::string& path) const;
  /// Moves those of the path to `taken`.
  void take_watches(const std::string& path, Watches& taken);

  void notify(const Watches& watches, WatchEvent::Type type) const;

  mutable std::mutex mutex_;
  std::condition_variable watched_;               // a znode has got a watcher
  internal::FakeTree tree_;                       // guarded by mutex_
  Watches watches_;                               // guarded by mutex_
  std::int64_t zxid_ = (3LL << 32) + 100;         // guarded by mutex_
  std::shared_ptr<TestSession> session_;          // guarded by mutex_
  std::vector<std::string> background_removals_;  // guarded by mutex_
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_SUPPORT_TINY_ZOOKEEPER_H_
