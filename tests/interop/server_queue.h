// server_queue.h: the queue of a path on the server that the tests share, with the claims of all
// libraries.
#ifndef ZKLOCK_TESTS_INTEROP_SERVER_QUEUE_H_
#define ZKLOCK_TESTS_INTEROP_SERVER_QUEUE_H_

#include <zklock/libzookeeper_client.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "integration/tools.h"
#include "support/zookeeper_server.h"

namespace zklock::test {

class ServerQueue {
 public:
  /// Of a path that exists.
  explicit ServerQueue(std::string path) : path_(std::move(path)) {}

  /// The names of the claims, in no particular order.
  [[nodiscard]] std::vector<std::string> names() const {
    const Result<Children> children = client_->children(path_, soon());
    return children ? children->names : std::vector<std::string>();
  }

  /// Waits until somebody waits for the claim `ahead`, which is to say: until the session of
  /// another claim watches it. Returns that claim's full path.
  [[nodiscard]] std::optional<std::string> waiter_behind(const std::string& ahead) const {
    std::optional<std::string> waiter;
    static_cast<void>(becomes_true([&] {
      for (const std::string& name : names()) {
        const std::string claim = path_ + "/" + name;
        if (claim == ahead) continue;
        const Result<Znode> znode = client_->get(claim, soon());
        if (znode && is_watched_by(znode->stat.ephemeral_owner, ahead)) waiter = claim;
      }
      return waiter.has_value();
    }));
    return waiter;
  }

 private:
  /// The server says, for each znode that is watched, a line with its path, and then one with each
  /// session: a tab, "0x" and its number.
  [[nodiscard]] static bool is_watched_by(std::int64_t session, const std::string& znode) {
    std::ostringstream number;
    number << "\t0x" << std::hex << static_cast<std::uint64_t>(session);
    std::istringstream lines(ZooKeeperServer::shared().ask("wchp"));
    bool is_about_znode = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('/')) is_about_znode = line == znode;
      if (is_about_znode && line == number.str()) return true;
    }
    return false;
  }

  const std::string path_;
  const std::shared_ptr<ZooKeeperClient> client_ = connect(ZooKeeperServer::shared().address());
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEROP_SERVER_QUEUE_H_
