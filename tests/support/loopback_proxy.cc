#include "support/loopback_proxy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include "support/loopback_address.h"
#include "support/subprocess.h"

namespace zklock::test {
namespace {

/// How soon a server that has refused is asked again.
constexpr int kRetryInMs = 10;

cli::FileDescriptor listen_at(const sockaddr_in& address) {
  cli::FileDescriptor result(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  // Reuse is for what follows at this address, while old connections linger. Set before `bind`, it
  // would let the system choose a port that others share.
  if (::bind(result.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::setsockopt(result.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::listen(result.get(), SOMAXCONN) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen");
  }
  return result;
}

/// Closing it will reset the connection: the peer knows at once, and what was not read is dropped.
void close_with_reset(const cli::FileDescriptor& socket) {
  const linger none = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

void send_without_delay(const cli::FileDescriptor& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// None if the server refuses. One that is frozen takes connections as long as it has room.
cli::FileDescriptor connect_to(std::uint16_t port) {
  cli::FileDescriptor result(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                             "socket");
  const sockaddr_in address = loopback_address(port);
  int error = 0;
  socklen_t length = sizeof error;
  if (::connect(result.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    error = errno;
  }
  // On a loopback network, what becomes of it is known when the call that began it returns.
  if (error == EINPROGRESS) ::getsockopt(result.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0 && error != EINPROGRESS) result.reset();
  return result;
}

}  // namespace

LoopbackProxy::LoopbackProxy(std::uint16_t server_port, Traffic traffic,
                             std::chrono::milliseconds patience)
    : LoopbackProxy(server_port, loopback_address(0), traffic, patience) {}

LoopbackProxy::LoopbackProxy(std::uint16_t server_port, const sockaddr_in& at)
    : LoopbackProxy(server_port, at, Traffic::packets, {}) {}

LoopbackProxy::LoopbackProxy(std::uint16_t server_port, const sockaddr_in& at, Traffic traffic,
                             std::chrono::milliseconds patience)
    : server_port_(server_port),
      traffic_(traffic),
      patience_(patience),
      listener_(listen_at(at)),
      changed_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"),
      thread_([this] { work(); }) {}

LoopbackProxy::~LoopbackProxy() {
  change([this] { ending_ = true; });
  thread_.join();
}

std::string LoopbackProxy::address() const { return ip() + ":" + std::to_string(port()); }

std::string LoopbackProxy::ip() const {
  const sockaddr_in address = listens_at();
  std::array<char, INET_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
}

std::uint16_t LoopbackProxy::port() const { return ntohs(listens_at().sin_port); }

sockaddr_in LoopbackProxy::listens_at() const {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "getsockname");
  }
  return address;
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

void LoopbackProxy::hold_at(const PacketPattern& pattern, int nth) {
  lie_in_wait({pattern, Fault::hold, nth});
}

void LoopbackProxy::cut_at_each(const PacketPattern& pattern) {
  lie_in_wait({.pattern = pattern, .fault = Fault::cut, .stays = true});
}

void LoopbackProxy::count_requests(const std::string& part) {
  const std::scoped_lock lock(mutex_);
  counted_part_ = part;
  requests_.clear();
}

std::map<Op, int> LoopbackProxy::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
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
  const int number = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (number < 0) return;  // it has gone already
  cli::FileDescriptor client(number, "accept");
  if (refusing_) {
    close_with_reset(client);
    return;
  }
  send_without_delay(client);
  Connection connection{std::move(client), std::chrono::steady_clock::now() + patience_};
  if (reach_server(connection)) connections_.push_back(std::move(connection));
}

/// Connects to the server, unless that has been done. False: it has refused for too long.
/// REQUIRES: mutex_ is held.
bool LoopbackProxy::reach_server(Connection& connection) {
  if (connection.server.get() >= 0) return true;
  cli::FileDescriptor server = connect_to(server_port_);
  if (server.get() < 0) return std::chrono::steady_clock::now() < connection.give_up;
  send_without_delay(server);
  connection.server = std::move(server);
  ++connection_count_;
  return true;
}

/// REQUIRES: mutex_ is held.
bool LoopbackProxy::is_reaching() const {
  return std::any_of(connections_.begin(), connections_.end(),
                     [](const Connection& connection) { return connection.server.get() < 0; });
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

std::array<LoopbackProxy::Way, 2> LoopbackProxy::ways(Connection& connection) {
  auto& [client, give_up, server, conversation, to_server, to_client] = connection;
  return {Way{Side::client, client, server, to_server, holds_to_server_},
          Way{Side::server, server, client, to_client, holds_to_client_}};
}

/// What to wait for: bytes to be read, or room for what was. REQUIRES: mutex_ is held.
void LoopbackProxy::poll_for(Connection& connection, std::vector<pollfd>& polled) {
  const auto [up, down] = ways(connection);
  const auto add = [&](const Way& in, const Way& out) {
    const bool reads = !in.is_held && in.waiting.empty();
    const bool writes = !out.is_held && !out.waiting.empty();
    const auto events = static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
    const bool is_ready = connection.server.get() >= 0 && events != 0;
    polled.push_back({is_ready ? in.source.get() : -1, events, 0});  // -1 is not looked at
  };
  add(up, down);
  add(down, up);
}

/// Takes what has come, where there is room for it. False: the connection is over.
/// REQUIRES: mutex_ is held.
bool LoopbackProxy::receive(Connection& connection) {
  for (const Way& way : ways(connection)) {
    if (way.is_held || !way.waiting.empty()) continue;
    std::array<char, 16'384> buffer{};
    const ssize_t length = ::recv(way.source.get(), buffer.data(), buffer.size(), 0);
    if (length == 0 || (length < 0 && errno != EAGAIN)) return false;
    if (length < 0) continue;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(length));
    if (traffic_ == Traffic::packets) {
      connection.conversation.append(way.from, bytes);
    } else {
      way.waiting = bytes;
    }
  }
  return true;
}

/// What has come whole is on its way then, up to where it is held. REQUIRES: mutex_ is held.
LoopbackProxy::Progress LoopbackProxy::pass(Conversation& conversation, const Way& way) {
  while (!way.is_held) {
    const std::optional<Packet> packet = conversation.next(way.from);
    if (!packet) break;
    const std::optional<Fault> fault = fault_at(*packet);
    if (fault == Fault::hold) {
      way.is_held = true;
      break;
    }
    if (fault) {
      refusing_ = refusing_ || fault == Fault::refuse;
      return Progress::all_are_over;
    }
    const bool is_counted = packet->kind == Packet::Kind::request && packet->op && counted_part_ &&
                            packet->text.find(*counted_part_) != std::string::npos;
    if (is_counted) ++requests_[*packet->op];
    way.waiting += conversation.take(way.from);
  }
  return Progress::goes_on;
}

/// Forwards what the receiver takes. What is in front of a packet that the connection breaks at has
/// arrived. REQUIRES: mutex_ is held.
LoopbackProxy::Progress LoopbackProxy::forward(Conversation& conversation, const Way& way) {
  const bool was_held = way.is_held;
  const Progress progress = pass(conversation, way);
  if (was_held || way.waiting.empty()) return progress;
  const ssize_t sent = ::send(way.sink.get(), way.waiting.data(), way.waiting.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return Progress::is_over;
  if (sent > 0) way.waiting.erase(0, static_cast<std::size_t>(sent));
  return progress;
}

/// REQUIRES: mutex_ is held.
void LoopbackProxy::forward_all() {
  for (auto connection = connections_.begin(); connection != connections_.end();) {
    Progress progress = Progress::goes_on;
    for (const Way& way : ways(*connection)) {
      if (connection->server.get() < 0 || progress != Progress::goes_on) break;
      progress = forward(connection->conversation, way);
    }
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
    for (Connection& connection : connections_) poll_for(connection, polled);
    const std::uint64_t changes = changes_;
    const int timeout = is_reaching() ? kRetryInMs : -1;
    lock.unlock();
    ::poll(polled.data(), polled.size(), timeout);
    lock.lock();
    eventfd_t ignored = 0;
    ::eventfd_read(changed_.get(), &ignored);
    if (changes != changes_) continue;
    std::size_t next = 2;
    for (auto connection = connections_.begin(); connection != connections_.end(); next += 2) {
      const bool is_ready = polled[next].revents != 0 || polled[next + 1].revents != 0;
      const bool goes_on = reach_server(*connection) && (!is_ready || receive(*connection));
      connection = goes_on ? std::next(connection) : connections_.erase(connection);
    }
    if (polled[1].revents != 0) accept_client();
  }
}

}  // namespace zklock::test
