#include "wire/connect_attempts.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

namespace zklock::internal {

namespace {

constexpr std::size_t kMostServers = 9;  // of a message that can still be read

/// libzookeeper says EHOSTDOWN at the end of the stream.
bool is_hang_up(int error) noexcept {
  return error == EHOSTDOWN || error == ECONNRESET || error == EPIPE;
}

}  // namespace

void ConnectAttempts::note(const AttemptLine& line) {
  if (line.kind != AttemptLine::Kind::accepted && line.kind != AttemptLine::Kind::failed) return;
  auto attempt = std::find_if(last_.begin(), last_.end(),
                              [&](const Attempt& known) { return known.server == line.server; });
  if (attempt == last_.end()) {
    if (last_.size() == kMostServers) return;
    attempt = last_.insert(attempt, {.server = std::string(line.server)});
  }
  if (line.kind == AttemptLine::Kind::accepted) {
    attempt->is_under_way = true;
  } else {
    attempt->error = line.error;
    attempt->is_tls = line.is_tls;
    attempt->tls_error = line.tls_error;
    attempt->was_accepted = std::exchange(attempt->is_under_way, false);
  }
}

std::string ConnectAttempts::outcome_of(const Attempt& attempt) {
  const int error = attempt.error;
  if (attempt.is_tls && error == ETIMEDOUT) {
    return "accepted the connection, but did not answer: no TLS handshake";
  }
  if (attempt.is_tls) {
    return "no TLS handshake: " + (attempt.tls_error.empty() ? "it failed" : attempt.tls_error);
  }
  if (is_hang_up(error)) {
    return "accepted the connection and closed it: no quorum, its limit of connections "
           "(maxClientCnxns), or not a plain client port";
  }
  if (error == 0 || (error == ETIMEDOUT && attempt.was_accepted)) {
    return "accepted the connection, but did not answer";
  }
  return std::generic_category().message(error);
}

std::string ConnectAttempts::problem() const {
  std::string text;
  for (const Attempt& attempt : last_) {
    if (!text.empty()) text += "; ";
    text += attempt.server + ": " + outcome_of(attempt);
  }
  return text;
}

}  // namespace zklock::internal
