// A network between clients and a server that can be broken.
#ifndef ZKLOCK_TESTS_SUPPORT_LOOPBACK_PROXY_H_
#define ZKLOCK_TESTS_SUPPORT_LOOPBACK_PROXY_H_

#include <netinet/in.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/file_descriptor.h"
#include "support/zookeeper_packets.h"

namespace zklock::test {

/// Forwards what comes over connections on a loopback port of its own to a ZooKeeper server, packet
/// by packet. The server lives on while a client is cut off, and ends sessions.
///
/// It breaks on request, or at a packet that the test has described: the answer to the next create,
/// say. TCP loses nothing in the middle of a connection, and neither does it.
///
/// Connections do not wait for each other: one whose receiver takes nothing holds up its own sender
/// only.
/// Thread safety: all of it may be called from any thread. What a call says holds when it returns.
class LoopbackProxy {
 public:
  enum class Traffic {
    packets,  // of a client and a server: forwarded whole
    bytes,    // of servers among themselves: as they come
  };

  /// A client's connection is closed when the server has not taken it after so much `patience`. A
  /// client that reaches its server directly is refused at once, and tries again: behind a proxy it
  /// cannot know that it should.
  explicit LoopbackProxy(std::uint16_t server_port, Traffic traffic = Traffic::packets,
                         std::chrono::milliseconds patience = {});
  /// Listens at an address of 127.0.0.0/8. Port 0: one that the system chooses.
  LoopbackProxy(std::uint16_t server_port, const sockaddr_in& at);
  ~LoopbackProxy();

  LoopbackProxy(const LoopbackProxy&) = delete;
  LoopbackProxy& operator=(const LoopbackProxy&) = delete;

  /// "<ip>:<port>".
  [[nodiscard]] std::string address() const;
  [[nodiscard]] std::string ip() const;
  [[nodiscard]] std::uint16_t port() const;

  /// Resets all connections, with what was held of them. Clients may connect again.
  void cut();
  /// Resets all connections, and every new one as soon as it is made.
  void refuse();
  /// Keeps back what the clients send, or are sent, from now on. Nobody sees that it does.
  void hold_to_server();
  void hold_to_client();
  /// A network as good as new: what was held is forwarded, new connections are, too.
  void heal();

  /// The same, once, when the `nth` packet that fits comes from now on. It is not forwarded any
  /// more, nor what is behind it; what was in front of it has arrived.
  void cut_at(const PacketPattern& pattern, int nth = 1);
  void refuse_at(const PacketPattern& pattern);
  /// Holds it, and what comes behind it in this direction.
  void hold_at(const PacketPattern& pattern, int nth = 1);
  /// Cuts at each of them, until `heal`.
  void cut_at_each(const PacketPattern& pattern);

  /// Waits until it has met so many of the packets that it was to look out for.
  [[nodiscard]] bool meets(std::size_t count = 1);
  [[nodiscard]] std::size_t met() const;

  /// From now on, requests whose text has `part` (a path) are counted.
  void count_requests(const std::string& part);
  /// Those that have been forwarded since, or are held.
  [[nodiscard]] std::map<Op, int> requests() const;

  /// How many connections to the server have been made so far.
  [[nodiscard]] std::size_t connections() const;

 private:
  [[nodiscard]] sockaddr_in listens_at() const;
  LoopbackProxy(std::uint16_t server_port, const sockaddr_in& at, Traffic traffic,
                std::chrono::milliseconds patience);

  using Side = Conversation::Side;

  struct Connection {
    cli::FileDescriptor client;
    std::chrono::steady_clock::time_point give_up;  // if there is no server by then
    cli::FileDescriptor server{};
    Conversation conversation{};  // what has come, up to where it is held
    std::string to_server{};      // what is to be sent, and not taken yet
    std::string to_client{};
  };
  /// One direction of a connection.
  struct Way {
    Side from;
    cli::FileDescriptor& source;
    cli::FileDescriptor& sink;
    std::string& waiting;
    bool& is_held;
  };

  enum class Fault { cut, refuse, hold };
  enum class Progress { goes_on, is_over, all_are_over };

  /// A packet to look out for, and what to do when it comes.
  struct Ambush {
    PacketPattern pattern;
    Fault fault;
    int left = 1;  // so many that fit, until it is the one that is meant
    bool stays = false;
  };

  template <class Change>
  void change(const Change& change);
  void lie_in_wait(Ambush ambush);
  void work();
  void accept_client();
  [[nodiscard]] bool reach_server(Connection& connection);
  [[nodiscard]] bool is_reaching() const;
  void reset_all();
  [[nodiscard]] std::array<Way, 2> ways(Connection& connection);
  void poll_for(Connection& connection, std::vector<pollfd>& polled);
  [[nodiscard]] bool receive(Connection& connection);
  void forward_all();
  Progress forward(Conversation& conversation, const Way& way);
  Progress pass(Conversation& conversation, const Way& way);
  std::optional<Fault> fault_at(const Packet& packet);

  const std::uint16_t server_port_;
  const Traffic traffic_;
  const std::chrono::milliseconds patience_;
  cli::FileDescriptor listener_;
  cli::FileDescriptor changed_;  // an eventfd: the thread has to look at the state again

  mutable std::mutex mutex_;
  std::condition_variable met_changed_;
  // Protected by mutex_.
  std::list<Connection> connections_;
  std::list<Ambush> ambushes_;
  std::size_t met_ = 0;
  std::optional<std::string> counted_part_;
  std::map<Op, int> requests_;
  std::uint64_t changes_ = 0;  // what was polled before a change says nothing after it
  std::size_t connection_count_ = 0;
  bool refusing_ = false;
  bool holds_to_server_ = false;
  bool holds_to_client_ = false;
  bool ending_ = false;

  std::thread thread_;  // last: it uses the others
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_LOOPBACK_PROXY_H_
