#include "wire/close_on_exec.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "wire/descriptors.h"

namespace zklock::internal {

namespace {

/// The open descriptors that programs inherit.
std::vector<int> inherited_descriptors() {
  std::vector<int> all = open_descriptors();
  all.erase(std::remove_if(all.begin(), all.end(),
                           [](int number) {
                             const int flags = ::fcntl(number, F_GETFD);
                             return flags < 0 || (flags & FD_CLOEXEC) != 0;
                           }),
            all.end());
  return all;
}

void close_on_exec(int descriptor) noexcept { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

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
