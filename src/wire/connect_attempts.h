// connect_attempts.h: what became of the last attempts to connect, for the message to the user.
#ifndef ZKLOCK_SRC_WIRE_CONNECT_ATTEMPTS_H_
#define ZKLOCK_SRC_WIRE_CONNECT_ATTEMPTS_H_

#include <string>
#include <vector>

#include "wire/attempt_line.h"

namespace zklock::internal {

/// Keeps the last attempt at each server. Thread safety: none.
class ConnectAttempts {
 public:
  void note(const AttemptLine& line);
  /// There is a session.
  void forget() { last_.clear(); }
  /// In words, by server. "": nothing is known.
  [[nodiscard]] std::string problem() const;

 private:
  struct Attempt {
    std::string server{};
    int error = 0;        // of the last one that failed; 0: none has yet
    bool is_tls = false;  // that failed in TLS
    std::string tls_error{};
    bool was_accepted = false;  // by the server, before it failed
    bool is_under_way = false;  // the server has accepted the next one
  };

  [[nodiscard]] static std::string outcome_of(const Attempt& attempt);

  std::vector<Attempt> last_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_CONNECT_ATTEMPTS_H_
