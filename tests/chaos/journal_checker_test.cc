// The checker finds what it is for, and nothing else: by small journals, written by hand.
#include "journal_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/error.h>

#include <chrono>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace zklock::chaos {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using Kind = Violation::Kind;

/// Lines without their times' last six digits: "20 p1.1 granted /a 7 0 0 /a/claim" is at 20 ms.
std::vector<Event> journal(const std::string& lines) {
  std::vector<Event> events;
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) {
    std::optional<Event> event = parse_line(line);
    if (!event) throw std::invalid_argument("not a line: " + line);
    event->at *= 1'000'000;
    event->until *= 1'000'000;
    events.push_back(*event);
  }
  return events;
}

std::vector<Kind> found(const std::string& lines) {
  std::vector<Kind> kinds;
  for (const Violation& violation :
       check(journal(lines), {.session_timeout = 4s, .overstay = 100ms, .patience = 10s})) {
    kinds.push_back(violation.kind);
  }
  return kinds;
}

TEST(Checker, AcceptsACorrectJournal) {
  EXPECT_THAT(found("10 p1.1 begun /a 0 0 0 lock\n"
                    "10 p2.1 begun /a 0 900 0 lock\n"
                    "20 p1.1 ended /a 0 0 0 lock\n"
                    "20 p1.1 granted /a 7 0 0 /a/claim\n"
                    "30 p1.1 valid /a 7 0 0 \n"
                    "31 p1.1 written /a 7 0 0 \n"
                    "40 p1.1 begun /a 7 900 0 unlock\n"
                    "50 p2.1 ended /a 0 0 0 lock\n"
                    "50 p2.1 granted /a 9 0 0 /a/claim\n"
                    "51 p1.1 ended /a 7 0 0 unlock\n"
                    "60 p2.1 valid /a 9 0 0 \n"),
              IsEmpty());
}

TEST(Checker, FindsTwoValidLeasesAtOnce) {
  EXPECT_THAT(found("20 p1.1 granted /a 7 0 0 /a/claim\n"
                    "30 p2.1 granted /a 9 0 0 /a/claim\n"
                    "32 p2.1 valid /a 9 0 0 \n"
                    "33 p1.1 valid /a 7 0 0 \n"),
              ElementsAre(Kind::two_valid));
}

TEST(Checker, ReportsEachLeaseThatWasValidForTooLongOnce) {
  EXPECT_THAT(found("20 p1.1 granted /a 7 0 0 /a/claim\n"
                    "30 p2.1 granted /a 9 0 0 /a/claim\n"
                    "31 p2.1 valid /a 9 0 0 \n"
                    "32 p3.1 granted /a 11 0 0 /a/claim\n"
                    "33 p3.1 valid /a 11 0 0 \n"
                    "34 p1.1 valid /a 7 0 0 \n"
                    "35 p2.2 granted /a 13 0 0 /a/claim\n"
                    "36 p2.2 valid /a 13 0 0 \n"
                    "37 p3.1 valid /a 11 0 0 \n"),
              ElementsAre(Kind::two_valid, Kind::two_valid))
      << "the first one, and the third one";
}

TEST(Checker, TreatsALeaseAsValidWhileItSaysSo) {
  EXPECT_THAT(found("20 p1.1 granted /a 7 0 0 /a/claim\n"
                    "30 p1.1 valid /a 7 0 0 \n"
                    "30 p2.1 granted /a 9 0 0 /a/claim\n"
                    "32 p2.1 valid /a 9 0 0 \n"),
              IsEmpty());
}

TEST(Checker, AllowsValidLeasesOfDifferentPaths) {
  EXPECT_THAT(found("20 p1.1 granted /a 7 0 0 /a/claim\n"
                    "30 p2.1 granted /b 6 0 0 /b/claim\n"
                    "32 p2.1 valid /b 6 0 0 \n"
                    "33 p1.1 valid /a 7 0 0 \n"),
              IsEmpty());
}

TEST(Checker, FindsALeaseThatIsValidThoughFenced) {
  EXPECT_THAT(found("20 p1.1 granted /a 7 0 0 /a/claim\n"
                    "30 p1.1 refused /a 7 0 0 \n"
                    "31 p1.1 valid /a 7 0 0 \n"),
              ElementsAre(Kind::valid_and_fenced));
}

TEST(Checker, AllowsRefusedWritesOfAnInvalidLease) {
  EXPECT_THAT(found("20 p1.1 granted /a 7 0 0 /a/claim\n"
                    "25 p1.1 valid /a 7 0 0 \n"
                    "30 p1.1 refused /a 7 0 0 \n"
                    "31 p1.1 invalid /a 7 0 0 \n"
                    "32 p1.1 lost /a 7 0 0 session expired\n"),
              IsEmpty());
}

TEST(Checker, FindsGrantsOutOfOrder) {
  EXPECT_THAT(found("20 p1.1 granted /a 9 0 0 /a/claim\n"
                    "25 p1.1 valid /a 9 0 0 \n"
                    "30 p2.1 granted /a 7 0 0 /a/claim\n"
                    "31 p2.1 valid /a 7 0 0 \n"),
              ElementsAre(Kind::out_of_order));
}

TEST(Checker, FindsATokenThatIsGrantedTwice) {
  EXPECT_THAT(found("20 p1.1 granted /a 9 0 0 /a/claim\n"
                    "30 p2.1 granted /a 9 0 0 /a/claim\n"
                    "31 p2.1 valid /a 9 0 0 \n"),
              ElementsAre(Kind::out_of_order));
}

TEST(Checker, AllowsAFrozenProcessToReturnWithAnEndedLease) {
  EXPECT_THAT(found("20 p1.1 granted /a 9 0 0 /a/claim\n"
                    "25 p1.1 valid /a 9 0 0 \n"
                    "30 p2.1 granted /a 7 0 0 /a/claim\n"
                    "31 p2.1 invalid /a 7 0 0 \n"
                    "31 p2.1 lost /a 7 0 0 session expired\n"),
              IsEmpty());
}

TEST(Checker, FindsALeaseThatComesBack) {
  EXPECT_THAT(found("20 p1.1 granted /a 7 0 0 /a/claim\n"
                    "30 p1.1 lost /a 7 0 0 session expired\n"
                    "31 p1.1 valid /a 7 0 0 \n"),
              ElementsAre(Kind::valid_again));
}

TEST(Checker, FindsALossThatWasNotReported) {
  const std::string lines =
      "20 p1.1 granted /a 7 0 0 /a/claim\n"
      "30 p1.1 invalid /a 7 0 0 \n";
  EXPECT_THAT(found(lines), ElementsAre(Kind::loss_not_told));
  EXPECT_THAT(found(lines + "31 p1 killed - 0 0 0 \n"), IsEmpty()) << "it could not be";
}

TEST(Checker, FindsACallThatReturnsTooLate) {
  EXPECT_THAT(found("100 p1.1 begun /a 0 500 0 lock\n"
                    "601 p1.1 ended /a 0 0 1 lock\n"),
              ElementsAre(Kind::overstayed, Kind::unexpected_error));
  EXPECT_THAT(found("100 p1.1 begun /a 0 500 0 lock\n"
                    "599 p1.1 ended /a 0 0 2 lock\n"),
              IsEmpty());
}

TEST(Checker, AllowsACallToReturnWhenItsProcessIsThawed) {
  EXPECT_THAT(found("100 p1.1 begun /a 0 500 0 lock\n"
                    "100 p2.1 begun /a 0 500 0 lock\n"
                    "200 p1 frozen - 0 0 0 \n"
                    "900 p1 thawed - 0 0 0 \n"
                    "950 p1.1 ended /a 0 0 2 lock\n"
                    "950 p2.1 ended /a 0 0 2 lock\n"),
              ElementsAre(Kind::overstayed))
      << "only its own";
}

TEST(Checker, FindsACallThatNeverReturns) {
  const std::string lines = "100 p1.1 begun /a 7 500 0 unlock\n";
  EXPECT_THAT(found(lines), ElementsAre(Kind::stuck));
  EXPECT_THAT(found(lines + "300 p1 killed - 0 0 0 \n"), IsEmpty());
}

TEST(Checker, FindsAWaitThatNoFaultExplains) {
  EXPECT_THAT(found("0 p1.1 begun /a 0 0 0 lock\n"
                    "13900 p1.1 ended /a 0 0 0 lock\n"),
              IsEmpty());
  EXPECT_THAT(found("0 p1.1 begun /a 0 0 0 lock\n"
                    "14100 p1.1 ended /a 0 0 0 lock\n"),
              ElementsAre(Kind::stuck));
  const std::string with_fault =
      "0 p1.1 begun /a 0 0 0 lock\n"
      "1000 driver fault - 0 0 0 leader killed\n"
      "4000 driver healed - 0 0 0 \n";
  EXPECT_THAT(found(with_fault + "20900 p1.1 ended /a 0 0 0 lock\n"), IsEmpty());
  EXPECT_THAT(found(with_fault + "21100 p1.1 ended /a 0 0 0 lock\n"), ElementsAre(Kind::stuck));
}

TEST(Checker, AllowsACallToWaitWhileTheLockIsHeld) {
  EXPECT_THAT(found("0 p1.1 begun /a 0 0 0 lock\n"
                    "1000 p2.1 granted /a 7 0 0 /a/claim\n"
                    "20000 p2.1 valid /a 7 0 0 \n"
                    "30000 p1.1 ended /a 0 0 0 lock\n"),
              IsEmpty());
}

TEST(Checker, FindsErrorsThatNothingExplains) {
  const auto ended = [](const std::string& call, Errc error) {
    return found("1 p1.1 begun /a 0 500 0 " + call + "\n2 p1.1 ended /a 0 0 " +
                 std::to_string(static_cast<int>(error)) + " " + call + "\n");
  };
  EXPECT_THAT(ended("lock", Errc::locking_timed_out), IsEmpty());
  EXPECT_THAT(ended("lock", Errc::no_server_answered), IsEmpty());
  EXPECT_THAT(ended("lock", Errc::locking_failed), ElementsAre(Kind::unexpected_error));
  EXPECT_THAT(ended("unlock", Errc::lock_lost), IsEmpty());
  EXPECT_THAT(ended("unlock", Errc::not_lock_owner), ElementsAre(Kind::unexpected_error));
  EXPECT_THAT(ended("unlock", Errc::no_server_answered), ElementsAre(Kind::unexpected_error));
  EXPECT_THAT(ended("renew", Errc::locking_failed), IsEmpty());
  EXPECT_THAT(ended("renew", Errc::no_server_answered), IsEmpty());
}

TEST(Checker, ShowsTheFaultsAroundAFinding) {
  const std::vector<Violation> violations =
      check(journal("10 driver fault - 0 0 0 leader killed\n"
                    "20 p1.1 granted /a 7 0 0 /a/claim\n"
                    "30 p2.1 granted /a 9 0 0 /a/claim\n"
                    "32 p2.1 valid /a 9 0 0 \n"
                    "33 p1.1 valid /a 7 0 0 \n"));
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].events.size(), 5U);
  EXPECT_EQ(violations[0].events[0].detail, "leader killed");
  EXPECT_THAT(violations[0].what, HasSubstr("overlap by 0.002 s"));
}

TEST(Checker, CountsEvents) {
  const Summary summary =
      summarize(journal("10 driver fault - 0 0 0 leader killed\n"
                        "10 p1.1 begun /a 0 0 0 lock\n"
                        "20 p1.1 ended /a 0 0 0 lock\n"
                        "20 p1.1 granted /a 7 0 0 /a/claim\n"
                        "30 p1.1 lost /a 7 0 0 session expired\n"
                        "31 p1.1 refused /a 7 0 0 \n"
                        "32 p1.1 begun /a 7 33 0 unlock\n"
                        "40 p1.1 ended /a 7 0 10 unlock\n"
                        "50 p1.1 stood /a 0 0 0 \n"));
  EXPECT_EQ(summary.grants, 1U);
  EXPECT_EQ(summary.refused_writes, 1U);
  EXPECT_EQ(summary.worst_wait, 10ms);
  EXPECT_EQ(summary.worst_overstay, 7ms);
  EXPECT_THAT(summary.faults, ElementsAre(Pair("leader killed", 1)));
  EXPECT_THAT(summary.losses, ElementsAre(Pair("session expired", 1)));
  EXPECT_EQ(summary.losses_in_vain, 1U);
  EXPECT_THAT(summary.failures, ElementsAre(Pair(HasSubstr("unlock: "), 1)));
}

}  // namespace
}  // namespace zklock::chaos
