#include "cli/options.h"

#include "cli/exit_status.h"
#include "cli/go_duration.h"

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

/// Go's flag package knows no groups of one-letter flags: "-timeout" is "--timeout", and what
/// follows a flag with a value is its value, whatever it looks like. CLI11 sees it so in
/// "--name=value" only (except for the empty value, which it takes as "--name" "" only).
std::vector<std::string> to_cli11(const std::vector<std::string>& arguments, const CLI::App& app) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string argument = arguments[i];
    if (argument.size() > 2 && argument[0] == '-' && argument[1] != '-') argument.insert(0, "-");

    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const CLI::Option* option = name.starts_with("--") ? app.get_option_no_throw(name) : nullptr;
    const bool wants_value = option != nullptr && option->get_type_size() > 0;
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

// CLI11's own conversions take "" for 0, and what does not fit for the largest number.
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
  return std::chrono::milliseconds(count);
}

std::chrono::nanoseconds parse_timeout(const std::string& text) {
  try {
    return parse_go_duration(text);
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument("--timeout: " + std::string(error.what()));
  }
}

}  // namespace

std::variant<Options, NothingToRun> parse_options(const std::vector<std::string>& arguments) {
  CLI::App app(
      "Takes a lock on ZooKeeper, holds it until it is interrupted (Ctrl-C), and releases it.\n"
      "Start it twice, in two terminals, to see two processes contend for the lock.\n",
      "zookeeper-example");
  app.footer(
      "\nExit status: 0 released, 1 not acquired, 2 bad flags, 3 lost while held,\n"
      "130 (SIGINT) or 143 (SIGTERM) interrupted while waiting.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);

  Options options;
  std::string timeout = "3s";
  std::string lock_ttl = std::to_string(options.lock_ttl.count());
  app.add_option("--timeout", timeout, "How long to wait for the lock: 500ms, 3s, 1m30s")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--owner", options.owner, "Who holds it: shown to those who wait")
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--lock-ttl", lock_ttl,
                 "How long it may be held before others may take it away, in milliseconds; "
                 "0 means for ever")
      ->type_name("MILLISECONDS")
      ->capture_default_str();
  app.add_option("--address", options.address, "Of the servers: host:port,host:port/chroot")
      ->type_name("ADDRESS")
      ->capture_default_str();
  app.add_option("--path", options.path, "Of the lock")->type_name("PATH")->capture_default_str();
  app.add_flag("--list", options.list, "Show who holds the lock and who waits for it, and exit");

  try {
    std::vector<std::string> normalized = to_cli11(arguments, app);
    std::reverse(normalized.begin(), normalized.end());  // CLI11 takes them from the back
    app.parse(std::move(normalized));
    options.timeout = parse_timeout(timeout);
    options.lock_ttl = parse_milliseconds(lock_ttl);
    return options;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return NothingToRun{kSuccess, app.help()};
    return NothingToRun{kBadFlags, std::string(error.what()) + "\n"};
  } catch (const std::invalid_argument& error) {
    return NothingToRun{kBadFlags, std::string(error.what()) + "\n"};
  }
}

}  // namespace zklock::cli
