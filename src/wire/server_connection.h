// server_connection.h: the connection that a handle of libzookeeper has.
#ifndef ZKLOCK_SRC_WIRE_SERVER_CONNECTION_H_
#define ZKLOCK_SRC_WIRE_SERVER_CONNECTION_H_

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace zklock::internal {

/// libzookeeper does not say which socket its handle has. But it says when a server has accepted,
/// and then it is one from which nothing has been read yet. Another handle that connects to the
/// same server at that moment may have such a socket, too: then both count as this handle's, and
/// end together. That handle finds another server as this one does, and its session goes on. (With
/// TLS, much has been read, so the connection is not known.)
///
/// Thread safety: all functions may be called from any thread.
class ServerConnection {
 public:
  /// This server, as a line of libzookeeper has it, has accepted the handle.
  void begin(std::string_view server);
  /// There is a session on it.
  void on_connected();
  /// Ends it: the handle looks for another server. Where a short list leads it to the same one
  /// first, that one is passed once. Returns the server; "" if there is no connection, or it is not
  /// known.
  std::string leave();

 private:
  using Sockets = std::vector<ino_t>;

  static bool end(const std::string& server, const Sockets& sockets);

  Mutex mutex_;
  std::string server_ ZKLOCK_GUARDED_BY(mutex_);
  Sockets sockets_ ZKLOCK_GUARDED_BY(mutex_);        // none: they are not known
  bool has_left_ ZKLOCK_GUARDED_BY(mutex_) = false;  // server_, and is not connected since
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_SERVER_CONNECTION_H_
