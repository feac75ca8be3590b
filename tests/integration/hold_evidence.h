// How tests on real servers make a lease uncertain, and leave it time to come back.
#ifndef ZKLOCK_TESTS_INTEGRATION_HOLD_EVIDENCE_H_
#define ZKLOCK_TESTS_INTEGRATION_HOLD_EVIDENCE_H_

#include "support/loopback_proxy.h"

namespace zklock::test {

/// Keeps back what the clients send, from the end of their second round of checks on. Nobody sees
/// that. The session outlasts the lease by two fifths of its timeout. (Right after the grant, by
/// next to nothing.)
inline void hold_evidence(LoopbackProxy& network) {
  constexpr int kChecksInTwoRounds = 4;
  network.hold_at(request(Op::multi), kChecksInTwoRounds);
}

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEGRATION_HOLD_EVIDENCE_H_
