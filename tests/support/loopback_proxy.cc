#include "support/loopback_proxy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/loopback_address.h"
#include "support/subprocess.h"

namespace zklock::test {
namespace {

FileDescriptor listen_on_free_port() {
  FileDescriptor result(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const sockaddr_in address = loopback_address(0);
  if (::bind(result.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(result.get(), SOMAXCONN) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen");
  }
  return result;
}

/// Closing it will reset the connection: the peer knows at once, and what was not read is dropped.
void close_with_reset(const FileDescriptor& socket) {
  const linger none = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

void send_without_delay(const FileDescriptor& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// False: the connection is over.
bool receive(const FileDescriptor& socket, Conversation::Side from, Conversation& conversation) {
  std::array<char, 16'384> buffer{};
  const ssize_t length = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
  if (length <= 0) return false;
  conversation.append(from, {buffer.data(), static_cast<std::size_t>(length)});
  return true;
}

/// False: the connection is over.
bool send_all(const FileDescriptor& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

LoopbackProxy::LoopbackProxy(std::uint16_t server_port)
    : server_port_(server_port),
      listener_(listen_on_free_port()),
      changed_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"),
      thread_([this] { work(); }) {}

LoopbackProxy::~LoopbackProxy() {
  change([this] { ending_ = true; });
  thread_.join();
}

std::string LoopbackProxy::address() const {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "getsockname");
  }
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

void LoopbackProxy::cut() {
  change([this] { reset_all(); });
}

void LoopbackProxy::refuse() {
  change([this] {
    refusing_ = true;
    reset_all();
  });
}

void LoopbackProxy::hold_to_server() {
  change([this] { holds_to_server_ = true; });
}

void LoopbackProxy::hold_to_client() {
  change([this] { holds_to_client_ = true; });
}

void LoopbackProxy::heal() {
  change([this] {
    refusing_ = holds_to_server_ = holds_to_client_ = false;
    ambushes_.clear();
  });
}

void LoopbackProxy::cut_at(const PacketPattern& pattern, int nth) {
  lie_in_wait({pattern, Fault::cut, nth});
}

void LoopbackProxy::refuse_at(const PacketPattern& pattern) {
  lie_in_wait({pattern, Fault::refuse});
}

void LoopbackProxy::hold_at(const PacketPattern& pattern) { lie_in_wait({pattern, Fault::hold}); }

void LoopbackProxy::cut_at_each(const PacketPattern& pattern) {
  lie_in_wait({.pattern = pattern, .fault = Fault::cut, .stays = true});
}

void LoopbackProxy::lie_in_wait(Ambush ambush) {
  const std::scoped_lock lock(mutex_);
  ambushes_.push_back(std::move(ambush));
}

bool LoopbackProxy::meets(std::size_t count) {
  std::unique_lock lock(mutex_);
  return met_changed_.wait_for(lock, kLongEnough, [&] { return met_ >= count; });
}

std::size_t LoopbackProxy::met() const {
  const std::scoped_lock lock(mutex_);
  return met_;
}

std::size_t LoopbackProxy::connections() const {
  const std::scoped_lock lock(mutex_);
  return connection_count_;
}

template <class Change>
void LoopbackProxy::change(const Change& change) {
  const std::scoped_lock lock(mutex_);
  change();
  ++changes_;
  ::eventfd_write(changed_.get(), 1);
}

/// REQUIRES: mutex_ is held.
void LoopbackProxy::reset_all() {
  for (const Connection& connection : connections_) {
    close_with_reset(connection.client);
    close_with_reset(connection.server);
  }
  connections_.clear();
}

/// REQUIRES: mutex_ is held.
void LoopbackProxy::accept_client() {
  const int number = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
  if (number < 0) return;  // it has gone already
  FileDescriptor client(number, "accept");
  if (refusing_) {
    close_with_reset(client);
    return;
  }
  FileDescriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const sockaddr_in address = loopback_address(server_port_);
  if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return;
  }
  send_without_delay(client);
  send_without_delay(server);
  connections_.push_back({std::move(client), std::move(server)});
  ++connection_count_;
}

/// What to do at this packet, if anything. REQUIRES: mutex_ is held.
std::optional<LoopbackProxy::Fault> LoopbackProxy::fault_at(const Packet& packet) {
  std::optional<Fault> fault;
  for (auto ambush = ambushes_.begin(); ambush != ambushes_.end();) {
    const bool is_met = ambush->pattern.fits(packet) && --ambush->left <= 0;
    if (is_met) fault = ambush->fault;
    ambush = is_met && !ambush->stays ? ambushes_.erase(ambush) : std::next(ambush);
  }
  if (fault) {
    ++met_;
    met_changed_.notify_all();
  }
  return fault;
}

/// Forwards what has come whole from that side. REQUIRES: mutex_ is held.
LoopbackProxy::Progress LoopbackProxy::forward(Connection& connection, Side from) {
  bool& is_held = from == Side::client ? holds_to_server_ : holds_to_client_;
  while (!is_held) {
    const std::optional<Packet> packet = connection.conversation.next(from);
    if (!packet) break;
    const std::optional<Fault> fault = fault_at(*packet);
    if (fault == Fault::hold) {
      is_held = true;
      break;
    }
    if (fault) {
      refusing_ = refusing_ || fault == Fault::refuse;
      return Progress::all_are_over;
    }
    const FileDescriptor& to = from == Side::client ? connection.server : connection.client;
    if (!send_all(to, connection.conversation.take(from))) return Progress::is_over;
  }
  return Progress::goes_on;
}

/// REQUIRES: mutex_ is held.
void LoopbackProxy::forward_all() {
  for (auto connection = connections_.begin(); connection != connections_.end();) {
    Progress progress = forward(*connection, Side::client);
    if (progress == Progress::goes_on) progress = forward(*connection, Side::server);
    if (progress == Progress::all_are_over) {
      reset_all();
      return;
    }
    connection =
        progress == Progress::goes_on ? std::next(connection) : connections_.erase(connection);
  }
}

void LoopbackProxy::work() {
  std::vector<pollfd> polled;
  std::unique_lock lock(mutex_);
  while (!ending_) {
    forward_all();
    polled = {{changed_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const Connection& connection : connections_) {
      // A negative one is not looked at.
      polled.push_back({holds_to_server_ ? -1 : connection.client.get(), POLLIN, 0});
      polled.push_back({holds_to_client_ ? -1 : connection.server.get(), POLLIN, 0});
    }
    const std::uint64_t changes = changes_;
    lock.unlock();
    ::poll(polled.data(), polled.size(), -1);
    lock.lock();
    eventfd_t ignored = 0;
    ::eventfd_read(changed_.get(), &ignored);
    if (changes != changes_) continue;
    std::size_t next = 2;
    for (auto connection = connections_.begin(); connection != connections_.end(); next += 2) {
      const bool goes_on = (polled[next].revents == 0 ||
                            receive(connection->client, Side::client, connection->conversation)) &&
                           (polled[next + 1].revents == 0 ||
                            receive(connection->server, Side::server, connection->conversation));
      connection = goes_on ? std::next(connection) : connections_.erase(connection);
    }
    if (polled[1].revents != 0) accept_client();
  }
}

}  // namespace zklock::test
