#include "support/pseudo_terminal.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace zklock::test {

PseudoTerminal::PseudoTerminal(const std::vector<std::string>& command,
                               const std::vector<std::string>& variables) {
  std::vector<std::string> words = {"/usr/bin/env"};
  words.insert(words.end(), variables.begin(), variables.end());
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const winsize size{.ws_row = 25, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  program_ = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (program_ < 0) throw std::system_error(errno, std::generic_category(), "forkpty");
  if (program_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL), 0UL, 0UL, 0UL);
    // As a login does: who runs the tests in the background lets these be ignored.
    for (const int signal : {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU}) ::signal(signal, SIG_DFL);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  terminal_ = cli::FileDescriptor(terminal, "forkpty");
}

PseudoTerminal::~PseudoTerminal() {
  terminal_.reset();
  ::kill(program_, SIGKILL);
  ::waitpid(program_, nullptr, 0);
}

void PseudoTerminal::type(const std::string& text) {
  if (::write(terminal_.get(), text.data(), text.size()) < 0) {
    throw std::system_error(errno, std::generic_category(), "write to the terminal");
  }
}

bool PseudoTerminal::shows(const std::string& text, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const std::size_t found = screen_.find(text, seen_);
    if (found != std::string::npos) {
      seen_ = found + text.size();
      return true;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd event{terminal_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&event, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<char, 4096> more{};
    const ssize_t count = ::read(terminal_.get(), more.data(), more.size());
    if (count <= 0) return false;  // the last program on it has ended
    screen_.append(more.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace zklock::test
