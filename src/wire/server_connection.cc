#include "wire/server_connection.h"

#include <algorithm>
#include <utility>

#include "wire/client_socket.h"
#include "wire/ended_connections.h"

namespace zklock::internal {

void ServerConnection::begin(std::string_view server) {
  const std::string name = peer_in_line(server);
  Sockets sockets;
  for (const ClientSocket& socket : client_sockets_to({name})) {
    if (socket.has_read_nothing()) sockets.push_back(socket.inode());
  }
  bool is_passed = false;
  {
    const MutexLock lock(mutex_);
    is_passed = std::exchange(has_left_, false) && server_ == name;
    server_ = name;
    sockets_ = sockets;
  }
  if (is_passed) end(name, sockets);
}

void ServerConnection::on_connected() {
  const MutexLock lock(mutex_);
  has_left_ = false;
}

std::string ServerConnection::leave() {
  std::string server;
  Sockets sockets;
  {
    const MutexLock lock(mutex_);
    has_left_ = true;
    server = server_;
    sockets.swap(sockets_);
  }
  return end(server, sockets) ? server : std::string();
}

/// Returns false if it is over already.
bool ServerConnection::end(const std::string& server, const Sockets& sockets) {
  bool has_ended = false;
  for (const ClientSocket& socket : client_sockets_to({server})) {
    if (std::find(sockets.begin(), sockets.end(), socket.inode()) == sockets.end()) continue;
    note_end(server);
    has_ended = socket.shut_down() || has_ended;
  }
  return has_ended;
}

}  // namespace zklock::internal
