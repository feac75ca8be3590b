// attempt_line.h: what a log line of libzookeeper says about an attempt to connect. Nothing else
// tells it: the events of a handle begin with its first session.
#ifndef ZKLOCK_SRC_WIRE_ATTEMPT_LINE_H_
#define ZKLOCK_SRC_WIRE_ATTEMPT_LINE_H_

#include <string>
#include <string_view>

namespace zklock::internal {

struct AttemptLine {
  enum class Kind {
    other,     // about something else, or not understood
    accepted,  // the server has accepted the connection; the handshake is sent
    failed,    // the attempt failed, or the connection broke
    pausing,   // before the next attempt
    late,      // its thread was: as it pauses, or the machine is busy
    stuck,     // the files for TLS cannot be used; the next attempt comes without a pause
    refused,   // Cyrus SASL could not go on with the login; no attempt comes
    broken,    // the login failed on this side, behind `refused` or without it; no attempt comes
  };
  Kind kind = Kind::other;
  std::string_view server{};  // accepted, failed: "ip:port". A part of the line
  int error = 0;              // failed: the errno
  bool is_tls = false;        // failed: in TLS
  std::string tls_error{};    // what OpenSSL says of that, "" if nothing. Not of the line
  std::string_view why{};     // refused: what Cyrus SASL says. A part of the line
};

[[nodiscard]] AttemptLine parse_attempt_line(std::string_view line) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_ATTEMPT_LINE_H_
