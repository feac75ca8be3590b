// close_on_exec.h: keeps the descriptors of libzookeeper from programs that this process starts.
// libzookeeper opens them without close-on-exec, and does not say which they are. A program that
// inherits a connection can write into the session.
#ifndef ZKLOCK_SRC_WIRE_CLOSE_ON_EXEC_H_
#define ZKLOCK_SRC_WIRE_CLOSE_ON_EXEC_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace zklock::internal {

/// Sets close-on-exec on all TCP sockets that are connected, or are connecting, to one of these
/// servers ("ip:port" as `resolve` writes it).
void close_connections_on_exec(const std::vector<std::string>& servers) noexcept;

/// Exists while a handle is opened. Its destructor sets close-on-exec on the pipe by which the
/// handle wakes its thread: the one that was opened meanwhile and looks like it. If the application
/// has opened such a pipe at that very moment, both stay as they are. REQUIRES: one handle is
/// opened at a time (Platform::with_spare_threads).
class HandlePipe {
 public:
  HandlePipe();
  ~HandlePipe();
  HandlePipe(const HandlePipe&) = delete;
  HandlePipe& operator=(const HandlePipe&) = delete;

 private:
  std::vector<ino_t> before_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_CLOSE_ON_EXEC_H_
