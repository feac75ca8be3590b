#include <gtest/gtest.h>
#include <zklock/error.h>

#include <initializer_list>
#include <set>
#include <string>
#include <system_error>
#include <type_traits>

namespace zklock {
namespace {

TEST(ErrorTest, MessagesAreThoseOfTheGoPackage) {
  const struct {
    Errc code;
    std::string message;
  } cases[] = {
      {Errc::already_own_lock, "requestor already has an active lock"},
      {Errc::locking_timed_out, "attempt to acquire lock timed out"},
      {Errc::invalid_seq_node, "znode doesn't appear to be a sequential type"},
      {Errc::not_lock_owner, "non-owner attempted to call unlock"},
      {Errc::owner_already_set, "attempt to set owner on a claimed lock"},
      {Errc::locking_failed, "attempt to acquire lock failed"},
      {Errc::unlocking_failed, "attempt to release lock failed"},
      {Errc::expire_lock_failed, "failed to TTL expire lock"},
      {Errc::locking_canceled, "attempt to acquire lock was canceled"},
      {Errc::lock_lost, "lock was lost before it was released"},
      {Errc::invalid_config, "invalid lock configuration"},
      {Errc::no_server_answered, "no server answered"},
      {Errc::write_failed, "nothing was written"},
      {Errc::write_in_doubt, "it is not known whether the write was done"},
  };
  for (const auto& [code, message] : cases) {
    EXPECT_EQ(make_error_code(code).message(), message);
  }
}

TEST(ErrorTest, EveryValueHasItsOwnMessage) {
  std::set<std::string> messages;
  int count = 0;
  for (int value = 1; value <= static_cast<int>(Errc::write_in_doubt); ++value, ++count) {
    messages.insert(lock_category().message(value));
  }
  for (int value = 1; value <= static_cast<int>(LossReason::client_closed); ++value, ++count) {
    messages.insert(loss_category().message(value));
  }
  for (const int value :
       {-1,   -2,   -3,   -4,   -5,   -6,   -7,   -8,   -9,   -12,  -13,   -14,
        -15,  -100, -101, -102, -103, -108, -110, -111, -112, -113, -114,  -115,
        -116, -118, -119, -120, -121, -122, -123, -124, -125, -127, -1000, -1001}) {
    messages.insert(zookeeper_category().message(value));
    ++count;
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(count));
  for (const std::string& message : messages) {
    EXPECT_EQ(message.find("unknown"), std::string::npos) << message;
  }
}

TEST(ErrorTest, UnknownNumbersAreNamed) {
  EXPECT_EQ(zookeeper_category().message(-126), "unknown ZooKeeper error -126");
  EXPECT_EQ(lock_category().message(99), "unknown zklock error 99");
  EXPECT_EQ(loss_category().message(99), "unknown loss reason 99");
}

TEST(ErrorTest, CategoriesHaveTheirNames) {
  EXPECT_STREQ(make_error_code(Errc::lock_lost).category().name(), "zklock");
  EXPECT_STREQ(make_error_code(ZooKeeperErrc::no_node).category().name(), "zookeeper");
  EXPECT_STREQ(make_error_code(LossReason::cut_off).category().name(), "zklock.loss");
}

TEST(ErrorTest, ValuesOfDifferentEnumerationsAreNeverEqual) {
  const std::error_code lock = static_cast<Errc>(1);
  const std::error_code zookeeper = static_cast<ZooKeeperErrc>(1);
  const std::error_code loss = static_cast<LossReason>(1);
  EXPECT_NE(lock, zookeeper);
  EXPECT_NE(lock, loss);
  EXPECT_NE(zookeeper, loss);
}

TEST(ErrorTest, CodesConvertImplicitlyAndKeepZooKeepersNumber) {
  const std::error_code error = ZooKeeperErrc::session_expired;
  EXPECT_EQ(error, ZooKeeperErrc::session_expired);
  EXPECT_EQ(error.value(), -112);
}

TEST(ErrorTest, CodesAreEquivalentToTheStandardsConditions) {
  const struct {
    std::error_code code;
    std::errc condition;
  } cases[] = {
      {Errc::locking_timed_out, std::errc::timed_out},
      {Errc::no_server_answered, std::errc::timed_out},
      {Errc::locking_canceled, std::errc::operation_canceled},
      {Errc::invalid_config, std::errc::invalid_argument},
      {Errc::already_own_lock, std::errc::resource_deadlock_would_occur},
      {Errc::not_lock_owner, std::errc::operation_not_permitted},
      {ZooKeeperErrc::operation_timeout, std::errc::timed_out},
      {ZooKeeperErrc::canceled, std::errc::operation_canceled},
      {ZooKeeperErrc::no_auth, std::errc::permission_denied},
      {ZooKeeperErrc::auth_failed, std::errc::permission_denied},
      {ZooKeeperErrc::session_closed_require_sasl_auth, std::errc::permission_denied},
      {ZooKeeperErrc::no_node, std::errc::no_such_file_or_directory},
      {ZooKeeperErrc::node_exists, std::errc::file_exists},
      {ZooKeeperErrc::not_empty, std::errc::directory_not_empty},
      {ZooKeeperErrc::bad_arguments, std::errc::invalid_argument},
      {ZooKeeperErrc::invalid_acl, std::errc::invalid_argument},
      {ZooKeeperErrc::unimplemented, std::errc::function_not_supported},
      {ZooKeeperErrc::connection_loss, std::errc::connection_reset},
      {ZooKeeperErrc::not_read_only, std::errc::read_only_file_system},
      {ZooKeeperErrc::throttled, std::errc::resource_unavailable_try_again},
  };
  for (const auto& [code, condition] : cases) EXPECT_EQ(code, condition) << code;
}

TEST(ErrorTest, OtherCodesAreOnlyTheirOwnCondition) {
  for (const std::error_code code :
       {make_error_code(Errc::locking_failed), make_error_code(Errc::lock_lost),
        make_error_code(ZooKeeperErrc::session_expired), make_error_code(LossReason::ttl_over)}) {
    EXPECT_EQ(code.default_error_condition().category(), code.category()) << code;
    EXPECT_NE(code, std::errc::timed_out);
    EXPECT_NE(code, std::errc::operation_canceled);
  }
}

TEST(ErrorTest, UnansweredRequestsMayHaveBeenDone) {
  for (const ZooKeeperErrc code :
       {ZooKeeperErrc::connection_loss, ZooKeeperErrc::operation_timeout, ZooKeeperErrc::closing,
        ZooKeeperErrc::canceled, ZooKeeperErrc::session_expired, ZooKeeperErrc::session_moved,
        ZooKeeperErrc::invalid_state, ZooKeeperErrc::auth_failed,
        ZooKeeperErrc::runtime_inconsistency, ZooKeeperErrc::data_inconsistency,
        ZooKeeperErrc::system_error, ZooKeeperErrc::marshalling_error}) {
    EXPECT_TRUE(may_have_been_done(code)) << make_error_code(code);
  }
  // A number between -1 and -99 that nobody knows is a fault on the way, too.
  EXPECT_TRUE(may_have_been_done(static_cast<ZooKeeperErrc>(-42)));
  // A client of somebody else's may have errors of its own.
  EXPECT_TRUE(may_have_been_done(std::make_error_code(std::errc::timed_out)));
}

TEST(ErrorTest, RequestsThatWereRefusedHaveNotBeenDone) {
  for (const ZooKeeperErrc code :
       {ZooKeeperErrc::no_node, ZooKeeperErrc::no_auth, ZooKeeperErrc::bad_version,
        ZooKeeperErrc::node_exists, ZooKeeperErrc::not_empty, ZooKeeperErrc::invalid_acl,
        ZooKeeperErrc::no_children_for_ephemerals, ZooKeeperErrc::not_read_only,
        ZooKeeperErrc::ephemeral_on_local_session, ZooKeeperErrc::quota_exceeded,
        ZooKeeperErrc::throttled, ZooKeeperErrc::unimplemented, ZooKeeperErrc::bad_arguments,
        ZooKeeperErrc::api_error, ZooKeeperErrc::forked,
        ZooKeeperErrc::session_closed_require_sasl_auth, ZooKeeperErrc::reconfig_disabled}) {
    EXPECT_FALSE(may_have_been_done(code)) << make_error_code(code);
  }
  EXPECT_FALSE(may_have_been_done({}));
  EXPECT_FALSE(may_have_been_done(static_cast<ZooKeeperErrc>(-128)));  // newer than we are
  EXPECT_FALSE(may_have_been_done(Errc::locking_failed));
  EXPECT_FALSE(may_have_been_done(LossReason::cut_off));
}

TEST(LockErrorTest, WhatIsTheMessageAndTheDetail) {
  const LockError error(Errc::invalid_config, "path: it is empty");
  EXPECT_STREQ(error.what(), "invalid lock configuration: path: it is empty");
  EXPECT_EQ(error.code(), Errc::invalid_config);
  EXPECT_FALSE(error.cause());
}

TEST(LockErrorTest, WithoutADetailTheCauseIsTheDetail) {
  const LockError error(Errc::locking_failed, "", ZooKeeperErrc::no_auth);
  EXPECT_STREQ(error.what(), "attempt to acquire lock failed: no permission");
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  EXPECT_STREQ(LockError(Errc::locking_failed).what(), "attempt to acquire lock failed");
}

TEST(LockErrorTest, IsCaughtAsASystemErrorWithItsText) {
  try {
    throw LockError(Errc::locking_timed_out, "2 are ahead", ZooKeeperErrc::operation_timeout);
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::timed_out);
    EXPECT_STREQ(error.what(), "attempt to acquire lock timed out: 2 are ahead");
  }
}

TEST(LockErrorTest, CopiesWithoutThrowing) {
  static_assert(std::is_nothrow_copy_constructible_v<LockError>);
  const LockError error(Errc::lock_lost, "long ago", ZooKeeperErrc::session_expired);
  const LockError copy = error;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_STREQ(copy.what(), error.what());
  EXPECT_EQ(copy.cause(), ZooKeeperErrc::session_expired);
}

}  // namespace
}  // namespace zklock
