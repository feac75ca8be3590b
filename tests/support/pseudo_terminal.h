// A program on a terminal of its own, as a user sees it.
#ifndef ZKLOCK_TESTS_SUPPORT_PSEUDO_TERMINAL_H_
#define ZKLOCK_TESTS_SUPPORT_PSEUDO_TERMINAL_H_

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "cli/file_descriptor.h"
#include "support/long_enough.h"

namespace zklock::test {

/// Thread safety: none.
class PseudoTerminal {
 public:
  /// Starts `command`, which leads a session on a new terminal, with further `variables`
  /// ("NAME=value") in its environment. Throws std::system_error.
  PseudoTerminal(const std::vector<std::string>& command,
                 const std::vector<std::string>& variables);
  /// Hangs up, kills the program if that does not end it, and waits for its end.
  ~PseudoTerminal();
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  /// What a user types: "\x03" is ^C, "\x1a" is ^Z.
  void type(const std::string& text);

  /// Reads until `text` is shown, behind what an earlier call has found. False: it was not in time.
  [[nodiscard]] bool shows(const std::string& text,
                           std::chrono::milliseconds timeout = kLongEnough);

  /// All that was shown so far.
  [[nodiscard]] const std::string& screen() const noexcept { return screen_; }

 private:
  pid_t program_ = -1;
  cli::FileDescriptor terminal_;
  std::string screen_;
  std::size_t seen_ = 0;  // how much of it earlier calls have passed
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_PSEUDO_TERMINAL_H_
