#include "cli/command_line.h"

#include <zklock/version.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "cli/command_status.h"
#include "cli/go_duration.h"
#include "cli/run_flags.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* kFooter =
    "\nExit status: 0 done, 1 held (of status), 64 wrong usage, 69 no server answered,\n"
    "75 not in time (of run and wait), 76 lost (of run), 77 no permission, 70 any other failure.\n"
    "Otherwise run has that of its command: 126 and 127 if it cannot be run, 128+N for signal N.\n"
    "The environment may have ZKLOCK_ADDRESS, ZKLOCK_AUTH_FILE (lines like\n"
    "\"digest user:password\"), and for TLS ZKLOCK_CA_FILE, ZKLOCK_CERTIFICATE_FILE,\n"
    "ZKLOCK_KEY_FILE, for SASL ZKLOCK_SASL_USER, ZKLOCK_SASL_PASSWORD_FILE.\n"
    "See also: man zklock";

/// What CLI11 stores, before durations are read.
struct Flags {
  Servers servers;
  std::string path;
  ListOptions list;
  StatusOptions status;
  WaitOptions wait;
  BreakOptions break_one;
  std::vector<std::string> claim_markers;
  std::string answer_timeout = "10s";
  std::string wait_timeout;
  std::string token;
  RunFlags run;
};

std::int64_t parse_token(const std::string& text) {
  std::int64_t token = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, token);
  if (error != std::errc() || rest != end) {
    throw std::invalid_argument("--if-token: \"" + text + "\" is not a fencing token");
  }
  return token;
}

void add_servers(CLI::App& command, Flags& flags) {
  command
      .add_option("--address", flags.servers.address,
                  "Addresses of the servers: host:port,host:port/chroot. Or set "
                  "ZKLOCK_ADDRESS")
      ->type_name("ADDRESS");
  command
      .add_option("--claim-marker", flags.claim_markers,
                  "For locks of another library: what its claims have before their number")
      ->type_name("TEXT")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("--answer-timeout", flags.answer_timeout,
                  "How long to wait for a server, and for each answer")
      ->type_name("DURATION")
      ->capture_default_str();
}

std::string variable(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there are no other threads yet
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// A flag counts more than the environment.
void read_environment(Servers& servers) {
  if (servers.address.empty()) servers.address = variable("ZKLOCK_ADDRESS");
  servers.auth_file = variable("ZKLOCK_AUTH_FILE");
  servers.ca_file = variable("ZKLOCK_CA_FILE");
  servers.certificate_file = variable("ZKLOCK_CERTIFICATE_FILE");
  servers.key_file = variable("ZKLOCK_KEY_FILE");
  servers.sasl_user = variable("ZKLOCK_SASL_USER");
  servers.sasl_password_file = variable("ZKLOCK_SASL_PASSWORD_FILE");
}

/// Without slashes at its end.
std::string path_of(const std::string& argument) {
  if (!argument.starts_with('/')) {
    throw std::invalid_argument("\"" + argument + "\": a path begins with a slash");
  }
  return argument.substr(0, std::max<std::size_t>(1, argument.find_last_not_of('/') + 1));
}

/// Whether it was given, also if it is empty.
bool is_given(const CLI::App& app, const char* command, const char* flag) {
  return app.got_subcommand(command) && app.get_subcommand(command)->count(flag) > 0;
}

CLI::App& add_command(CLI::App& app, Flags& flags, const char* name, const char* help,
                      const char* argument, const char* argument_help) {
  CLI::App& command = *app.add_subcommand(name, help);
  command.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  command.add_option(argument, flags.path, argument_help)->required()->type_name("");
  add_servers(command, flags);
  return command;
}

/// REQUIRES: `flags` outlives the parsing.
void add_commands(CLI::App& app, Flags& flags) {
  constexpr const char* kPathHelp = "Path of the lock";
  flags.run.add_to(
      add_command(app, flags, "run", "Run a command while a lock is held", "PATH", kPathHelp));

  CLI::App& list = add_command(app, flags, "ls", "Show who holds a lock, and who waits for it",
                               "PATH", kPathHelp);
  list.add_flag("--watch", flags.list.watch,
                "Go on, and show the queue each time somebody comes or goes");
  list.add_flag("--json", flags.list.json, "Print an array with an object for each claim");
  list.add_flag("--recursive", flags.list.recursive, "Show all locks below the path");

  CLI::App& status =
      add_command(app, flags, "status", "Tell whether somebody holds a lock", "PATH", kPathHelp);
  status.add_flag("--quiet,-q", flags.status.quiet, "Print nothing");

  CLI::App& wait = add_command(app, flags, "wait", "Wait until nobody holds a lock; take nothing",
                               "PATH", kPathHelp);
  wait.add_option("--timeout", flags.wait_timeout, "How long to wait: 500ms, 3s, 1m30s")
      ->type_name("DURATION");
  wait.add_flag("--quiet,-q", flags.wait.quiet, "Do not say who holds it");

  CLI::App& break_one = add_command(app, flags, "break", "Remove one claim, after asking", "ZNODE",
                                    "Path of the claim, as ls shows it");
  break_one.add_option("--if-token", flags.token, "Only if this is its fencing token")
      ->type_name("TOKEN");
  break_one.add_flag("--yes,-y", flags.break_one.yes, "Do not ask");
}

Command command_of(const CLI::App& app, Flags flags) {
  const CLI::App& chosen = *app.get_subcommands().front();
  if (chosen.count("--address") > 0 && flags.servers.address.empty()) {
    throw std::invalid_argument("--address: it is empty");
  }
  read_environment(flags.servers);
  if (flags.servers.address.empty()) {
    throw std::invalid_argument(
        "no servers are named: give --address HOST:PORT, or set ZKLOCK_ADDRESS");
  }
  flags.servers.answer_timeout =
      std::max(1ms, std::chrono::duration_cast<std::chrono::milliseconds>(
                        parse_positive("--answer-timeout", flags.answer_timeout)));
  if (is_given(app, "wait", "--timeout")) {
    flags.wait.timeout = parse_positive("--timeout", flags.wait_timeout);
  }
  if (is_given(app, "break", "--if-token")) flags.break_one.token = parse_token(flags.token);
  if (flags.list.watch && flags.list.recursive) {
    throw std::invalid_argument("--watch follows one lock, so it cannot be had with --recursive");
  }
  Command command{.servers = std::move(flags.servers)};
  command.claim_markers.insert(command.claim_markers.end(), flags.claim_markers.begin(),
                               flags.claim_markers.end());
  if (app.got_subcommand("ls")) command.what = flags.list;
  if (app.got_subcommand("status")) command.what = flags.status;
  if (app.got_subcommand("wait")) command.what = flags.wait;
  if (app.got_subcommand("break")) command.what = flags.break_one;
  if (app.got_subcommand("run")) command.what = flags.run.read();
  std::visit([&](auto& options) { options.path = path_of(flags.path); }, command.what);
  return command;
}

/// The help of the command that was asked about.
std::string help_of(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) return app.help();
  std::string help = chosen.front()->help("zklock");
  // CLI11 does not know of what was cut off.
  const std::string usage = "run [OPTIONS] PATH";
  const std::size_t found = help.find(usage);
  if (found != std::string::npos) {
    help.replace(found, usage.size(), "run PATH [OPTIONS] -- COMMAND [argument...]");
  }
  return help;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

/// Throws unless `first`, which is no command, is an option that needs none.
void expect_option(const CLI::App& app, const std::string& first) {
  if (app.get_option_no_throw(first) != nullptr) return;
  std::string text;
  if (first.empty()) {
    text = "a command is missing:";
  } else if (first.front() == '-') {
    text = "\"" + first + "\" is before the command; its options come after it:";
  } else {
    text = "there is no command \"" + first + "\":";
  }
  for (const std::string& one : commands_of(app)) text += ' ' + one + ',';
  text.pop_back();
  throw std::invalid_argument(text);
}

NothingToRun refuse(const std::string& why, const std::string& command) {
  return {status::kWrongUsage, "zklock: " + why + "\nMore: zklock " +
                                   (command.empty() ? "" : command + " ") + "--help\n"};
}

}  // namespace

std::variant<Command, NothingToRun> parse_command(std::vector<std::string> arguments) {
  CLI::App app("Runs commands under locks on ZooKeeper, shows who holds them, and frees them.\n",
               "zklock");
  app.set_version_flag("--version", std::string("zklock ") + version(),
                       "Print the version, and exit");
  app.footer(kFooter);
  app.require_subcommand(1);
  Flags flags;
  add_commands(app, flags);
  std::string command = arguments.empty() ? "" : arguments.front();
  try {
    const std::vector<std::string> known = commands_of(app);
    if (std::find(known.begin(), known.end(), command) == known.end()) {
      expect_option(app, std::exchange(command, ""));
    }
    if (command == "run") {
      flags.run.take_command(arguments);
    }
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(std::move(arguments));
    return command_of(app, std::move(flags));
  } catch (const CLI::CallForVersion& version) {
    return NothingToRun{status::kDone, std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return NothingToRun{status::kDone, help_of(app)};
    return refuse(error.what(), command);
  } catch (const std::invalid_argument& error) {
    return refuse(error.what(), command);
  }
}

}  // namespace zklock::cli
