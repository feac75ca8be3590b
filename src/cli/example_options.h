// The flags of zookeeper-example.
#ifndef ZKLOCK_SRC_CLI_EXAMPLE_OPTIONS_H_
#define ZKLOCK_SRC_CLI_EXAMPLE_OPTIONS_H_

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "cli/nothing_to_run.h"

namespace zklock::cli {

struct Options {
  std::string address = "localhost:2181";
  std::string path = "/my/locks";
  std::string owner = "user1";
  std::chrono::nanoseconds timeout = std::chrono::seconds(3);
  std::chrono::milliseconds lock_ttl{30'000};
  bool list = false;  // show the queue instead of joining it
};

/// Reads the flags that follow the program's name. Each may be written as in Go: -name value,
/// -name=value, --name value, --name=value. If a flag is repeated, the last one counts.
[[nodiscard]] std::variant<Options, NothingToRun> parse_options(
    const std::vector<std::string>& arguments);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_EXAMPLE_OPTIONS_H_
