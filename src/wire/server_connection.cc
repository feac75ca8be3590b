#include "wire/server_connection.h"

#include <algorithm>
#include <utility>

#include "wire/client_socket.h"
#include "wire/ended_connections.h"

namespace zklock::internal {

void ServerConnection::begin(std::string_view server) {
  Sockets sockets;
  Sockets after_tls;
  for (const ClientSocket& socket : client_sockets_to({peer_in_line(server)})) {
    if (socket.has_read_nothing()) sockets.push_back(socket.inode());
    if (socket.has_just_sent()) after_tls.push_back(socket.inode());
  }
  if (sockets.empty()) sockets = std::move(after_tls);
  bool is_passed = false;
  {
    const MutexLock lock(mutex_);
    is_passed = std::exchange(has_left_, false) && server_ == server;
    server_ = server;
    sockets_ = sockets;
  }
  if (is_passed) end(peer_in_line(server), sockets, {});
}

void ServerConnection::on_failed(std::string_view server) {
  const MutexLock lock(mutex_);
  if (server == server_) {
    sockets_.clear();
  } else {
    has_left_ = false;  // it has tried another one
  }
}

std::string ServerConnection::leave(std::chrono::nanoseconds silence) {
  std::string server;
  Sockets sockets;
  {
    const MutexLock lock(mutex_);
    server = peer_in_line(server_);
    sockets = sockets_;
    has_left_ = true;  // first: the next attempt may come at once
  }
  return end(server, sockets, silence) ? server : std::string();
}

/// Returns false if it is over already, or not silent.
bool ServerConnection::end(const std::string& server, const Sockets& sockets,
                           std::chrono::nanoseconds silence) {
  bool has_ended = false;
  for (const ClientSocket& socket : client_sockets_to({server})) {
    if (std::find(sockets.begin(), sockets.end(), socket.inode()) == sockets.end()) continue;
    if (socket.silent_for() < silence / 2) continue;
    note_end(server);
    has_ended = socket.shut_down() || has_ended;
  }
  return has_ended;
}

}  // namespace zklock::internal
