// Evidence: until when it is certain that a session stands. Times count from zero, T is 10 s.
#include "session/evidence.h"

#include <gtest/gtest.h>

#include <chrono>

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;

constexpr BootTime at(std::chrono::nanoseconds time) { return BootTime(time); }
/// Until when a session is certain that servers knew at `time`: less a hundredth, for drift.
constexpr BootTime from(std::chrono::nanoseconds time) { return BootTime(time + 9'900ms); }

class EvidenceTest : public ::testing::Test {
 protected:
  /// Takes 100 ms to be answered.
  void read(std::chrono::nanoseconds sent) {
    evidence_.answered({connection_, at(sent), at(sent + 100ms), false});
  }
  void write(std::chrono::nanoseconds sent) {
    evidence_.answered({connection_, at(sent), at(sent + 100ms), true});
  }
  /// Two, one after the other.
  void write_twice(std::chrono::nanoseconds sent) {
    write(sent);
    write(sent + 100ms);
  }

  std::uint64_t connection_ = 1;
  Evidence evidence_{10s};
};

TEST_F(EvidenceTest, ThereIsNoneAtFirst) { EXPECT_EQ(evidence_.certain_until(), BootTime::min()); }

TEST_F(EvidenceTest, AHandshakeProvesTheSessionFromItsStart) {
  evidence_.handshake(at(1s));
  EXPECT_EQ(evidence_.certain_until(), from(1s));
}

TEST_F(EvidenceTest, ReadsAloneProveNothing) {
  for (int i = 0; i < 100; ++i) read(i * 100ms);
  EXPECT_EQ(evidence_.certain_until(), BootTime::min());
}

TEST_F(EvidenceTest, OneWriteProvesNothing) {
  read(0s);
  write(5s);
  EXPECT_EQ(evidence_.certain_until(), BootTime::min())
      << "what the server told the leader before its answer may not have arrived";
}

TEST_F(EvidenceTest, TwoWritesProveTheSessionFromAnEarlierRead) {
  read(0s);
  write_twice(5s);
  EXPECT_EQ(evidence_.certain_until(), from(0s));
}

TEST_F(EvidenceTest, ProofStartsAtTheLastOperationAnsweredThreeTenthsBeforeTheWrite) {
  read(0s);
  read(1'900ms);  // answered at 2 s
  read(1'901ms);
  write_twice(5s);
  EXPECT_EQ(evidence_.certain_until(), from(1'900ms));
}

TEST_F(EvidenceTest, WritesAreOperationsToo) {
  write_twice(0s);
  write_twice(4s);
  EXPECT_EQ(evidence_.certain_until(), from(100ms));
}

TEST_F(EvidenceTest, OverlappingWritesCountAsOne) {
  read(0s);
  evidence_.answered({connection_, at(5s), at(5'100ms), true});
  evidence_.answered({connection_, at(5'099ms), at(5'200ms), true});
  EXPECT_EQ(evidence_.certain_until(), BootTime::min());
  evidence_.answered({connection_, at(5'100ms), at(5'300ms), true});
  EXPECT_EQ(evidence_.certain_until(), from(0s));
}

TEST_F(EvidenceTest, OverlappingOperationsCountByTheirAnswers) {
  evidence_.answered({connection_, at(0s), at(100ms), false});
  evidence_.answered({connection_, at(50ms), at(4s), false});  // too late for the write
  write_twice(5s);
  EXPECT_EQ(evidence_.certain_until(), from(0s));
}

TEST_F(EvidenceTest, NothingCountsAcrossConnections) {
  read(0s);
  write(5s);
  connection_ = 2;
  write_twice(6s);
  EXPECT_EQ(evidence_.certain_until(), BootTime::min());
  write_twice(9'150ms);
  EXPECT_EQ(evidence_.certain_until(), from(6s)) << "by the first of those on this connection";
}

TEST_F(EvidenceTest, ProofOutlivesTheConnection) {
  read(0s);
  write_twice(5s);
  connection_ = 2;
  read(6s);
  EXPECT_EQ(evidence_.certain_until(), from(0s));
}

TEST_F(EvidenceTest, TheSmallestTimeoutCounts) {
  evidence_.negotiated(4s);
  evidence_.negotiated(20s);
  EXPECT_EQ(evidence_.timeout(), 4s);
  evidence_.handshake(at(0s));
  EXPECT_EQ(evidence_.certain_until(), at(3'960ms));
}

TEST_F(EvidenceTest, ASmallerTimeoutShortensTheProof) {
  evidence_.handshake(at(0s));
  EXPECT_EQ(evidence_.certain_until(), from(0s));
  evidence_.negotiated(4s);
  evidence_.handshake(at(1s));
  EXPECT_EQ(evidence_.certain_until(), at(1s + 3'960ms));
}

TEST_F(EvidenceTest, ABusyClientHasAsMuchProofAsAnIdleOne) {
  // A busy client: one answer each millisecond, every other one of a write.
  for (auto time = 0ms; time < 60s; time += 2ms) {
    evidence_.answered({1, at(time), at(time + 3ms), false});
    evidence_.answered({1, at(time + 1ms), at(time + 4ms), true});
  }
  // A 64th of the timeout is lost where facts are taken together: twice.
  EXPECT_GT(evidence_.certain_until(), from(60s - 3s - 2 * 160ms));
  EXPECT_LE(evidence_.certain_until(), from(60s - 3s));
}

}  // namespace
}  // namespace zklock::internal
