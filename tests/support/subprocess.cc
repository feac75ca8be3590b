#include "support/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <future>
#include <sstream>
#include <system_error>
#include <utility>

namespace zklock::test {
namespace {

struct Pipe {
  cli::FileDescriptor reader;
  cli::FileDescriptor writer;
};

/// A pipe that can be written to without a signal when nobody reads it any more.
Pipe make_input_pipe() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  return {cli::FileDescriptor(ends[0], "socketpair"), cli::FileDescriptor(ends[1], "socketpair")};
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  return {cli::FileDescriptor(ends[0], "pipe2"), cli::FileDescriptor(ends[1], "pipe2")};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

/// This process's environment, in which `variables` replace those of the same name.
std::vector<std::string> environment_with(const std::vector<std::string>& variables) {
  std::vector<std::string> result = variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    const std::string name = variable.substr(0, variable.find('=') + 1);
    bool is_replaced = false;
    for (const std::string& own : variables) is_replaced = is_replaced || own.starts_with(name);
    if (!is_replaced) result.push_back(variable);
  }
  return result;
}

/// What the child does between fork and exec. Other threads of the parent may have held any mutex,
/// so it only makes system calls. Without an `in` (-1) it reads nothing. Returns if that failed;
/// errno then says why.
void become(char* const* command, char* const* environment, int in, int out, int err,
            pid_t parent) {
  // Ends with the thread that forked, which is the Subprocess's own: it ends when the object does.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
  if (::getppid() != parent) ::_exit(127);  // it has ended already

  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);

  if (in < 0) in = ::open("/dev/null", O_RDONLY);
  if (in < 0 || ::dup2(in, STDIN_FILENO) < 0) return;
  if (::dup2(out, STDOUT_FILENO) < 0 || ::dup2(err, STDERR_FILENO) < 0) return;
  // libzookeeper's sockets would be inherited, and keep connections open that the parent closes.
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execvpe(command[0], command, environment);
}

}  // namespace

Subprocess::Subprocess(std::vector<std::string> command, std::vector<std::string> variables,
                       Input input)
    : destroyed_(::eventfd(0, EFD_CLOEXEC), "eventfd") {
  std::promise<void> started;
  std::future<void> result = started.get_future();
  watcher_ = std::thread([&] {
    try {
      start(std::move(command), variables, input);
    } catch (...) {
      started.set_exception(std::current_exception());
      return;
    }
    started.set_value();  // from here on nothing of the constructor's is used
    watch();
  });
  try {
    result.get();
  } catch (...) {
    watcher_.join();
    throw;
  }
}

Subprocess::~Subprocess() {
  const std::uint64_t one = 1;
  (void)!::write(destroyed_.get(), &one, sizeof one);  // an eventfd takes it
  watcher_.join();
}

void Subprocess::signal(int number) {
  const std::lock_guard lock(mutex_);
  if (!exit_status_) ::kill(pid_, number);  // it has not been waited for: the pid is still its own
}

bool Subprocess::write(const std::string& text) {
  const std::lock_guard lock(mutex_);
  const ssize_t taken = ::send(in_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return taken == static_cast<ssize_t>(text.size());
}

std::optional<std::string> Subprocess::wait_for_line(const std::string& regex, Timeout timeout) {
  const std::regex wanted(regex);
  std::unique_lock lock(mutex_);
  std::optional<std::string> line;
  changed_.wait_for(lock, timeout, [&] {
    line = find_line(wanted);
    return line || exit_status_;
  });
  return line;
}

std::optional<int> Subprocess::wait_for_exit(Timeout timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return exit_status_.has_value(); });
  return exit_status_;
}

std::size_t Subprocess::wait_for_more_output(std::size_t seen, Timeout timeout) {
  std::unique_lock lock(mutex_);
  const auto size = [&] { return out_.text.size() + err_.text.size(); };
  changed_.wait_for(lock, timeout, [&] { return size() > seen || exit_status_; });
  return size();
}

std::string Subprocess::standard_output() const {
  const std::lock_guard lock(mutex_);
  return out_.text;
}

std::string Subprocess::standard_error() const {
  const std::lock_guard lock(mutex_);
  return err_.text;
}

void Subprocess::start(std::vector<std::string> command, const std::vector<std::string>& variables,
                       Input input) {
  Pipe in = input == Input::written ? make_input_pipe() : Pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe failure = make_pipe();  // closed by a successful exec, else it carries errno
  std::vector<std::string> environment = environment_with(variables);
  const std::vector<char*> command_pointers = pointers(command);
  const std::vector<char*> environment_pointers = pointers(environment);
  const pid_t parent = ::getpid();

  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    become(command_pointers.data(), environment_pointers.data(), in.reader.get(), out.writer.get(),
           err.writer.get(), parent);
    const int error = errno;
    (void)!::write(failure.writer.get(), &error, sizeof error);
    ::_exit(127);
  }

  failure.writer.reset();
  int error = 0;
  if (::read(failure.reader.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(pid_, nullptr, 0);
    throw std::system_error(error, std::generic_category(), "cannot start " + command.front());
  }
  // Not glibc's pidfd_open: the header of Debian 12 forgets to say that it is a C function.
  const auto process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  process_ = cli::FileDescriptor(process, "pidfd_open");
  in_ = std::move(in.writer);
  out_.pipe = std::move(out.reader);
  err_.pipe = std::move(err.reader);
  // Once the process has ended there may be others that keep the pipes open: read what is there.
  ::fcntl(out_.pipe.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(err_.pipe.get(), F_SETFL, O_NONBLOCK);
}

void Subprocess::watch() {
  for (;;) {
    std::array<pollfd, 4> events = {{{destroyed_.get(), POLLIN, 0},
                                     {process_.get(), POLLIN, 0},
                                     {out_.pipe.get(), POLLIN, 0},
                                     {err_.pipe.get(), POLLIN, 0}}};
    if (::poll(events.data(), events.size(), -1) < 0) continue;  // EINTR

    if (events[0].revents != 0) ::kill(pid_, SIGKILL);
    const bool has_ended = events[0].revents != 0 || events[1].revents != 0;
    if (events[2].revents != 0 && !read_more(out_)) out_.pipe.reset();
    if (events[3].revents != 0 && !read_more(err_)) err_.pipe.reset();
    if (has_ended) {
      record_end();
      return;
    }
  }
}

/// Returns false at the end of the stream.
bool Subprocess::read_more(Stream& stream) {
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t length = ::read(stream.pipe.get(), buffer.data(), buffer.size());
    if (length <= 0) return length < 0 && (errno == EAGAIN || errno == EINTR);
    const std::lock_guard lock(mutex_);
    stream.text.append(buffer.data(), static_cast<std::size_t>(length));
    changed_.notify_all();
  }
}

void Subprocess::record_end() {
  // Without the mutex: it may take the process a moment to die. With WNOWAIT, so that the pid stays
  // its own until exit_status_ says that it has ended.
  siginfo_t end{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOWAIT);
  (void)read_more(out_);
  (void)read_more(err_);
  const std::lock_guard lock(mutex_);
  ::waitpid(pid_, nullptr, 0);
  exit_status_ = end.si_code == CLD_EXITED ? end.si_status : 128 + end.si_status;
  changed_.notify_all();
}

std::optional<std::string> Subprocess::find_line(const std::regex& wanted) const {
  for (const Stream* stream : {&out_, &err_}) {
    const std::size_t complete = stream->text.rfind('\n') + 1;  // 0 if there is none
    std::istringstream lines(stream->text.substr(0, complete));
    for (std::string line; std::getline(lines, line);) {
      if (std::regex_search(line, wanted)) return line;
    }
  }
  return std::nullopt;
}

}  // namespace zklock::test
