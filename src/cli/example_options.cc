#include "cli/example_options.h"

#include "cli/example_status.h"
#include "cli/go_duration.h"

#include <zklock/version.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace zklock::cli {
namespace {

/// Rewrites Go's flags as CLI11's. In Go "-timeout" is "--timeout", not a group of one-letter
/// flags, and the argument after a flag that has a value is that value, even if it begins with a
/// dash. CLI11 agrees only if it is written "--name=value"; an empty value only as "--name" "".
std::vector<std::string> to_cli11(const std::vector<std::string>& arguments, const CLI::App& app) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string argument = arguments[i];
    if (argument.size() > 2 && argument[0] == '-' && argument[1] != '-') argument.insert(0, "-");

    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const CLI::Option* option = name.starts_with("--") ? app.get_option_no_throw(name) : nullptr;
    // The type of a flag has a size as well: that of the value in "--list=true".
    const bool wants_value = option != nullptr && option->get_items_expected_max() > 0;
    if (!wants_value || (equals == std::string::npos && i + 1 == arguments.size())) {
      result.push_back(argument);
      continue;
    }
    const std::string value =
        equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1);
    if (value.empty()) {
      result.insert(result.end(), {name, value});
    } else {
      result.push_back(name + "=" + value);
    }
  }
  return result;
}

// Not CLI11's own conversions: they read "" as 0, and numbers that are too large as the largest
// one.
std::chrono::milliseconds parse_milliseconds(const std::string& text) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error == std::errc::result_out_of_range) {
    throw std::invalid_argument("--lock-ttl: \"" + text + "\" is too long");
  }
  if (error != std::errc() || rest != end) {
    throw std::invalid_argument("--lock-ttl: \"" + text +
                                "\" is not a number of milliseconds (30000 is half a minute)");
  }
  if (count < 0) {
    throw std::invalid_argument("--lock-ttl: \"" + text + "\" is negative (0 means forever)");
  }
  return std::chrono::milliseconds(count);
}

std::chrono::nanoseconds parse_timeout(const std::string& text) {
  std::chrono::nanoseconds timeout{};
  try {
    timeout = parse_go_duration(text);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("--timeout: " + std::string(error.what()));
  }
  if (timeout < std::chrono::nanoseconds::zero()) {
    throw std::invalid_argument("--timeout: \"" + text + "\" is negative");
  }
  return timeout;
}

/// The flags as CLI11 stores them.
struct Flags {
  Options options;  // without `timeout` and `lock_ttl`
  std::string timeout = "3s";
  std::string lock_ttl = std::to_string(options.lock_ttl.count());
};

void describe_program(CLI::App& app) {
  app.set_version_flag("--version", std::string("zookeeper-example ") + version(),
                       "Print the version of zklock, and exit");
  app.footer(
      "\nExit status: 0 released, 1 not acquired, 2 bad flags, 3 lost while held,\n"
      "4 no server answered, 130 (SIGINT) or 143 (SIGTERM) interrupted while waiting.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

/// REQUIRES: `flags` outlives the parsing.
void add_flags(CLI::App& app, Flags& flags) {
  const auto add = [&app](const char* name, std::string& value, const char* type,
                          const char* help) {
    app.add_option(name, value, help)->type_name(type)->capture_default_str();
  };
  add("--timeout", flags.timeout, "DURATION", "How long to wait for the lock: 500ms, 3s, 1m30s");
  add("--owner", flags.options.owner, "NAME", "Name of the holder, which waiting processes see");
  add("--lock-ttl", flags.lock_ttl, "MILLISECONDS",
      "After how many milliseconds a waiting process may take the lock from its holder; 0 means "
      "never");
  add("--address", flags.options.address, "ADDRESS",
      "Addresses of the servers: host:port,host:port/chroot");
  add("--path", flags.options.path, "PATH", "Path of the lock");
  app.add_flag("--list", flags.options.list,
               "Show who holds the lock and who waits for it, and exit");
}

}  // namespace

std::variant<Options, NothingToRun> parse_options(const std::vector<std::string>& arguments) {
  CLI::App app(
      "Takes a lock on ZooKeeper, holds it until you press Ctrl-C, and releases it.\n"
      "Start it twice, in two terminals, to see two processes contend for the lock.\n",
      "zookeeper-example");
  Flags flags;
  describe_program(app);
  add_flags(app, flags);
  try {
    std::vector<std::string> normalized = to_cli11(arguments, app);
    std::reverse(normalized.begin(), normalized.end());  // CLI11 takes them from the back
    app.parse(std::move(normalized));
    flags.options.timeout = parse_timeout(flags.timeout);
    flags.options.lock_ttl = parse_milliseconds(flags.lock_ttl);
    return flags.options;
  } catch (const CLI::CallForVersion& version) {
    return NothingToRun{kSuccess, std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return NothingToRun{kSuccess, app.help()};
    return NothingToRun{kBadFlags, std::string(error.what()) + "\n"};
  } catch (const std::invalid_argument& error) {
    return NothingToRun{kBadFlags, std::string(error.what()) + "\n"};
  }
}

}  // namespace zklock::cli
