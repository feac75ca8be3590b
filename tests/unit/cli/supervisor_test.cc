#include "cli/supervisor.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "cli/supervisor_process.h"
#include "support/long_enough.h"
#include "support/temporary_directory.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;
using test::kLongEnough;

class SupervisorTest : public ::testing::Test {
 protected:
  void TearDown() override { supervisor_->end_all(); }

  void start(const std::string& script, const RunLimits& limits) {
    sigset_t mask{};
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    supervisor_ = std::make_unique<SupervisorProcess>(SupervisedProgram{
        .command = {"bash", "-c", script}, .lock_path = "/l", .signal_mask = mask});
    supervisor_->start(limits, 1, "/l/claim");
  }
  /// Whether there is such a report, after others.
  bool reports(Report::Kind kind) {
    while (supervisor_->wait_for_report(kLongEnough, -1)) {
      const std::optional<Report> report = supervisor_->next_report();
      if (!report) return false;
      if (report->kind == kind) return true;
    }
    return false;
  }

  const test::TemporaryDirectory directory_;
  std::unique_ptr<SupervisorProcess> supervisor_;
};

TEST_F(SupervisorTest, KillComesInTimeAlsoIfTermIsToComeJustBeforeTheEnd) {
  const BootTime end = boot_now() + 1s;
  start("exec sleep 60",
        {.lease_end = end, .term_before = 1ms, .kill_before = 600ms, .ask_before = 10ms});
  ASSERT_TRUE(reports(Report::Kind::ended));
  EXPECT_LT(boot_now(), end - 1ms);
}

TEST_F(SupervisorTest, AProcessThatIsStoppedByItsHandlerOfTermGetsTermOnce) {
  const std::string file = directory_.path() / "terms";
  start(
      "export file=" + file +
          R"(; setsid bash -c 'trap "echo term >> $file; sleep 0.1; kill -STOP \$\$" TERM; touch $file
                                 while :; do read -rt 60 <> <(:); done' &
               until [ -e $file ]; do sleep 0.01; done)",
      {.lease_end = boot_now() + 60s, .term_before = 1s, .kill_before = 1ms, .ask_before = 1s});
  ASSERT_TRUE(reports(Report::Kind::left_behind));
  supervisor_->extend({.lease_end = boot_now() + 500ms,
                       .term_before = 500ms,
                       .kill_before = 1ms,
                       .ask_before = 1s});
  ASSERT_TRUE(reports(Report::Kind::ended));
  std::ifstream terms(file);
  std::string all;
  std::string word;
  while (terms >> word) all += word + ' ';
  EXPECT_EQ(all, "term ");
}

}  // namespace
}  // namespace zklock::cli
