// The world of a real server, with a proxy in front of it for each client.
#include <zklock/libzookeeper_client.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "contract/world.h"
#include "support/as_claim_client.h"
#include "support/loopback_proxy.h"
#include "support/recording_watcher.h"
#include "support/soon.h"
#include "support/subprocess.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

/// How soon a condition is checked again that has no notification.
constexpr auto kGlance = 2ms;

class RealWorld final : public World {
 public:
  Client connect(const ClientOptions& options) override {
    auto proxy = std::make_unique<LoopbackProxy>(server_.port());
    Client client = testing::connect_claim_client(proxy->address(), options);
    proxies_.insert_or_assign(client.get(), std::move(proxy));
    return client;
  }

  std::future<void> in_background(std::function<void()> body) override {
    return std::async(std::launch::async, [body = std::move(body), rings = bell()] {
      body();
      rings->ring();
    });
  }

  bool await(const std::function<bool()>& condition) override {
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    for (;;) {
      const std::uint64_t rings = bell()->rings();
      if (condition()) return true;
      if (std::chrono::steady_clock::now() > deadline) return false;
      bell()->await_more(rings, kGlance);
    }
  }

  void break_connection(const Client& client) override { proxy_of(client).cut(); }
  void cut(const Client& client) override { proxy_of(client).refuse(); }
  void stall(const Client& client) override {
    proxy_of(client).hold_to_server();
    proxy_of(client).hold_to_client();
  }
  void restore(const Client& client) override { proxy_of(client).heal(); }

  std::future<void> lose_answer(const Client& client, std::function<void()> call,
                                const std::function<bool()>& is_carried_out, Then then) override {
    LoopbackProxy& proxy = proxy_of(client);
    proxy.hold_to_client();
    std::future<void> result = in_background(std::move(call));
    if (!await(is_carried_out)) throw std::runtime_error("the request is not carried out");
    proxy.refuse();  // drops what was held
    if (then == Then::reconnect) proxy.heal();
    return result;
  }

  void expire_session(const Client& client) override {
    const std::string sign = create_ephemeral(*client);
    const auto end = watch(*observer_, sign);
    // The client's requests do not reach the server any more, but it keeps the connection while it
    // receives something: events of these nodes.
    std::vector<std::string> noise(30);
    std::vector<std::shared_ptr<RecordingWatcher>> ears;
    for (std::string& node : noise) {
      node = create_ephemeral(*observer_);
      ears.push_back(watch(*client, node));
    }
    proxy_of(client).hold_to_server();
    while (!end->await(WatchEvent::Type::deleted, client->session()->timeout() / 6)) {
      if (noise.empty()) throw std::runtime_error("the session does not expire");
      observer_->remove_in_background(noise.back());
      noise.pop_back();
    }
    restore(client);
  }

 private:
  static std::string create_ephemeral(ZooKeeperClient& client) {
    Result<Created> created =
        client.create_protected_ephemeral_sequential("/world-", "", Acl::open(), soon());
    if (!created) throw std::system_error(created.error(), "create");
    return created->path;
  }
  static std::shared_ptr<RecordingWatcher> watch(ZooKeeperClient& client, const std::string& path) {
    auto watcher = std::make_shared<RecordingWatcher>();
    const Result<Znode> znode = client.get_and_watch(path, watcher, soon());
    if (!znode) throw std::system_error(znode.error(), "watch");
    return watcher;
  }

  LoopbackProxy& proxy_of(const Client& client) { return *proxies_.at(client.get()); }

  ZooKeeperServer& server_ = ZooKeeperServer::shared();
  std::map<const ZooKeeperClient*, std::unique_ptr<LoopbackProxy>> proxies_;
  const Client observer_ = testing::connect_claim_client(server_.address());
};

}  // namespace

std::unique_ptr<World> make_world() { return std::make_unique<RealWorld>(); }

}  // namespace zklock::test
