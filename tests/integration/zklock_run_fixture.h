// `zklock run` as processes on a real server: what its tests have in common.
#ifndef ZKLOCK_TESTS_INTEGRATION_ZKLOCK_RUN_FIXTURE_H_
#define ZKLOCK_TESTS_INTEGRATION_ZKLOCK_RUN_FIXTURE_H_

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <zklock/zookeeper_lock.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/file_descriptor.h"
#include "integration/tools.h"
#include "support/subprocess.h"
#include "support/temporary_directory.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {

/// Ignores SIGTERM, and says so. Bash waits in a builtin: a program that it starts would not ignore
/// it.
inline constexpr const char* kStubborn =
    "trap '' TERM; echo ready $$; while :; do read -rt 60 <> <(:); done";
/// Starts one that leaves its group and its session, and ignores SIGTERM. Each says its number.
inline constexpr const char* kWithGrandchild =
    "setsid bash -c \"trap '' TERM; echo grandchild \\$\\$; exec 2>/dev/null; "
    "while :; do sleep 60; done\" & echo ready $$; wait; wait";

/// A pipe that nobody reads, and that is full.
class FullPipe {
 public:
  FullPipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    read_end_ = cli::FileDescriptor(ends[0], "pipe2");
    write_end_ = cli::FileDescriptor(ends[1], "pipe2");
    const std::string much(4096, '.');
    while (::write(write_end_.get(), much.data(), much.size()) > 0) {
    }
    ::fcntl(write_end_.get(), F_SETFL, 0);  // from now on a writer waits
  }
  /// For others to open.
  std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(write_end_.get());
  }
  void drain() {
    std::array<char, 4096> much{};
    while (::read(read_end_.get(), much.data(), much.size()) > 0) {
    }
  }

 private:
  cli::FileDescriptor read_end_;
  cli::FileDescriptor write_end_;
};

inline pid_t parent_of(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  std::string word;
  for (int i = 0; i < 4; ++i) status >> word;
  return std::stoi(word);
}

/// Its first thread, in the kernel: a function such as "anon_pipe_write".
inline std::string what_it_waits_in(pid_t process) {
  std::string name;
  std::ifstream("/proc/" + std::to_string(process) + "/wchan") >> name;
  return name;
}

/// Whether it has ended, and its parent has waited for it. If not: its state and its parent.
inline ::testing::AssertionResult is_gone(pid_t process) {
  if (::kill(process, 0) != 0 && errno == ESRCH) return ::testing::AssertionSuccess();
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(stat, line);
  return ::testing::AssertionFailure() << line;
}

class ZklockRunFixture : public ::testing::Test {
 protected:
  using Words = std::vector<std::string>;

  /// `zklock run <options> <path> -- <command>`.
  std::unique_ptr<Subprocess> start(Words options, const Words& command,
                                    const std::string& address = {}) const {
    Words words = {ZKLOCK_COMMAND, "run", path_};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return std::make_unique<Subprocess>(
        std::move(words), Words{"ZKLOCK_ADDRESS=" + (address.empty() ? address_ : address)});
  }
  std::unique_ptr<Subprocess> start_bash(Words options, const std::string& script) const {
    return start(std::move(options), {"bash", "-c", script});
  }
  std::unique_ptr<Subprocess> start_bash_with_errors_to(const FullPipe& pipe, const Words& options,
                                                        const std::string& script) const {
    Words words = {"bash", "-c", "exec \"$0\" run --quiet \"$@\" 2>" + pipe.path(), ZKLOCK_COMMAND,
                   path_};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "bash", "-c", script});
    return std::make_unique<Subprocess>(std::move(words), Words{"ZKLOCK_ADDRESS=" + address_});
  }
  /// The number of a process, from the line "<name> <number>".
  static pid_t process_named(const std::string& name, Subprocess& run) {
    const std::optional<std::string> line = run.wait_for_line("^" + name + " [0-9]+");
    EXPECT_TRUE(line) << run.standard_error();
    return line ? std::stoi(line->substr(line->rfind(' ') + 1)) : 0;
  }
  std::size_t queue_size() const { return lock_.entries(soon()).size(); }

  const std::string address_ = ZooKeeperServer::shared().address();
  const std::string path_ = unique_path();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(address_);
  mutable ZooKeeperLock lock_{{.path = path_}, client_};
  const TemporaryDirectory directory_;
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEGRATION_ZKLOCK_RUN_FIXTURE_H_
