#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "cli/command_status.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

/// Without what the caller of the tests has in its environment.
class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    for (const char* name :
         {"ZKLOCK_ADDRESS", "ZKLOCK_AUTH_FILE", "ZKLOCK_CA_FILE", "ZKLOCK_CERTIFICATE_FILE",
          "ZKLOCK_KEY_FILE", "ZKLOCK_SASL_USER", "ZKLOCK_SASL_PASSWORD_FILE"}) {
      ::unsetenv(name);
    }
  }

  static Command accepted(const Arguments& arguments) {
    const auto parsed = parse_command(arguments);
    if (const auto* refused = std::get_if<NothingToRun>(&parsed)) {
      ADD_FAILURE() << refused->text;
      return {};
    }
    return std::get<Command>(parsed);
  }
  static NothingToRun not_run(const Arguments& arguments) {
    const auto parsed = parse_command(arguments);
    if (!std::holds_alternative<NothingToRun>(parsed)) {
      ADD_FAILURE() << "accepted";
      return {};
    }
    return std::get<NothingToRun>(parsed);
  }
  static void expect_refused(const Arguments& arguments, const std::string& why) {
    const NothingToRun refused = not_run(arguments);
    EXPECT_EQ(refused.exit_status, status::kWrongUsage);
    EXPECT_THAT(refused.text, HasSubstr(why));
  }
};

TEST_F(CommandLineTest, NamesTheServersByFlagOrEnvironmentAndTheFlagCounts) {
  EXPECT_EQ(accepted({"ls", "--address", "zk1:2181", "/locks"}).servers.address, "zk1:2181");
  ::setenv("ZKLOCK_ADDRESS", "zk2:2181", 1);
  EXPECT_EQ(accepted({"ls", "/locks"}).servers.address, "zk2:2181");
  EXPECT_EQ(accepted({"ls", "--address=zk1:2181", "/locks"}).servers.address, "zk1:2181");
  ::unsetenv("ZKLOCK_ADDRESS");
  expect_refused({"ls", "/locks"}, "ZKLOCK_ADDRESS");
}

TEST_F(CommandLineTest, TakesSecretsFromTheEnvironmentOnly) {
  ::setenv("ZKLOCK_AUTH_FILE", "/etc/auth", 1);
  ::setenv("ZKLOCK_KEY_FILE", "/etc/key", 1);
  ::setenv("ZKLOCK_SASL_USER", "orders", 1);
  ::setenv("ZKLOCK_SASL_PASSWORD_FILE", "/etc/password", 1);
  const Servers servers = accepted({"status", "--address", "zk:1", "/locks"}).servers;
  EXPECT_EQ(servers.auth_file, "/etc/auth");
  EXPECT_EQ(servers.key_file, "/etc/key");
  EXPECT_EQ(servers.sasl_user, "orders");
  EXPECT_EQ(servers.sasl_password_file, "/etc/password");
  expect_refused({"status", "--address", "zk:1", "--key-file", "/etc/key", "/locks"}, "--key-file");
}

TEST_F(CommandLineTest, ReadsTheOptionsOfEachCommand) {
  const auto list = std::get<ListOptions>(
      accepted({"ls", "--address", "zk:1", "--recursive", "--json", "/locks"}).what);
  EXPECT_EQ(list.path, "/locks");
  EXPECT_TRUE(list.recursive);
  EXPECT_TRUE(list.json);
  EXPECT_FALSE(list.watch);
  EXPECT_TRUE(
      std::get<StatusOptions>(accepted({"status", "--address", "zk:1", "-q", "/l"}).what).quiet);
  const Command wait = accepted({"wait", "/l", "--address", "zk:1", "--timeout", "1m30s"});
  EXPECT_EQ(std::get<WaitOptions>(wait.what).timeout, 90s);
  EXPECT_EQ(wait.servers.answer_timeout, 10s);
  EXPECT_EQ(std::get<WaitOptions>(accepted({"wait", "/l", "--address", "zk:1"}).what).timeout,
            std::nullopt);
  const auto one = std::get<BreakOptions>(
      accepted({"break", "/l/c-1", "--if-token", "42", "--yes", "--address", "zk:1"}).what);
  EXPECT_EQ(one.path, "/l/c-1");
  EXPECT_EQ(one.token, 42);
  EXPECT_TRUE(one.yes);
}

TEST_F(CommandLineTest, RefusesWhatCannotWork) {
  ::setenv("ZKLOCK_ADDRESS", "zk:1", 1);
  expect_refused({}, "--help");
  expect_refused({"lock", "/l"}, "lock");
  expect_refused({"ls"}, "PATH");
  expect_refused({"ls", "locks"}, "slash");
  expect_refused({"break", "locks/c-1"}, "slash");
  expect_refused({"ls", "/l", "--watch", "--recursive"}, "--recursive");
  expect_refused({"wait", "/l", "--timeout", "soon"}, "--timeout");
  expect_refused({"wait", "/l", "--timeout", "0"}, "--timeout");
  expect_refused({"ls", "/l", "--answer-timeout", "-1s"}, "--answer-timeout");
  expect_refused({"break", "/l/c-1", "--if-token", "x"}, "--if-token");
}

/// As scripts have them whose variables are empty.
TEST_F(CommandLineTest, RefusesEmptyValues) {
  ::setenv("ZKLOCK_ADDRESS", "zk:1", 1);
  expect_refused({"break", "/l/c-1", "--yes", "--if-token", ""}, "--if-token");
  expect_refused({"break", "/l/c-1", "--yes", "--if-token="}, "--if-token");
  expect_refused({"wait", "/l", "--timeout", ""}, "--timeout");
  expect_refused({"ls", ""}, "slash");
}

TEST_F(CommandLineTest, KnowsTheClaimsOfKazooAndThoseThatAreNamed) {
  ::setenv("ZKLOCK_ADDRESS", "zk:1", 1);
  EXPECT_THAT(accepted({"ls", "/l/"}).claim_markers, ElementsAre("__lock__"));
  EXPECT_THAT(accepted({"ls", "/l", "--claim-marker", "__x__"}).claim_markers,
              ElementsAre("__lock__", "__x__"));
}

TEST_F(CommandLineTest, SlashesAtTheEndDoNotCount) {
  ::setenv("ZKLOCK_ADDRESS", "zk:1", 1);
  EXPECT_EQ(std::get<ListOptions>(accepted({"ls", "/l//"}).what).path, "/l");
  EXPECT_EQ(std::get<ListOptions>(accepted({"ls", "/"}).what).path, "/");
}

TEST_F(CommandLineTest, HelpNamesTheProgramAndTheCommand) {
  EXPECT_EQ(not_run({"--help"}).exit_status, status::kDone);
  EXPECT_THAT(not_run({"--help"}).text, HasSubstr("break"));
  EXPECT_THAT(not_run({"ls", "--help"}).text, HasSubstr("zklock ls"));
  EXPECT_THAT(not_run({"--version"}).text, HasSubstr("zklock 0"));
}

class RunCommandLineTest : public CommandLineTest {
 protected:
  RunCommandLineTest() { ::setenv("ZKLOCK_ADDRESS", "zk:2181", 1); }

  static RunOptions run_of(const Arguments& arguments) {
    return std::get<RunOptions>(accepted(arguments).what);
  }
};

TEST_F(RunCommandLineTest, WhatFollowsTheDashesIsTheCommandWhateverItLooksLike) {
  const RunOptions run =
      run_of({"run", "/l", "--no-wait", "--", "/bin/x", "--no-wait", "--", "-v"});
  EXPECT_THAT(run.command, ElementsAre("/bin/x", "--no-wait", "--", "-v"));
  EXPECT_TRUE(run.no_wait);
  EXPECT_EQ(run.owner, "x");
  EXPECT_EQ(run.session_timeout, 30s);
  EXPECT_EQ(run.conflict_exit_code, 75);
  EXPECT_FALSE(run.verbose);
}

TEST_F(RunCommandLineTest, ReadsDurations) {
  const RunOptions run = run_of({"run", "--timeout", "1m", "--ttl=5s", "--min-hold", "2s", "/l",
                                 "--kill-after=1500ms", "--session-timeout", "10s", "--", "x"});
  EXPECT_EQ(run.timeout, 1min);
  EXPECT_EQ(run.ttl, 5s);
  EXPECT_EQ(run.min_hold, 2s);
  EXPECT_EQ(run.kill_after, 1500ms);
  EXPECT_EQ(run.session_timeout, 10s);
}

TEST_F(RunCommandLineTest, RefusesWhatIsEmptyInsteadOfLeavingItOut) {
  for (const char* flag : {"--timeout", "--ttl", "--min-hold", "--kill-after", "--once"}) {
    expect_refused({"run", flag, "", "/l", "--", "x"}, flag);
  }
}

TEST_F(RunCommandLineTest, RefusesWhatCannotWork) {
  expect_refused({"run", "/l", "sleep", "1"}, "two dashes");
  expect_refused({"run", "/l", "--"}, "nothing to run");
  expect_refused({"run", "--", "x"}, "PATH");
  expect_refused({"run", "l", "--", "x"}, "slash");
  expect_refused({"run", "/l", "--ttl", "999ms", "--", "x"}, "--ttl");
  expect_refused({"run", "/l", "--kill-after", "8s", "--", "x"}, "--session-timeout");
  expect_refused({"run", "/l", "--once", "{day}", "--", "x"}, "{day}");
  expect_refused({"run", "/l", "--conflict-exit-code", "256", "--", "x"}, "256");
  for (const Arguments& other : {Arguments{"--timeout", "1s"}, {"--no-wait"}, {"--once", "k"}}) {
    Arguments arguments = {"run", "/l", "--requeue"};
    arguments.insert(arguments.end(), other.begin(), other.end());
    arguments.insert(arguments.end(), {"--", "x"});
    expect_refused(arguments, "--requeue");
  }
}

TEST_F(RunCommandLineTest, SaysWhatIsWrongAndWhereToFindMore) {
  expect_refused({"runn", "/l"}, "there is no command \"runn\": run, ls");
  expect_refused({"run", "/l", "--once", "a/b", "--", "x"}, "slash");
  expect_refused({"run", "/l", "--timeout", "0s", "--", "x"}, "must be more than 0");
  expect_refused({"ls", "--address", "", "/l"}, "--address");
  expect_refused({"run", "/l", "--timout", "3s", "--", "x"}, "More: zklock run --help");
  expect_refused({}, "a command is missing: run, ls");
  expect_refused({"--address", "zk:2181", "ls", "/l"}, "\"--address\" is before the command");
  expect_refused({"--bad"}, "More: zklock --help");
}

TEST_F(RunCommandLineTest, TheHelpShowsWhereTheCommandStands) {
  EXPECT_THAT(not_run({"run", "--help"}).text,
              HasSubstr("zklock run PATH [OPTIONS] -- COMMAND [argument...]"));
}

}  // namespace
}  // namespace zklock::cli
