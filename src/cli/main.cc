// The program `zklock`: see `zklock --help`.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "cli/command_line.h"
#include "cli/command_status.h"
#include "cli/dispatch.h"
#include "cli/standard_error.h"
#include "cli/standard_output.h"

namespace {

/// One of the three that is closed must not become that of a socket, to which messages for the user
/// would go. Writing to it goes on to fail.
void fill_standard_descriptors() {
  int descriptor = -1;
  do {
    descriptor = ::open("/dev/null", O_RDONLY);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor >= 0) ::close(descriptor);
}

}  // namespace

int main(int argc, char** argv) {
  namespace cli = zklock::cli;
  fill_standard_descriptors();
  try {
    const auto parsed = cli::parse_command(std::vector<std::string>(argv + 1, argv + argc));
    if (const auto* nothing_to_run = std::get_if<cli::NothingToRun>(&parsed)) {
      if (nothing_to_run->exit_status == cli::status::kDone) {
        cli::write_out(nothing_to_run->text);
      } else {
        std::fputs(nothing_to_run->text.c_str(), stderr);
      }
      return nothing_to_run->exit_status;
    }
    return cli::dispatch(std::get<cli::Command>(parsed));
  } catch (const cli::OutputError& error) {
    cli::say(error.what());
    return cli::status::kCannotWrite;
  } catch (const std::exception& error) {
    cli::say(error.what());
    return cli::status::kFailed;
  }
}
