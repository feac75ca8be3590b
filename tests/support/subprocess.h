// Runs a program, and returns its output and its exit status.
#ifndef ZKLOCK_TESTS_SUPPORT_SUBPROCESS_H_
#define ZKLOCK_TESTS_SUPPORT_SUBPROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "cli/file_descriptor.h"
#include "support/long_enough.h"

namespace zklock::test {

/// A child process. It never outlives the object, nor this process, even if that crashes.
///
/// Its output is read all the time, so that it never waits for its reader.
/// Thread safety: all of it may be called from any thread.
class Subprocess {
 public:
  using Timeout = std::chrono::milliseconds;

  /// What its standard input is: nothing (/dev/null), or what `write` is given.
  enum class Input { none, written };

  /// Starts `command`: a program, looked for in PATH if it has no slash, and its arguments. The
  /// `variables`, "NAME=value" each, are added to the environment. Throws std::system_error if it
  /// cannot be started.
  explicit Subprocess(std::vector<std::string> command, std::vector<std::string> variables = {},
                      Input input = Input::none);

  /// Kills it (SIGKILL) if it still runs.
  ~Subprocess();

  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Sends it a signal, unless it has ended.
  void signal(int number);

  /// Lets it read `text`. False: it has ended, or leaves its input unread. REQUIRES: its input is
  /// written.
  bool write(const std::string& text);

  /// Waits for a line of its output, earlier or later, in which `regex` (ECMAScript) is found, and
  /// returns it. None: it was not said in time, or before the process ended.
  [[nodiscard]] std::optional<std::string> wait_for_line(const std::string& regex,
                                                         Timeout timeout = kLongEnough);

  /// Waits for its end, and returns its exit status, or 128 + the signal that it was killed by. All
  /// that it wrote can then be read. None: it still runs.
  [[nodiscard]] std::optional<int> wait_for_exit(Timeout timeout = kLongEnough);

  /// Waits until it says anything more than the `seen` bytes of output, at most for `timeout`.
  /// Returns how much it has said by then.
  std::size_t wait_for_more_output(std::size_t seen, Timeout timeout);

  /// What it has written so far.
  [[nodiscard]] std::string standard_output() const;
  [[nodiscard]] std::string standard_error() const;

 private:
  struct Stream {
    cli::FileDescriptor pipe;
    std::string text;
  };

  void start(std::vector<std::string> command, const std::vector<std::string>& variables,
             Input input);
  void watch();
  bool read_more(Stream& stream);
  void record_end();
  [[nodiscard]] std::optional<std::string> find_line(const std::regex& wanted) const;

  pid_t pid_ = -1;
  cli::FileDescriptor process_;    // of pidfd_open: becomes readable when the process ends
  cli::FileDescriptor destroyed_;  // an eventfd: becomes readable when the object is destroyed

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_.
  cli::FileDescriptor in_;  // none if nothing is written
  Stream out_;
  Stream err_;
  std::optional<int> exit_status_;

  std::thread watcher_;  // last: it uses the others
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_SUBPROCESS_H_
