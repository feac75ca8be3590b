#include "wire/unanswered_attempts.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "wire/descriptors.h"

namespace zklock::internal {

namespace {

/// A second descriptor of a socket. It refers to the same socket also if the first one is closed
/// meanwhile, and its number is given to another file.
class SecondDescriptor {
 public:
  explicit SecondDescriptor(int descriptor) noexcept
      : number_(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) {}
  ~SecondDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  SecondDescriptor(const SecondDescriptor&) = delete;
  SecondDescriptor& operator=(const SecondDescriptor&) = delete;

  [[nodiscard]] int number() const noexcept { return number_; }
  /// 0: it is not known.
  [[nodiscard]] ino_t inode() const noexcept {
    struct stat status {};
    return ::fstat(number_, &status) == 0 ? status.st_ino : 0;
  }

 private:
  const int number_;
};

bool waits_to_be_accepted(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_state == TCP_SYN_SENT;
}

/// Whether it waits to be accepted, and looks like one of libzookeeper's.
bool is_unanswered_attempt(int socket) noexcept {
  if (!waits_to_be_accepted(socket)) return false;
  int sends_at_once = 0;
  socklen_t size = sizeof sends_at_once;
  return (::fcntl(socket, F_GETFL) & O_NONBLOCK) != 0 &&
         ::getsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &sends_at_once, &size) == 0 &&
         sends_at_once != 0;
}

/// The servers at which attempts were ended: by which client does not matter to the one whose
/// socket it was.
struct EndedAttempts {
  Mutex mutex;
  std::map<std::string, SteadyTime> last ZKLOCK_GUARDED_BY(mutex);  // by server
};

/// Never destroyed: lines of libzookeeper may come while the process exits.
EndedAttempts& ended_attempts() { return Platform::current().process_wide<EndedAttempts>(); }

constexpr std::chrono::seconds kUntilItsLine{1};

/// As `peer_of` writes it: libzookeeper may put an IPv6 address in brackets.
std::string peer_in_line(std::string_view server) {
  std::string text(server);
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  return text;
}

void note_end(const std::string& server) {
  const SteadyTime now = Platform::current().steady_now();
  EndedAttempts& ended = ended_attempts();
  const MutexLock lock(ended.mutex);
  std::erase_if(ended.last, [now](const auto& of) { return now - of.second > kUntilItsLine; });
  ended.last[server] = now;
}

bool contains(const std::vector<std::string>& servers, const std::string& server) {
  return std::find(servers.begin(), servers.end(), server) != servers.end();
}

}  // namespace

/// When an earlier call has found it; now if none has.
SteadyTime UnansweredAttempts::found_at(ino_t socket, SteadyTime now) const {
  const auto known = std::find_if(under_way_.begin(), under_way_.end(),
                                  [&](const Attempt& attempt) { return attempt.socket == socket; });
  return known == under_way_.end() ? now : known->found;
}

std::vector<std::string> UnansweredAttempts::end(const std::vector<std::string>& servers,
                                                 std::chrono::nanoseconds patience) noexcept {
  const SteadyTime now = Platform::current().steady_now();
  std::vector<Attempt> still_under_way;
  std::vector<std::string> ended;
  try {
    for (const int descriptor : open_descriptors()) {
      if (!contains(servers, peer_of(descriptor))) continue;
      const SecondDescriptor socket(descriptor);
      std::string server = peer_of(socket.number());
      if (!contains(servers, server) || !is_unanswered_attempt(socket.number())) continue;
      const Attempt attempt{socket.inode(), found_at(socket.inode(), now)};
      if (now - attempt.found < patience) {
        still_under_way.push_back(attempt);
        continue;
      }
      note_end(server);  // first: the line may come at once
      if (::shutdown(socket.number(), SHUT_RDWR) == 0) ended.push_back(std::move(server));
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory; the next call may succeed
  }
  under_way_ = std::move(still_under_way);
  return ended;
}

bool was_just_ended(std::string_view server) {
  const SteadyTime now = Platform::current().steady_now();
  EndedAttempts& ended = ended_attempts();
  const MutexLock lock(ended.mutex);
  const auto found = ended.last.find(peer_in_line(server));
  return found != ended.last.end() && now - found->second <= kUntilItsLine;
}

}  // namespace zklock::internal
