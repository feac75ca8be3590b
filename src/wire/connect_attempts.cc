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

std::string outcome_of(int error, bool is_accepted) {
  if (is_hang_up(error)) {
    return "accepted the connection and closed it: no quorum, its limit of connections "
           "(maxClientCnxns), or not a plain client port";
  }
  if (error == 0 || (error == ETIMEDOUT && is_accepted)) {
    return "accepted the connection, but did not answer";
  }
  return std::generic_category().message(error);
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
    attempt->was_accepted = std::exchange(attempt->is_under_way, false);
  }
}

std::string ConnectAttempts::problem() const {
  std::string text;
  for (const Attempt& attempt : last_) {
    if (!text.empty()) text += "; ";
    text += attempt.server + ": " + outcome_of(attempt.error, attempt.was_accepted);
  }
  return text;
}

}  // namespace zklock::internal
