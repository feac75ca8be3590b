// first_session.h: waiting for the first session of a client, and trying it with a read.
#ifndef ZKLOCK_SRC_CLIENT_FIRST_SESSION_H_
#define ZKLOCK_SRC_CLIENT_FIRST_SESSION_H_

#include <zklock/context.h>
#include <zklock/result.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "client/pending_answer.h"
#include "session/session_connection.h"

namespace zklock::internal {

class ClientCore;

/// A read that the network's thread sends as soon as there is a connection. Servers refuse an
/// identity, or a chroot, only at the first request.
class FirstRead : public std::enable_shared_from_this<FirstRead> {
 public:
  /// `path`: "" for no read.
  explicit FirstRead(std::string path);

  /// Sends it. Does nothing the next time.
  void send(const SessionConnection& connection);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  Result<Znode> wait(const Context& context) { return answer_.wait(context); }

 private:
  const std::string path_;
  std::atomic<bool> is_sent_{false};
  PendingAnswer<Znode> answer_;
};

/// Waits for the first session and for the answer to its first read. Throws what `connect` throws.
/// Returns whether the path of that read exists; true as well if it must not be read.
bool await_first_session(ClientCore& core, std::chrono::milliseconds timeout);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_FIRST_SESSION_H_
