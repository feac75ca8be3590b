#include "support/tiny_zookeeper.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "base/platform.h"
#include "client/protected_name.h"
#include "support/long_enough.h"

namespace zklock::testing {

using internal::FakeTransaction;

namespace {

constexpr std::int64_t kFirstSession = 0x1001;
constexpr std::int64_t kOthersSession = 0x2002;
constexpr auto kPersistent = internal::FakeTree::CreateMode::persistent;

Stat::Time now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(
      internal::Platform::current().wall_now());
}

}  // namespace

TinyZooKeeper::TinyZooKeeper() : session_(std::make_shared<TestSession>(kFirstSession)) {
  ON_CALL(*this, children).WillByDefault([this](auto& path, auto&) { return do_children(path); });
  ON_CALL(*this, create).WillByDefault([this](auto& path, auto& data, auto& acl, auto&) {
    return do_create(path, data, acl);
  });
  ON_CALL(*this, create_protected_ephemeral_sequential)
      .WillByDefault(
          [this](auto& path, auto& data, auto& acl, auto&) { return do_enqueue(path, data, acl); });
  ON_CALL(*this, remove).WillByDefault([this](auto& path, auto version, auto&) {
    return do_remove(path, version);
  });
  ON_CALL(*this, get).WillByDefault([this](auto& path, auto&) { return do_get(path); });
  ON_CALL(*this, get_and_watch).WillByDefault([this](auto& path, auto& watcher, auto&) {
    return do_get_and_watch(path, watcher);
  });
  ON_CALL(*this, set).WillByDefault([this](auto& path, auto& data, auto version, auto&) {
    return do_set(path, data, version);
  });
}

TinyZooKeeper::~TinyZooKeeper() = default;

template <class Decide>
Result<Created> TinyZooKeeper::write_with(const Decide& decide) {
  Created written;
  std::vector<std::pair<WatchEvent::Type, Watches>> told;
  {
    const std::scoped_lock lock(mutex_);
    Result<FakeTransaction> decided = decide();
    if (!decided) return decided.error();
    decided->zxid = ++zxid_;
    decided->time = now();
    for (const auto& [type, path] : tree_.apply(*decided)) {
      if (type != WatchEvent::Type::children_changed) {
        take_watches(path, told.emplace_back(type, Watches()).second);
      }
    }
    written = {decided->path, tree_.stat(decided->path).value_or(Stat{})};
  }
  for (const auto& [type, watches] : told) notify(watches, type);
  return written;
}

Result<Children> TinyZooKeeper::do_children(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  Result<Children> children = tree_.children(path, caller());
  if (children) children->connection = connection;
  return children;
}

Result<Created> TinyZooKeeper::do_create(const std::string& path, const std::string& data,
                                         const Acl& acl) {
  return write_with([&] { return tree_.create(path, data, acl, kPersistent, now(), caller()); });
}

Result<Created> TinyZooKeeper::do_enqueue(const std::string& path, const std::string& data,
                                          const Acl& acl) {
  return write_with([&] {
    const std::size_t slash = path.rfind('/');
    tree_.set_sequence_counter(path.substr(0, slash), next_sequence++);
    std::array<char, 33> id{};
    std::snprintf(id.data(), id.size(), "%032llx", static_cast<unsigned long long>(zxid_));
    return tree_.create(
        path.substr(0, slash + 1) + internal::protected_name(id.data(), path.substr(slash + 1)),
        data, acl, internal::FakeTree::CreateMode::ephemeral_sequential, now(), caller());
  });
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
  const Result<Created> removed = write_with([&] { return tree_.remove(path, version, caller()); });
  return removed ? Result<void>() : removed.error();
}

Result<Znode> TinyZooKeeper::do_get(const std::string& path) {
  return do_get_and_watch(path, nullptr);
}

Result<Znode> TinyZooKeeper::do_get_and_watch(const std::string& path,
                                              const std::shared_ptr<Watcher>& watcher) {
  const std::scoped_lock lock(mutex_);
  Result<Znode> znode = tree_.get(path, caller());
  if (!znode) return znode;
  znode->connection = connection;
  if (watcher) watches_.emplace(path, watcher);
  watched_.notify_all();
  return znode;
}

Result<Stat> TinyZooKeeper::do_set(const std::string& path, const std::string& data,
                                   std::int32_t version) {
  const Result<Created> written =
      write_with([&] { return tree_.set(path, data, version, caller()); });
  return written ? Result<Stat>(written->stat) : written.error();
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
  ASSERT_TRUE(write_with([&] {
    auto decided = tree_.create(path, data, Acl::open(), kPersistent, now(), caller());
    if (decided) decided->session = kOthersSession;
    return decided;
  })) << path;
}

void TinyZooKeeper::write(const std::string& path, const std::string& data) {
  ASSERT_TRUE(do_set(path, data, kAnyVersion)) << path;
}

void TinyZooKeeper::erase(const std::string& path) {
  ASSERT_TRUE(do_remove(path, kAnyVersion)) << path;
}

void TinyZooKeeper::tell(const std::string& path, WatchEvent::Type type) {
  Watches watches;
  {
    const std::scoped_lock lock(mutex_);
    const auto [begin, end] = watches_.equal_range(path);
    watches.insert(begin, end);
  }
  notify(watches, type);
}

void TinyZooKeeper::expire(LossReason reason) {
  std::shared_ptr<TestSession> old;
  Watches watches;
  {
    const std::scoped_lock lock(mutex_);
    old = std::exchange(session_, std::make_shared<TestSession>(session_->id() + 1));
    FakeTransaction closing;
    closing.kind = FakeTransaction::Kind::close_session;
    closing.zxid = ++zxid_;
    closing.session = old->id();
    tree_.apply(closing);
    watches.swap(watches_);
    ++connection;
  }
  old->lose(reason);
  notify(watches, WatchEvent::Type::session_lost);
}

void TinyZooKeeper::elect(std::int64_t epoch) {
  const std::scoped_lock lock(mutex_);
  zxid_ = epoch << 32;
}

std::vector<std::string> TinyZooKeeper::names(const std::string& parent) {
  const Result<Children> children = do_children(parent);
  return children ? children->names : std::vector<std::string>();
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
  return watched_.wait_for(lock, test::kLongEnough, [&] { return has_watcher(path); });
}

internal::FakeCaller TinyZooKeeper::caller() const {
  return {session_->id(), {{"digest", "tests:secret"}, {"ip", "10.0.0.1"}}};
}

bool TinyZooKeeper::has_watcher(const std::string& path) const {
  const auto [begin, end] = watches_.equal_range(path);
  return std::any_of(begin, end, [](const auto& watch) { return !watch.second.expired(); });
}

void TinyZooKeeper::take_watches(const std::string& path, Watches& taken) {
  const auto [begin, end] = watches_.equal_range(path);
  taken.insert(begin, end);
  watches_.erase(begin, end);
}

void TinyZooKeeper::notify(const Watches& watches, WatchEvent::Type type) const {
  for (const auto& [path, weak] : watches) {
    if (const auto watcher = weak.lock()) watcher->on_event(WatchEvent{type, path, connection});
  }
}

}  // namespace zklock::testing
