// The program `zklock`: see `zklock --help`.
#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "cli/command_line.h"
#include "cli/command_status.h"
#include "cli/run_command.h"
#include "cli/termination_signals.h"

int main(int argc, char** argv) {
  namespace cli = zklock::cli;
  try {
    const auto parsed = cli::parse_command(std::vector<std::string>(argv + 1, argv + argc));
    if (const auto* nothing_to_run = std::get_if<cli::NothingToRun>(&parsed)) {
      std::fputs(nothing_to_run->text.c_str(), nothing_to_run->exit_status == 0 ? stdout : stderr);
      return nothing_to_run->exit_status;
    }
    cli::TerminationSignals signals;  // before the library starts a thread
    return cli::run_command(std::get<cli::Command>(parsed), signals);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "zklock: %s\n", error.what());
    return cli::status::kFailed;
  }
}
