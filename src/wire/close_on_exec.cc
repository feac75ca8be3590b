#include "wire/close_on_exec.h"

#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>

namespace zklock::internal {

namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

/// The open descriptors of this process that programs inherit. None if there is no /proc.
std::vector<int> inherited_descriptors() {
  std::vector<int> all;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir("/proc/self/fd"));
  if (!directory) return all;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread reads this directory
  while (const dirent* const entry = ::readdir(directory.get())) {
    char* end = nullptr;
    const int number = static_cast<int>(std::strtol(entry->d_name, &end, 10));
    if (end == entry->d_name || *end != '\0') continue;  // "." and ".."
    const int flags = ::fcntl(number, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) all.push_back(number);
  }
  return all;
}

void close_on_exec(int descriptor) noexcept { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

int socket_option(int descriptor, int option) noexcept {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/// "ip:port" of the other end of a TCP socket; "" if it has none. Unlike getpeername, SO_PEERNAME
/// knows it while the socket is still connecting.
std::string peer_of(int descriptor) {
  const int family = socket_option(descriptor, SO_DOMAIN);
  if (family != AF_INET && family != AF_INET6) return {};
  if (socket_option(descriptor, SO_TYPE) != SOCK_STREAM) return {};
  sockaddr_storage peer{};
  socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERNAME, &peer, &size) != 0) return {};
  std::array<char, NI_MAXHOST> ip{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&peer), size,  // NOLINT: C
                    ip.data(), ip.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return {};
  }
  return ip.data() + (":" + std::string(port.data()));
}

/// One end of a pipe without a name.
struct PipeEnd {
  int descriptor = -1;
  ino_t pipe = 0;
  int flags = 0;  // of F_GETFL
};

std::optional<PipeEnd> pipe_end(int descriptor) noexcept {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISFIFO(status.st_mode)) return std::nullopt;
  return PipeEnd{descriptor, status.st_ino, ::fcntl(descriptor, F_GETFL)};
}

/// The ends of all pipes that programs inherit.
std::vector<PipeEnd> inherited_pipe_ends() {
  std::vector<PipeEnd> ends;
  for (const int descriptor : inherited_descriptors()) {
    if (const std::optional<PipeEnd> end = pipe_end(descriptor)) ends.push_back(*end);
  }
  return ends;
}

bool is_nonblocking(const PipeEnd& end, int mode) noexcept {
  return end.flags >= 0 && (end.flags & (O_ACCMODE | O_NONBLOCK)) == (mode | O_NONBLOCK);
}

/// A handle has two ends of a new pipe, which do not block. Returns the only such pipe; 0 if there
/// are others.
ino_t new_pipe_of_a_handle(const std::vector<PipeEnd>& ends, const std::vector<ino_t>& before) {
  ino_t found = 0;
  for (const PipeEnd& reader : ends) {
    if (!is_nonblocking(reader, O_RDONLY)) continue;
    if (std::find(before.begin(), before.end(), reader.pipe) != before.end()) continue;
    int others = 0;
    bool has_writer = false;
    for (const PipeEnd& end : ends) {
      if (end.pipe != reader.pipe || end.descriptor == reader.descriptor) continue;
      ++others;
      has_writer = is_nonblocking(end, O_WRONLY);
    }
    if (others != 1 || !has_writer) continue;
    if (found != 0) return 0;
    found = reader.pipe;
  }
  return found;
}

void close_new_pipe_on_exec(const std::vector<ino_t>& before) {
  const std::vector<PipeEnd> ends = inherited_pipe_ends();
  const ino_t pipe = new_pipe_of_a_handle(ends, before);
  for (const PipeEnd& end : ends) {
    if (pipe != 0 && end.pipe == pipe) close_on_exec(end.descriptor);
  }
}

}  // namespace

void close_connections_on_exec(const std::vector<std::string>& servers) noexcept {
  try {
    for (const int descriptor : inherited_descriptors()) {
      const std::string peer = peer_of(descriptor);
      if (std::find(servers.begin(), servers.end(), peer) != servers.end()) {
        close_on_exec(descriptor);
      }
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory; the next call may succeed
  }
}

HandlePipe::HandlePipe() {
  for (const PipeEnd& end : inherited_pipe_ends()) before_.push_back(end.pipe);
}

HandlePipe::~HandlePipe() {
  try {
    close_new_pipe_on_exec(before_);
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory; then it stays as it is
  }
}

}  // namespace zklock::internal
