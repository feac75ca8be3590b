// The flags of `zklock run`.
#ifndef ZKLOCK_SRC_CLI_RUN_FLAGS_H_
#define ZKLOCK_SRC_CLI_RUN_FLAGS_H_

#include <map>
#include <string>
#include <vector>

#include "cli/command_line.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the name of a library
class App;
}

namespace zklock::cli {

class RunFlags {
 public:
  /// Takes the command out of `arguments`: what follows the first "--", whatever it looks like.
  /// Throws std::invalid_argument if there is none, unless somebody asks for help.
  void take_command(std::vector<std::string>& arguments);

  /// REQUIRES: it and `run` outlive the parsing.
  void add_to(CLI::App& run);

  /// What was parsed, without the path. Throws std::invalid_argument.
  [[nodiscard]] RunOptions read() const;

 private:
  [[nodiscard]] bool is_given(const std::string& flag) const;
  void check(const RunOptions& run) const;

  const CLI::App* run_ = nullptr;
  RunOptions options_{};
  std::map<std::string, std::string> durations_{};  // by flag
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_RUN_FLAGS_H_
