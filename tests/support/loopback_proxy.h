// A network between clients and a server that can be broken.
#ifndef ZKLOCK_TESTS_SUPPORT_LOOPBACK_PROXY_H_
#define ZKLOCK_TESTS_SUPPORT_LOOPBACK_PROXY_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "support/file_descriptor.h"

namespace zklock::test {

/// Forwards the bytes of TCP connections on a loopback port of its own to a server's. What the
/// server hears while a client is cut off is up to the test: it lives on, and ends sessions.
///
/// For little traffic: it does not go on while a receiver takes nothing.
/// Thread safety: all of it may be called from any thread. What a call says holds when it returns.
class LoopbackProxy {
 public:
  explicit LoopbackProxy(std::uint16_t server_port);
  ~LoopbackProxy();

  LoopbackProxy(const LoopbackProxy&) = delete;
  LoopbackProxy& operator=(const LoopbackProxy&) = delete;

  /// "127.0.0.1:<port>".
  [[nodiscard]] std::string address() const;

  /// Resets all connections, with what was held of them. Clients may connect anew.
  void cut();
  /// Resets all connections, and every new one as soon as it is made.
  void refuse();
  /// Keeps back what the clients send, or are sent, from now on. Nobody sees that it does.
  void hold_to_server();
  void hold_to_client();
  /// A network as good as new: what was held is forwarded, new connections are, too.
  void heal();

  /// How many connections to the server have been made so far.
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Connection {
    FileDescriptor client;
    FileDescriptor server;
  };

  template <class Change>
  void change(const Change& change);
  void work();
  void accept_client();
  void reset_all();

  const std::uint16_t server_port_;
  FileDescriptor listener_;
  FileDescriptor changed_;  // an eventfd: the thread has to look at the state again

  mutable std::mutex mutex_;
  // Protected by mutex_.
  std::list<Connection> connections_;
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
