#include <zklock/zookeeper_client.h>

#include <chrono>
#include <utility>

namespace zklock {

namespace {

constexpr std::chrono::seconds kBackgroundPatience{1};

}  // namespace

Session::~Session() = default;

std::error_code Session::loss_reason() const noexcept { return LossReason::session_expired; }

std::chrono::steady_clock::time_point Session::certain_until() const noexcept {
  return std::chrono::steady_clock::time_point::max();
}

std::stop_token Session::uncertain() const noexcept { return lost(); }

std::shared_ptr<void> Session::keep_certain() const { return nullptr; }

Result<void> Session::become_certain(std::chrono::nanoseconds /*in_hand*/,
                                     const Context& /*context*/) const {
  return {};
}

Watcher::~Watcher() = default;

ClaimChooser::~ClaimChooser() = default;

ZooKeeperClient::~ZooKeeperClient() = default;

Result<void> ZooKeeperClient::check(const std::string& path, std::int32_t version,
                                    const Context& context) {
  const Result<Znode> znode = get(path, context);
  if (!znode) return znode.error();
  if (version != kAnyVersion && version != znode->stat.version) return ZooKeeperErrc::bad_version;
  return {};
}

Result<Enqueued> ZooKeeperClient::enqueue(const EnqueueRequest& request, const Context& context) {
  Result<Created> claim = create_protected_ephemeral_sequential(request.directory + "/lock-",
                                                                request.data, request.acl, context);
  if (!claim) return claim.error();
  return Enqueued{std::move(*claim), children(request.directory, context)};
}

void ZooKeeperClient::watch_in_background(const std::string& path,
                                          const std::shared_ptr<Watcher>& watcher) {
  const Result<Znode> znode =
      get_and_watch(path, watcher, Context().with_timeout(kBackgroundPatience));
  if (znode.error() == ZooKeeperErrc::no_node) {
    watcher->on_event(WatchEvent{WatchEvent::Type::deleted, path});
  }
}

void ZooKeeperClient::remove_in_background(const std::string& path) {
  // What comes of it can not be told to anybody here; clients with a network keep at it.
  static_cast<void>(remove(path, kAnyVersion, Context().with_timeout(kBackgroundPatience)));
}

PendingRemovals ZooKeeperClient::pending_removals() const { return {}; }

std::shared_ptr<const Session> ZooKeeperClient::session() const { return nullptr; }

std::stop_token ZooKeeperClient::session_lost() const {
  const std::shared_ptr<const Session> current = session();
  return current ? current->lost() : std::stop_token();
}

std::shared_ptr<ZooKeeperClient> ZooKeeperClient::with_room() { return nullptr; }

Result<void> ZooKeeperClient::close(const Context&) { return {}; }

}  // namespace zklock
