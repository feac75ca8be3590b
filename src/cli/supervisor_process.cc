#include "cli/supervisor_process.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <utility>

#include "cli/command_status.h"
#include "cli/standard_error.h"

namespace zklock::cli {
namespace {

/// In the child. A group of its own keeps away the signals of the terminal and of `kill -PGID`, a
/// name of its own those of `killall zklock`.
[[noreturn]] void supervise(FileDescriptor socket, const SupervisedProgram& program) {
  int status = status::kDone;
  try {
    ::setpgid(0, 0);
    ::prctl(PR_SET_NAME, "lock-supervisor", 0UL, 0UL, 0UL);
    Supervisor(std::move(socket), program).serve();
  } catch (const std::exception& error) {
    say(std::string("the supervisor: ") + error.what());
    status = status::kFailed;
  }
  ::_exit(status);
}

}  // namespace

SupervisorProcess::SupervisorProcess(const SupervisedProgram& program) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  socket_ = FileDescriptor(ends[0]);
  FileDescriptor its_socket(ends[1]);
  ::signal(SIGCHLD, SIG_DFL);  // where that is ignored, nobody can wait for a child
  adopt_orphans();
  process_ = ::fork();
  if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (process_ == 0) {
    socket_.reset();
    supervise(std::move(its_socket), program);
  }
}

SupervisorProcess::~SupervisorProcess() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);  // it may be stopped
  ::waitpid(process_, nullptr, 0);
}

void SupervisorProcess::start(const RunLimits& limits, std::int64_t fencing_token,
                              const std::string& znode) const {
  send(socket_.get(),
       Order{.kind = Order::Kind::start, .limits = limits, .fencing_token = fencing_token});
  send(socket_.get(), znode);
}

void SupervisorProcess::signal(int number) const noexcept {
  send(socket_.get(), Order{.kind = Order::Kind::signal, .signal = number});
}

void SupervisorProcess::extend(const RunLimits& limits) const noexcept {
  send(socket_.get(), Order{.kind = Order::Kind::extend, .limits = limits});
}

void SupervisorProcess::kill_command() const noexcept {
  send(socket_.get(), Order{.kind = Order::Kind::kill});
}

bool SupervisorProcess::wait_for_report(std::chrono::nanoseconds timeout, int wake) const noexcept {
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);
  const auto limit = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(timeout),
                                std::chrono::milliseconds(0), kLongest);
  std::array<pollfd, 2> events{{{socket_.get(), POLLIN, 0}, {wake, POLLIN, 0}}};
  ::poll(events.data(), events.size(), static_cast<int>(limit.count()));
  return events[0].revents != 0;
}

std::optional<Report> SupervisorProcess::next_report() const noexcept {
  return receive_report(socket_.get());
}

void SupervisorProcess::end_all() {
  if (has_ended()) return;  // a signal to 0 is for the group of this process
  ::kill(process_, SIGKILL);
  kill_children_except(others_);
  process_ = 0;
}

}  // namespace zklock::cli
