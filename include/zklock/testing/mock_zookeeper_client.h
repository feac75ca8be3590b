// zklock/testing/mock_zookeeper_client.h: a gmock of zklock::ZooKeeperClient. Target zklock::mock.
#ifndef ZKLOCK_TESTING_MOCK_ZOOKEEPER_CLIENT_H_
#define ZKLOCK_TESTING_MOCK_ZOOKEEPER_CLIENT_H_

#include <gmock/gmock.h>
#include <zklock/zookeeper_client.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace zklock::testing {

/// All operations of a client. What a test does not say is done as by a server at which nobody else
/// contends: the first lock of a path is granted at once; another one waits until it is released. A
/// test replaces what matters to it by ON_CALL or EXPECT_CALL; use NiceMock where the other calls
/// are not of interest. `create_container` calls `create`. (The operations of
/// zklock/advanced/claim_client.h are made of these.)
///
/// A claim that a test lets `get_and_watch` return needs an `ephemeral_owner` other than 0 in its
/// stat. Otherwise the lock takes it for a persistent node, which it does not wait for.
class MockZooKeeperClient : public ZooKeeperClient {
 public:
  MockZooKeeperClient() {
    using ::testing::_;
    ON_CALL(*this, children(_, _)).WillByDefault([this](const std::string& path, const auto&) {
      return claims_below(path);
    });
    ON_CALL(*this, children_and_watch(_, _, _))
        .WillByDefault([this](const std::string& path, const std::shared_ptr<Watcher>& watcher,
                              const auto&) { return watch_claims_below(path, watcher); });
    ON_CALL(*this, create(_, _, _, _))
        .WillByDefault([](const std::string& path, const auto&, const auto&, const auto&) {
          return Created{.path = path, .stat = Stat{.czxid = 1, .mzxid = 1}};
        });
    ON_CALL(*this, create_container(_, _, _, _))
        .WillByDefault([this](const std::string& path, const std::string& data, const Acl& acl,
                              const Context& context) { return create(path, data, acl, context); });
    ON_CALL(*this, create_protected_ephemeral_sequential(_, _, _, _))
        .WillByDefault([this](const std::string& path, const auto&, const auto&, const auto&) {
          return make_claim(path);
        });
    ON_CALL(*this, remove(_, _, _))
        .WillByDefault([this](const std::string& path, const auto&, const auto&) {
          return remove_claim(path);
        });
    ON_CALL(*this, get(_, _)).WillByDefault([](const auto&, const auto&) { return own_znode(); });
    ON_CALL(*this, get_and_watch(_, _, _))
        .WillByDefault([this](const std::string& path, const std::shared_ptr<Watcher>& watcher,
                              const auto&) { return watch_claim(path, watcher); });
    ON_CALL(*this, set(_, _, _, _))
        .WillByDefault([](const auto&, const auto&, std::int32_t version, const auto&) {
          return Stat{.version = version + 1, .ephemeral_owner = kSession};
        });
  }

  MOCK_METHOD(Result<Children>, children, (const std::string& path, const Context& context),
              (override));
  MOCK_METHOD(Result<Children>, children_and_watch,
              (const std::string& path, const std::shared_ptr<Watcher>& watcher,
               const Context& context),
              (override));
  MOCK_METHOD(Result<Created>, create,
              (const std::string& path, const std::string& data, const Acl& acl,
               const Context& context),
              (override));
  MOCK_METHOD(Result<Created>, create_container,
              (const std::string& path, const std::string& data, const Acl& acl,
               const Context& context),
              (override));
  MOCK_METHOD(Result<Created>, create_protected_ephemeral_sequential,
              (const std::string& path, const std::string& data, const Acl& acl,
               const Context& context),
              (override));
  MOCK_METHOD(Result<void>, remove,
              (const std::string& path, std::int32_t version, const Context& context), (override));
  MOCK_METHOD(Result<Znode>, get, (const std::string& path, const Context& context), (override));
  MOCK_METHOD(Result<Znode>, get_and_watch,
              (const std::string& path, const std::shared_ptr<Watcher>& watcher,
               const Context& context),
              (override));
  MOCK_METHOD(Result<Stat>, set,
              (const std::string& path, const std::string& data, std::int32_t version,
               const Context& context),
              (override));
  MOCK_METHOD(MultiResult, multi,
              (const std::vector<MultiOperation>& operations, const Context& context), (override));

 private:
  static constexpr std::int64_t kSession = 1;

  static Result<Znode> own_znode() { return Znode{.stat = Stat{.ephemeral_owner = kSession}}; }

  Result<Children> claims_below(const std::string& directory) const {
    const std::scoped_lock lock(mutex_);
    return list(directory);
  }

  Result<Children> watch_claims_below(const std::string& directory,
                                      const std::shared_ptr<Watcher>& watcher) {
    const std::scoped_lock lock(mutex_);
    child_watchers_[directory].push_back(watcher);
    return list(directory);
  }

  /// REQUIRES: mutex_ is held.
  Children list(const std::string& directory) const {
    const std::string parent = directory == "/" ? directory : directory + "/";
    Children children;
    for (const std::string& claim : claims_) {
      if (claim.rfind('/') + 1 == parent.size() && claim.compare(0, parent.size(), parent) == 0) {
        children.names.push_back(claim.substr(parent.size()));
      }
    }
    return children;
  }

  Result<Created> make_claim(const std::string& path) {
    Created created;
    {
      const std::scoped_lock lock(mutex_);
      const std::string digits = std::to_string(++last_claim_);
      const std::size_t zeros = 10 - std::min<std::size_t>(10, digits.size());
      claims_.push_back(path + std::string(zeros, '0') + digits);
      created = {.path = claims_.back(),
                 .stat = Stat{.czxid = last_claim_, .ephemeral_owner = kSession}};
    }
    tell_of_children(path);
    return created;
  }

  /// Tells those who watch the list that `path` is in, or was.
  void tell_of_children(const std::string& path) {
    const std::string directory = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
    tell(child_watchers_, directory, WatchEvent::Type::children_changed);
  }

  using Watchers = std::map<std::string, std::vector<std::weak_ptr<Watcher>>>;

  void tell(Watchers& watchers, const std::string& path, WatchEvent::Type type) {
    std::vector<std::weak_ptr<Watcher>> watching;
    {
      const std::scoped_lock lock(mutex_);
      watching.swap(watchers[path]);
      watchers.erase(path);
    }
    for (const std::weak_ptr<Watcher>& watcher : watching) {
      if (const auto alive = watcher.lock()) alive->on_event({type, path});
    }
  }

  /// A claim that was removed before counts as missing.
  Result<Znode> watch_claim(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
    const std::scoped_lock lock(mutex_);
    if (removed_.count(path) != 0) return ZooKeeperErrc::no_node;
    watchers_[path].push_back(watcher);
    return own_znode();
  }

  Result<void> remove_claim(const std::string& path) {
    {
      const std::scoped_lock lock(mutex_);
      if (std::erase(claims_, path) != 0) removed_.insert(path);
    }
    tell(watchers_, path, WatchEvent::Type::deleted);
    tell_of_children(path);
    return {};
  }

  mutable std::mutex mutex_;
  // All of these are guarded by mutex_.
  std::int64_t last_claim_ = 0;
  std::vector<std::string> claims_;  // paths of those that stand
  std::set<std::string> removed_;    // paths of those that stood
  Watchers watchers_;                // by path
  Watchers child_watchers_;          // of lists, by the path of the directory
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTING_MOCK_ZOOKEEPER_CLIENT_H_
