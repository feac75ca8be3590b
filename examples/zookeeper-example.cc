// Takes a lock on ZooKeeper and holds it until it is interrupted: `zookeeper-example --help`. Start
// it twice, in two terminals, to see two processes contend for the lock. What it does is in
// src/cli/run.cc; for the least code that takes a lock see quickstart.cc.
#include "cli/example_options.h"
#include "cli/example_run.h"
#include "cli/termination_signals.h"

#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

int main(int argc, char** argv) {
  namespace cli = zklock::cli;
  try {
    const auto parsed = cli::parse_options(std::vector<std::string>(argv + 1, argv + argc));
    if (const auto* nothing_to_run = std::get_if<cli::NothingToRun>(&parsed)) {
      std::fputs(nothing_to_run->text.c_str(), nothing_to_run->exit_status == 0 ? stdout : stderr);
      return nothing_to_run->exit_status;
    }
    cli::TerminationSignals signals;  // before the library starts a thread
    return cli::run(std::get<cli::Options>(parsed), signals);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "zookeeper-example: %s\n", error.what());
    return 1;
  }
}
