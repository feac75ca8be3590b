// The flags of zookeeper-example.
#ifndef ZKLOCK_SRC_CLI_OPTIONS_H_
#define ZKLOCK_SRC_CLI_OPTIONS_H_

#include <chrono>
#include <string>
#include <variant>
#include <vector>

namespace zklock::cli {

struct Options {
  std::string address = "localhost:2181";
  std::string path = "/my/locks";
  std::string owner = "user1";
  std::chrono::nanoseconds timeout = std::chrono::seconds(3);
  std::chrono::milliseconds lock_ttl{30'000};
  bool list = false;  // show the queue instead of joining it
};

/// There is nothing to run: help was asked for, or the flags make no sense.
struct NothingToRun {
  int exit_status = 0;
  std::string
      text{};  // to be printed: to standard output if the status is 0, else to standard error
};

/// Reads the flags that follow the program's name. They may be written in each of Go's ways: -name
/// value, -name=value, --name value, --name=value. The last one counts.
[[nodiscard]] std::variant<Options, NothingToRun> parse_options(
    const std::vector<std::string>& arguments);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_OPTIONS_H_
