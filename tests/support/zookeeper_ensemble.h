// Three real ZooKeeper servers, and the networks among them and between them and their clients.
#ifndef ZKLOCK_TESTS_SUPPORT_ZOOKEEPER_ENSEMBLE_H_
#define ZKLOCK_TESTS_SUPPORT_ZOOKEEPER_ENSEMBLE_H_

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/loopback_proxy.h"
#include "support/reserved_port.h"
#include "support/zookeeper_server.h"

namespace zklock::test {

struct ZooKeeperEnsembleOptions {
  /// For how many ticks a server may take to follow a leader, and may then be silent. They decide
  /// how long a server that is cut off goes on answering its clients.
  int init_limit = 10;
  int sync_limit = 5;
  /// For every server. The number in the ensemble is not asked.
  ZooKeeperServerOptions servers{};
  /// Further lines of the zoo.cfg of one server.
  std::array<std::vector<std::string>, 3> own_settings{};
  /// Further variables of the environment of one server: "NAME=value".
  std::array<std::vector<std::string>, 3> own_variables{};
};

/// Servers 0, 1 and 2. Every two talk through proxies, as do they and their clients, so that each
/// can be cut off from the others while clients still reach it, and the other way round.
///
/// All calls block until they have done what they say; they throw std::runtime_error, with what the
/// servers say, if that fails. Thread safety: none.
class ZooKeeperEnsemble {
 public:
  static constexpr int kSize = 3;

  /// What becomes of what a server that is cut off says to the others, and they to it.
  enum class Cut {
    silence,        // held back until it is healed: nobody sees that it is
    silence_of_it,  // only what the server says is held back
    silence_to_it,  // only what is sent to it
    reset,          // connections are reset, and refused
  };

  /// Starts them, and waits until all of them serve.
  explicit ZooKeeperEnsemble(ZooKeeperEnsembleOptions options = {});

  ZooKeeperEnsemble(const ZooKeeperEnsemble&) = delete;
  ZooKeeperEnsemble& operator=(const ZooKeeperEnsemble&) = delete;

  /// For clients: of all servers, or of one, through their proxies.
  [[nodiscard]] std::string address() const;
  [[nodiscard]] std::string address(int server) const { return at(server).to_clients->address(); }

  /// The network between a server and its clients.
  [[nodiscard]] LoopbackProxy& to_clients(int server) { return *at(server).to_clients; }
  /// A server gets another address, of 127.0.0.0/8, with the same port. At the old one nobody
  /// listens any more.
  void move(int server, const std::string& ip);
  /// The server itself, to ask it. It is stopped, killed and so on by the calls below.
  [[nodiscard]] const ZooKeeperServer& server(int number) const { return *at(number).server; }

  /// The server that leads a quorum, waiting until there is one. Those that are killed, stopped or
  /// cut off do not count.
  [[nodiscard]] int leader() const;
  /// The other two.
  [[nodiscard]] std::vector<int> followers() const;
  /// Waits until there is a leader, and all that are not killed, stopped or cut off serve.
  void wait_until_it_serves() const;

  /// As for one server; `restart` does not wait until it serves.
  void stop(int server);
  void resume(int server);
  void kill(int server);
  void restart(int server);

  /// Cuts a server off from the two others, not from its clients.
  void cut_off(int server, Cut cut = Cut::silence);
  /// Ends that.
  void heal(int server);

 private:
  /// The way from one server to another: the listeners that the first one believes the other has.
  struct Link {
    std::unique_ptr<LoopbackProxy> quorum;
    std::unique_ptr<LoopbackProxy> election;
  };
  struct Member {
    ReservedPort quorum_port{};
    ReservedPort election_port{};
    std::array<Link, kSize> links{};  // to the others; its own is empty
    std::optional<ZooKeeperServer> server{};
    std::unique_ptr<LoopbackProxy> to_clients{};
    bool is_running = true;  // neither stopped nor killed
    bool is_cut_off = false;
  };

  [[nodiscard]] Member& at(int server) { return members_.at(static_cast<std::size_t>(server)); }
  [[nodiscard]] const Member& at(int server) const {
    return members_.at(static_cast<std::size_t>(server));
  }
  void start(int number, const ZooKeeperEnsembleOptions& options);
  [[nodiscard]] std::optional<int> leader_now() const;
  [[nodiscard]] std::string mode_of(int server) const;
  template <class Condition>
  void wait_for(const std::string& what, const Condition& condition) const;
  template <class Change>
  void change_links(int server, const Change& change);

  std::array<Member, kSize> members_{};
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_ZOOKEEPER_ENSEMBLE_H_
