#include "cli/run_flags.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>

#include "cli/go_duration.h"
#include "cli/once_key.h"

namespace zklock::cli {

using namespace std::chrono_literals;

void RunFlags::take_command(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes == arguments.end()) {
    const auto is_help = [](const std::string& text) { return text == "--help" || text == "-h"; };
    if (std::any_of(arguments.begin(), arguments.end(), is_help)) return;
    throw std::invalid_argument(
        "the command to run stands behind two dashes: zklock run PATH -- COMMAND [argument...]");
  }
  options_.command.assign(dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
}

void RunFlags::add_to(CLI::App& run) {
  run_ = &run;
  run.footer(
      "\nThe command stands behind two dashes: zklock run /locks/nightly -- backup.sh\n"
      "It has ZKLOCK_FENCING_TOKEN, ZKLOCK_PATH and ZKLOCK_ZNODE in its environment.\n\n"
      "Exit status: that of the command, 128+N if signal N has ended it; 126 and 127 if it cannot\n"
      "be run; 75 the lock was not acquired, 76 it was lost and the command ended, 69 no server\n"
      "answered, 64 wrong usage, 77 no permission, 70 any other failure.");
  const auto add_duration = [&](const char* name, const char* help) {
    run.add_option(name, durations_[name], help)->type_name("DURATION");
  };
  add_duration("--timeout", "How long to connect and to wait for the lock; by default, no limit");
  run.add_flag("--no-wait", options_.no_wait, "Give up at once if somebody else holds the lock");
  add_duration("--ttl", "Others may take the lock away when it was not renewed for so long");
  run.add_option("--owner", options_.owner,
                 "Who holds the lock, for others to see; by default, the name of the command")
      ->type_name("NAME");
  add_duration("--min-hold", "Keep the lock for at least so long, even if the command ends sooner");
  run.add_option("--once", options_.once_key,
                 "Only if no run with this key has succeeded; {date} and {hour} are those of UTC")
      ->type_name("KEY");
  run.add_flag("--requeue", options_.requeue,
               "Run it again, whenever it has ended or the lock was lost");
  add_duration("--kill-after",
               "SIGTERM comes so long before the lease ends; by default 5s, or a "
               "sixth of the session");
  add_duration("--session-timeout", "Ask the servers for such a session; by default, 30s");
  run.add_option("--conflict-exit-code", options_.conflict_exit_code,
                 "Exit status if the lock was not acquired")
      ->type_name("N")
      ->check(CLI::Range(0, 255))
      ->capture_default_str();
  run.add_flag("--quiet,-q", options_.quiet, "Do not say who holds the lock");
  run.add_flag("--verbose,-v", options_.verbose, "Say what happens");
}

/// Also if it is empty.
bool RunFlags::is_given(const std::string& flag) const { return run_->count(flag) > 0; }

void RunFlags::check(const RunOptions& run) const {
  if (run.command.empty()) {
    throw std::invalid_argument("nothing to run: zklock run PATH -- COMMAND [argument...]");
  }
  if (is_given("--once") && run.once_key.empty()) {
    throw std::invalid_argument("--once: the key is empty");
  }
  if (run.once_key.find('/') != std::string::npos) {
    throw std::invalid_argument("--once: the key must not have a slash in it");
  }
  if (run.requeue && (run.timeout || run.no_wait || !run.once_key.empty())) {
    throw std::invalid_argument(
        "--requeue goes on for as long as it takes, so it cannot be had with --timeout, --no-wait "
        "or --once");
  }
  if (run.ttl != 0ms && run.ttl < 1s) {
    throw std::invalid_argument("--ttl: less than 1s cannot be renewed in time");
  }
  if (run.kill_after && *run.kill_after >= run.session_timeout / 4) {
    throw std::invalid_argument(
        "--kill-after does not fit: of a session of " +
        std::to_string(run.session_timeout.count()) +
        "ms, no more than a quarter may be left while all is well; see --session-timeout");
  }
}

RunOptions RunFlags::read() const {
  RunOptions run = options_;
  const auto read_duration = [&](const char* flag, auto& duration) {
    if (!is_given(flag)) return;
    duration =
        std::chrono::ceil<std::chrono::milliseconds>(parse_positive(flag, durations_.at(flag)));
  };
  read_duration("--timeout", run.timeout);
  read_duration("--ttl", run.ttl);
  read_duration("--min-hold", run.min_hold);
  read_duration("--kill-after", run.kill_after);
  read_duration("--session-timeout", run.session_timeout);
  check(run);
  if (run.owner.empty()) run.owner = std::filesystem::path(run.command.front()).filename();
  run.once_key = expand_key(run.once_key, std::chrono::system_clock::now());
  return run;
}

}  // namespace zklock::cli
