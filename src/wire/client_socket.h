// client_socket.h: the sockets of libzookeeper, which does not say which they are.
#ifndef ZKLOCK_SRC_WIRE_CLIENT_SOCKET_H_
#define ZKLOCK_SRC_WIRE_CLIENT_SOCKET_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace zklock::internal {

/// A second descriptor of a socket. It refers to the same socket also if the first one is closed
/// meanwhile, and its number is given to another file.
class ClientSocket {
 public:
  enum class State {
    connecting,  // waits to be accepted
    silent,      // connected, and the server has said nothing yet
    connected,
    other,
  };

  explicit ClientSocket(int descriptor) noexcept;
  ~ClientSocket();
  ClientSocket(ClientSocket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  ClientSocket(const ClientSocket&) = delete;
  ClientSocket& operator=(const ClientSocket&) = delete;
  ClientSocket& operator=(ClientSocket&&) = delete;

  /// See `peer_of`.
  [[nodiscard]] std::string server() const;
  /// Which socket it is. 0: that is not known.
  [[nodiscard]] ino_t inode() const noexcept;
  [[nodiscard]] State state() const noexcept { return connection().state; }
  /// Whether it is connected, and whatever the server has said is still to be read.
  [[nodiscard]] bool has_read_nothing() const noexcept;
  /// Whether it has sent something in the last moment.
  [[nodiscard]] bool has_just_sent() const noexcept;
  /// For how long nothing has come from the server, not even a part of an answer.
  [[nodiscard]] std::chrono::milliseconds silent_for() const noexcept {
    return connection().silent_for;
  }
  /// Whether it looks like one of libzookeeper's: it does not block, and does not delay small
  /// packets.
  [[nodiscard]] bool is_of_libzookeeper() const noexcept;
  /// Ends what it does: its owner sees an error. Returns whether there was something to end.
  [[nodiscard]] bool shut_down() const noexcept;

 private:
  struct Connection {
    State state = State::other;
    std::uint64_t received = 0;  // bytes, read or not
    std::chrono::milliseconds silent_for{};
    std::chrono::milliseconds sent_before{};
  };
  [[nodiscard]] Connection connection() const noexcept;

  int number_;
};

/// The sockets of libzookeeper to these servers ("ip:port"), of all handles of this process.
[[nodiscard]] std::vector<ClientSocket> client_sockets_to(const std::vector<std::string>& servers);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_CLIENT_SOCKET_H_
