// What each error of ZooKeeper says about the request that ended with it.
#include "base/error_kinds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace zklock::internal {
namespace {

using E = ZooKeeperErrc;

/// r: retryable, a: ambiguous, s: from a server, d: decided, c: ends with the connection,
/// x: end of the context, m: may have been done, u: unanswered.
struct Expected {
  E error;
  std::string_view kinds;
};

const std::vector<Expected> kAll{
    {E::system_error, "m"},
    {E::runtime_inconsistency, "ram"},
    {E::data_inconsistency, "m"},
    {E::connection_loss, "racmu"},
    {E::marshalling_error, "m"},
    {E::unimplemented, ""},
    {E::operation_timeout, "racxmu"},
    {E::bad_arguments, ""},
    {E::invalid_state, "racmu"},
    {E::unknown_session, "m"},
    {E::new_config_no_quorum, ""},
    {E::reconfig_in_progress, ""},
    {E::ssl_connection_error, "racmu"},
    {E::api_error, ""},
    {E::no_node, "sd"},
    {E::no_auth, "sd"},
    {E::bad_version, "s"},
    {E::no_children_for_ephemerals, ""},
    {E::node_exists, "s"},
    {E::not_empty, "s"},
    {E::session_expired, "racm"},
    {E::invalid_callback, ""},
    {E::invalid_acl, ""},
    {E::auth_failed, "m"},
    {E::closing, "cm"},
    {E::session_moved, "racm"},
    {E::not_read_only, "r"},
    {E::ephemeral_on_local_session, ""},
    {E::no_watcher, ""},
    {E::request_timeout, "ram"},
    {E::reconfig_disabled, ""},
    {E::session_closed_require_sasl_auth, ""},
    {E::quota_exceeded, ""},
    {E::throttled, "r"},
    {E::canceled, "xm"},
    {E::forked, ""},
};

std::string kinds_of(std::error_code error) {
  std::string kinds;
  if (is_retryable(error)) kinds += 'r';
  if (is_ambiguous(error)) kinds += 'a';
  if (is_from_server(error)) kinds += 's';
  if (is_decided(error)) kinds += 'd';
  if (ends_with_connection(error)) kinds += 'c';
  if (is_end_of_context(error)) kinds += 'x';
  if (may_have_been_done(error)) kinds += 'm';
  if (is_unanswered(error)) kinds += 'u';
  return kinds;
}

TEST(ErrorKindsTest, EachErrorHasItsKinds) {
  for (const Expected& expected : kAll) {
    EXPECT_EQ(kinds_of(expected.error), expected.kinds)
        << make_error_code(expected.error).message();
  }
}

TEST(ErrorKindsTest, TheTableAboveHasEveryErrorThatHasAMessage) {
  for (int value = -2'000; value < 0; ++value) {
    const std::error_code error(value, zookeeper_category());
    if (error.message().find("unknown") != std::string::npos) continue;
    EXPECT_TRUE(std::any_of(kAll.begin(), kAll.end(), [&](const Expected& known) {
      return make_error_code(known.error) == error;
    })) << error.message();
  }
}

TEST(ErrorKindsTest, SuccessIsAnAnswerOfAServer) { EXPECT_EQ(kinds_of({}), "sd"); }

TEST(ErrorKindsTest, AnUnknownNumberIsNotRetried) {
  EXPECT_EQ(kinds_of({-99, zookeeper_category()}), "m");
  EXPECT_EQ(kinds_of({-999, zookeeper_category()}), "");
}

TEST(ErrorKindsTest, OtherCategoriesHaveNoKindsBesidesDoubt) {
  EXPECT_EQ(kinds_of(Errc::locking_failed), "");
  EXPECT_EQ(kinds_of(Errc::write_failed), "");
  EXPECT_EQ(kinds_of(Errc::write_in_doubt), "m");
  EXPECT_EQ(kinds_of(LossReason::cut_off), "");
  // The same number as connection_loss.
  EXPECT_EQ(kinds_of({-4, std::generic_category()}), "m");
}

}  // namespace
}  // namespace zklock::internal
