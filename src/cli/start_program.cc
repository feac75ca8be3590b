#include "cli/start_program.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "cli/file_descriptor.h"

namespace zklock::cli {
namespace {

/// All but standard input, output and error.
void close_others_on_exec() noexcept {
  constexpr unsigned int kFirst = STDERR_FILENO + 1;
  if (::close_range(kFirst, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  rlimit limit{};  // before Linux 5.11
  ::getrlimit(RLIMIT_NOFILE, &limit);
  for (int number = kFirst; static_cast<rlim_t>(number) < limit.rlim_cur; ++number) {
    ::fcntl(number, F_SETFD, FD_CLOEXEC);
  }
}

[[noreturn]] void become(char* const* arguments, const sigset_t& mask, pid_t parent, int failure) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL), 0UL, 0UL, 0UL);
  if (::getppid() != parent) ::_exit(128 + SIGKILL);  // it has ended before that
  close_others_on_exec();
  ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  ::execvp(arguments[0], arguments);  // NOLINT(concurrency-mt-unsafe): there is one thread
  const int error = errno;
  static_cast<void>(!::write(failure, &error, sizeof error));
  ::_exit(127);
}

}  // namespace

StartedProgram start_program(const std::vector<std::string>& command,
                             const std::vector<std::pair<std::string, std::string>>& variables,
                             const sigset_t& mask) {
  for (const auto& [name, value] : variables) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): exec does not change them
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {.error = errno};
  const FileDescriptor failure(ends[0]);
  FileDescriptor failure_in_child(ends[1]);
  const pid_t self = ::getpid();
  const pid_t process = ::fork();
  if (process == 0) become(arguments.data(), mask, self, failure_in_child.get());
  if (process < 0) return {.error = errno};
  ::setpgid(process, process);  // parent or child, the one that runs first
  failure_in_child.reset();
  int error = 0;
  ssize_t count = -1;
  do {
    count = ::read(failure.get(), &error, sizeof error);  // it ends when the program begins
  } while (count < 0 && errno == EINTR);
  if (count != static_cast<ssize_t>(sizeof error)) return {.process = process};
  ::waitpid(process, nullptr, 0);
  return {.error = error};
}

}  // namespace zklock::cli
