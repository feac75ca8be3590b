// server_connection.h: the connection that a handle of libzookeeper has.
#ifndef ZKLOCK_SRC_WIRE_SERVER_CONNECTION_H_
#define ZKLOCK_SRC_WIRE_SERVER_CONNECTION_H_

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace zklock::internal {

/// libzookeeper does not say which socket its handle has. But it says when a server has accepted,
/// right after it has sent its request for a session. Then it is one from which nothing has been
/// read yet; with TLS, one that has just sent something. Another handle that does the same with the
/// same server at that moment may have such a socket, too: then both count as this handle's, and
/// end together. That handle finds another server as this one does, and its session goes on.
///
/// Thread safety: all functions may be called from any thread.
class ServerConnection {
 public:
  /// This server, as a line of libzookeeper has it, has accepted the handle.
  void begin(std::string_view server);
  /// A connection to this server is over, or an attempt at one.
  void on_failed(std::string_view server);
  /// Ends it, if not even a part of an answer has come in the second half of this time: the handle
  /// looks for another server. Where a short list leads it to the same one first, that one is
  /// passed once. Returns the server; "" if it was not left.
  std::string leave(std::chrono::nanoseconds silence);

 private:
  using Sockets = std::vector<ino_t>;

  static bool end(const std::string& server, const Sockets& sockets,
                  std::chrono::nanoseconds silence);

  Mutex mutex_;
  std::string server_ ZKLOCK_GUARDED_BY(mutex_);     // as the line has it
  Sockets sockets_ ZKLOCK_GUARDED_BY(mutex_);        // none: they are not known
  bool has_left_ ZKLOCK_GUARDED_BY(mutex_) = false;  // server_, and tried no other since
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_SERVER_CONNECTION_H_
