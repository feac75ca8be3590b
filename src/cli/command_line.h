// The command line of `zklock`.
#ifndef ZKLOCK_SRC_CLI_COMMAND_LINE_H_
#define ZKLOCK_SRC_CLI_COMMAND_LINE_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/nothing_to_run.h"

namespace zklock::cli {

/// How to reach the servers. What is secret comes from files or the environment, since a command
/// line can be read by every user of the machine.
struct Servers {
  std::string address{};
  std::chrono::milliseconds answer_timeout{10'000};  // also for connecting
  std::string auth_file{};  // one identity in each line: "digest user:password"
  std::string ca_file{};    // "": no TLS
  std::string certificate_file{};
  std::string key_file{};
  std::string sasl_user{};  // "": no SASL
  std::string sasl_password_file{};
};

/// `zklock ls`
struct ListOptions {
  std::string path{};
  bool watch = false;
  bool json = false;
  bool recursive = false;
};

/// `zklock status`
struct StatusOptions {
  std::string path{};
  bool quiet = false;
};

/// `zklock wait`
struct WaitOptions {
  std::string path{};
  std::optional<std::chrono::nanoseconds> timeout{};
  bool quiet = false;
};

/// `zklock break`
struct BreakOptions {
  std::string path{};  // of the claim
  std::optional<std::int64_t> token{};
  bool yes = false;
};

/// `zklock run`
struct RunOptions {
  std::string path{};
  std::vector<std::string> command{};  // at least its name
  std::optional<std::chrono::nanoseconds> timeout{};
  bool no_wait = false;
  std::chrono::milliseconds ttl{0};
  std::string owner{};  // "": the name of the command
  std::chrono::milliseconds min_hold{0};
  std::string once_key{};  // "": not once
  bool requeue = false;
  std::optional<std::chrono::nanoseconds> kill_after{};
  std::chrono::milliseconds session_timeout{30'000};
  int conflict_exit_code = 75;
  bool quiet = false;
  bool verbose = false;
};

struct Command {
  Servers servers{};
  /// ZooKeeperLockConfig::further_claim_markers. kazoo's is always among them.
  std::vector<std::string> claim_markers{"__lock__"};
  std::variant<ListOptions, StatusOptions, WaitOptions, BreakOptions, RunOptions> what{};
};

/// Reads what follows the program's name, and the environment.
[[nodiscard]] std::variant<Command, NothingToRun> parse_command(std::vector<std::string> arguments);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_COMMAND_LINE_H_
