#include "support/tiny_zookeeper.h"

#include <array>
#include <cstdio>
#include <utility>

#include "base/platform.h"

namespace zklock::testing {

namespace {

constexpr std::chrono::seconds kRealPatience{10};
constexpr std::int64_t kFirstSession = 0x1001;
constexpr std::int64_t kOthersSession = 0x2002;

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

TinyZooKeeper::TinyZooKeeper() : session_(std::make_shared<TestSession>(kFirstSession)) {
  ON_CALL(*this, children).WillByDefault([this](const std::string& path, const Context&) {
    return do_children(path);
  });
  ON_CALL(*this, create)
      .WillByDefault([this](const std::string& path, const std::string& data, const Acl&,
                            const Context&) { return do_create(path, data); });
  ON_CALL(*this, create_protected_ephemeral_sequential)
      .WillByDefault([this](const std::string& path, const std::string& data, const Acl&,
                            const Context&) { return do_enqueue(path, data); });
  ON_CALL(*this, remove)
      .WillByDefault([this](const std::string& path, std::int32_t version, const Context&) {
        return do_remove(path, version);
      });
  ON_CALL(*this, get).WillByDefault([this](const std::string& path, const Context&) {
    return do_get(path);
  });
  ON_CALL(*this, get_and_watch)
      .WillByDefault([this](const std::string& path, const std::shared_ptr<Watcher>& watcher,
                            const Context&) { return do_get_and_watch(path, watcher); });
  ON_CALL(*this, set)
      .WillByDefault([this](const std::string& path, const std::string& data, std::int32_t version,
                            const Context&) { return do_set(path, data, version); });
}

TinyZooKeeper::~TinyZooKeeper() = default;

Stat::Time TinyZooKeeper::server_now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(
             internal::Platform::current().wall_now()) +
         clock_ahead.load();
}

Result<Created> TinyZooKeeper::add(const std::string& path, const std::string& data,
                                   std::int64_t owner) {
  const std::string parent = parent_of(path);
  if (!parent.empty() && !nodes_.contains(parent)) return ZooKeeperErrc::no_node;
  if (nodes_.contains(path)) return ZooKeeperErrc::node_exists;
  Node& node = nodes_[path];
  node.data = data;
  node.stat.czxid = node.stat.mzxid = ++zxid_;
  node.stat.ctime = node.stat.mtime = server_now();
  node.stat.ephemeral_owner = owner;
  return Created{path, node.stat};
}

Result<Children> TinyZooKeeper::do_children(const std::string& path) {
  if (!exists(path)) return ZooKeeperErrc::no_node;
  return Children{.names = names(path), .connection = connection};
}

Result<Created> TinyZooKeeper::do_create(const std::string& path, const std::string& data) {
  const std::scoped_lock lock(mutex_);
  return add(path, data, 0);
}

Result<Created> TinyZooKeeper::do_enqueue(const std::string& path, const std::string& data) {
  const std::scoped_lock lock(mutex_);
  const std::int32_t sequence = next_sequence++;
  std::array<char, 64> name{};
  std::snprintf(name.data(), name.size(), "/_c_%032llx-", static_cast<unsigned long long>(zxid_));
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%010d", sequence);
  const std::string prefix = path.substr(path.rfind('/') + 1);
  return add(parent_of(path) + name.data() + prefix + number.data(), data, session_->id());
}

Result<Enqueued> TinyZooKeeper::enqueue(const EnqueueRequest& request, const Context& context) {
  const std::shared_ptr<const Session> session_of_claim = session();
  Result<Enqueued> enqueued = BasicClaimClient::enqueue(request, context);
  if (enqueued) {
    enqueued->claim.session = session_of_claim;
    enqueued->claim.connection = connection.load();
  }
  return enqueued;
}

Result<void> TinyZooKeeper::do_remove(const std::string& path, std::int32_t version) {
  Watchers watchers;
  {
    const std::scoped_lock lock(mutex_);
    const auto node = nodes_.find(path);
    if (node == nodes_.end()) return ZooKeeperErrc::no_node;
    if (version != kAnyVersion && version != node->second.stat.version) {
      return ZooKeeperErrc::bad_version;
    }
    watchers = std::move(node->second.watchers);
    nodes_.erase(node);
  }
  tell(watchers, WatchEvent::Type::deleted, path);
  return {};
}

Result<Znode> TinyZooKeeper::do_get(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return ZooKeeperErrc::no_node;
  return Znode{node->second.data, node->second.stat, connection};
}

Result<Znode> TinyZooKeeper::do_get_and_watch(const std::string& path,
                                              const std::shared_ptr<Watcher>& watcher) {
  const std::scoped_lock lock(mutex_);
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return ZooKeeperErrc::no_node;
  node->second.watchers.push_back(watcher);
  watched_.notify_all();
  return Znode{node->second.data, node->second.stat, connection};
}

Result<Stat> TinyZooKeeper::do_set(const std::string& path, const std::string& data,
                                   std::int32_t version) {
  Watchers watchers;
  Stat stat;
  {
    const std::scoped_lock lock(mutex_);
    const auto node = nodes_.find(path);
    if (node == nodes_.end()) return ZooKeeperErrc::no_node;
    if (version != kAnyVersion && version != node->second.stat.version) {
      return ZooKeeperErrc::bad_version;
    }
    node->second.data = data;
    node->second.stat.mzxid = ++zxid_;
    node->second.stat.mtime = server_now();
    ++node->second.stat.version;
    stat = node->second.stat;
    watchers = std::exchange(node->second.watchers, {});
  }
  tell(watchers, WatchEvent::Type::changed, path);
  return stat;
}

void TinyZooKeeper::remove_in_background(const std::string& path) {
  {
    const std::scoped_lock lock(mutex_);
    background_removals_.push_back(path);
  }
  static_cast<void>(do_remove(path, kAnyVersion));
}

std::shared_ptr<const Session> TinyZooKeeper::session() const { return own_session(); }

std::shared_ptr<TestSession> TinyZooKeeper::own_session() const {
  const std::scoped_lock lock(mutex_);
  return session_;
}

void TinyZooKeeper::make(const std::string& path, const std::string& data) {
  ASSERT_TRUE(do_create(path, data)) << path;
}

void TinyZooKeeper::claim(const std::string& path, const std::string& data) {
  const std::scoped_lock lock(mutex_);
  ASSERT_TRUE(add(path, data, kOthersSession)) << path;
}

void TinyZooKeeper::write(const std::string& path, const std::string& data) {
  ASSERT_TRUE(do_set(path, data, kAnyVersion)) << path;
}

void TinyZooKeeper::erase(const std::string& path) {
  ASSERT_TRUE(do_remove(path, kAnyVersion)) << path;
}

void TinyZooKeeper::tell(const std::string& path, WatchEvent::Type type) {
  Watchers watchers;
  {
    const std::scoped_lock lock(mutex_);
    watchers = nodes_.at(path).watchers;
  }
  tell(watchers, type, path);
}

void TinyZooKeeper::tell(const Watchers& watchers, WatchEvent::Type type, const std::string& path) {
  for (const std::weak_ptr<Watcher>& weak : watchers) {
    if (const auto watcher = weak.lock()) watcher->on_event(WatchEvent{type, path, connection});
  }
}

void TinyZooKeeper::expire(LossReason reason) {
  std::shared_ptr<TestSession> old;
  std::vector<std::pair<std::string, Watchers>> gone;
  {
    const std::scoped_lock lock(mutex_);
    old = session_;
    session_ = std::make_shared<TestSession>(old->id() + 1);
    for (auto node = nodes_.begin(); node != nodes_.end();) {
      if (node->second.stat.ephemeral_owner == old->id()) {
        gone.emplace_back(node->first, std::move(node->second.watchers));
        node = nodes_.erase(node);
      } else {
        ++node;
      }
    }
    ++connection;
  }
  old->lose(reason);
  for (const auto& [path, watchers] : gone) {
    tell(watchers, WatchEvent::Type::session_lost, path);
  }
}

void TinyZooKeeper::elect(std::int64_t epoch) {
  const std::scoped_lock lock(mutex_);
  zxid_ = epoch << 32;
}

bool TinyZooKeeper::exists(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  return nodes_.contains(path);
}

std::vector<std::string> TinyZooKeeper::names(const std::string& parent) const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [path, node] : nodes_) {
    if (parent_of(path) == parent) names.push_back(path.substr(parent.size() + 1));
  }
  return names;
}

std::string TinyZooKeeper::data(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  return nodes_.at(path).data;
}

Stat TinyZooKeeper::stat(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  return nodes_.at(path).stat;
}

std::vector<std::string> TinyZooKeeper::removed_in_background() const {
  const std::scoped_lock lock(mutex_);
  return background_removals_;
}

bool TinyZooKeeper::is_watched(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  return has_watcher(path);
}

bool TinyZooKeeper::await_watched(const std::string& path) {
  std::unique_lock lock(mutex_);
  return watched_.wait_for(lock, kRealPatience, [&] { return has_watcher(path); });
}

bool TinyZooKeeper::has_watcher(const std::string& path) const {
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return false;
  for (const auto& watcher : node->second.watchers) {
    if (!watcher.expired()) return true;
  }
  return false;
}

}  // namespace zklock::testing
