#include "cli/example_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <zklock/version.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

Options accepted(const Arguments& arguments) {
  const auto parsed = parse_options(arguments);
  if (const auto* refused = std::get_if<NothingToRun>(&parsed)) {
    ADD_FAILURE() << refused->text;
    return {};
  }
  return std::get<Options>(parsed);
}

NothingToRun refused(const Arguments& arguments) {
  const auto parsed = parse_options(arguments);
  if (!std::holds_alternative<NothingToRun>(parsed)) {
    ADD_FAILURE() << "accepted";
    return {};
  }
  return std::get<NothingToRun>(parsed);
}

void expect_equal(const Options& options, const Options& expected) {
  EXPECT_EQ(options.timeout, expected.timeout);
  EXPECT_EQ(options.owner, expected.owner);
  EXPECT_EQ(options.lock_ttl, expected.lock_ttl);
  EXPECT_EQ(options.address, expected.address);
  EXPECT_EQ(options.path, expected.path);
  EXPECT_EQ(options.list, expected.list);
}

TEST(ExampleOptions, HasTheDefaultsOfTheGoProgram) {
  expect_equal(accepted({}), {.address = "localhost:2181",
                              .path = "/my/locks",
                              .owner = "user1",
                              .timeout = 3s,
                              .lock_ttl = 30000ms,
                              .list = false});
}

TEST(ExampleOptions, TakesEachWayInWhichGoWritesFlags) {
  const std::vector<Arguments> ways = {
      {"--timeout", "1m30s", "--owner", "-o=1"},
      {"--timeout=1m30s", "--owner=-o=1"},
      {"-timeout", "1m30s", "-owner", "-o=1"},
      {"-timeout=1m30s", "-owner=-o=1"},
      {"--timeout=5s", "--owner=-o=1", "--timeout=1m30s"},
  };
  for (const Arguments& way : ways) {
    SCOPED_TRACE(::testing::PrintToString(way));
    const Options options = accepted(way);
    EXPECT_EQ(options.timeout, 90s);
    EXPECT_EQ(options.owner, "-o=1");
  }
}

TEST(ExampleOptions, TakesEveryFlag) {
  expect_equal(accepted({"--timeout", "500ms", "--owner", "", "--lock-ttl", "0", "--address",
                         "zk1:2181,zk2:2181/app", "--path", "/p", "--list"}),
               {.address = "zk1:2181,zk2:2181/app",
                .path = "/p",
                .owner = "",
                .timeout = 500ms,
                .lock_ttl = 0ms,
                .list = true});
}

// In every order of the flags, each of them is what it is alone.
TEST(ExampleOptions, TakesEveryFlagInEveryPosition) {
  std::vector<Arguments> flags = {{"--timeout", "500ms"}, {"-owner=me"},    {"--lock-ttl", "7"},
                                  {"-address", "zk1"},    {"--path", "/p"}, {"--list"}};
  std::sort(flags.begin(), flags.end());
  do {
    Arguments arguments;
    for (const Arguments& flag : flags) arguments.insert(arguments.end(), flag.begin(), flag.end());
    SCOPED_TRACE(::testing::PrintToString(arguments));
    expect_equal(accepted(arguments), {.address = "zk1",
                                       .path = "/p",
                                       .owner = "me",
                                       .timeout = 500ms,
                                       .lock_ttl = 7ms,
                                       .list = true});
    if (HasFailure()) break;
  } while (std::next_permutation(flags.begin(), flags.end()));
}

TEST(ExampleOptions, TakesAValueForAFlagWithoutOneOnlyAfterAnEqualsSign) {
  EXPECT_FALSE(accepted({"--list=false"}).list);
  EXPECT_TRUE(accepted({"-list=true"}).list);
  EXPECT_THAT(refused({"--list", "false"}).text, HasSubstr("false"));
}

TEST(ExampleOptions, HelpAndVersionStandAnywhere) {
  for (const char* flag : {"--help", "-h", "--version"}) {
    SCOPED_TRACE(flag);
    EXPECT_EQ(refused({flag, "--owner", "me"}).exit_status, 0);
    EXPECT_EQ(refused({"--owner", "me", "--list", flag}).exit_status, 0);
  }
}

TEST(ExampleOptions, HasAVersion) {
  for (const char* flag : {"--version", "-version"}) {
    const NothingToRun answer = refused({flag});
    EXPECT_EQ(answer.exit_status, 0);
    EXPECT_EQ(answer.text, std::string("zookeeper-example ") + version() + "\n");
  }
}

TEST(ExampleOptions, KeepsValuesThatLookLikeFlagsOrLists) {
  EXPECT_EQ(accepted({"--owner", "--help"}).owner, "--help");
  EXPECT_EQ(accepted({"--owner", "--"}).owner, "--");
  EXPECT_EQ(accepted({"--owner=[a,b]"}).owner, "[a,b]");
  EXPECT_EQ(accepted({"--owner="}).owner, "");
  EXPECT_EQ(accepted({"--owner", "--list"}).owner, "--list");
  EXPECT_EQ(accepted({"--timeout", "+1s"}).timeout, 1s);
}

TEST(ExampleOptions, ExplainsBadFlags) {
  const std::vector<std::pair<Arguments, std::string>> cases = {
      {{"--timeout", "3"}, "--timeout: \"3\" lacks a unit"},
      {{"--timeout", ""}, "--timeout: \"\" is not a duration"},
      {{"--timeout"}, "--timeout"},
      {{"--timeout", "-1s"}, "--timeout: \"-1s\" is negative"},
      {{"--timeout=-1ns"}, "--timeout: \"-1ns\" is negative"},
      {{"--lock-ttl", "-1"}, "--lock-ttl: \"-1\" is negative"},
      {{"--lock-ttl", "30s"}, "--lock-ttl"},
      {{"--lock-ttl", ""}, "--lock-ttl"},
      {{"--lock-ttl", "99999999999999999999"}, "--lock-ttl"},
      {{"--no-such-flag"}, "--no-such-flag"},
      {{"-no-such-flag=1"}, "-no-such-flag"},
      {{"-x"}, "-x"},
      {{"operand"}, "operand"},
      {{"--list=perhaps"}, "list"},
  };
  for (const auto& [arguments, mentioned] : cases) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const NothingToRun answer = refused(arguments);
    EXPECT_EQ(answer.exit_status, 2);
    EXPECT_THAT(answer.text, HasSubstr(mentioned));
  }
}

TEST(ExampleOptions, PrintsHelpInEachWay) {
  for (const char* flag : {"--help", "-help", "-h"}) {
    SCOPED_TRACE(flag);
    const NothingToRun answer = refused({flag});
    EXPECT_EQ(answer.exit_status, 0);
    for (const char* name :
         {"--timeout", "--owner", "--lock-ttl", "--address", "--path", "--list", "3s", "user1"}) {
      EXPECT_THAT(answer.text, HasSubstr(name));
    }
  }
}

}  // namespace
}  // namespace zklock::cli
