// fake_faults.h: the faults that a test has ordered for requests to a fake ensemble.
#ifndef ZKLOCK_SRC_TESTING_FAKE_FAULTS_H_
#define ZKLOCK_SRC_TESTING_FAKE_FAULTS_H_

#include <cstdint>
#include <system_error>
#include <vector>

#include "testing/fake_request.h"

namespace zklock::internal {

/// Faults for the next requests of a kind. Thread safety: none.
class FakeFaults {
 public:
  /// The answer to the next such request gets lost; of any session if it is 0.
  void lose_next_answer(FakeOperation operation, std::int64_t session);
  /// The next such requests are refused.
  void fail_next(FakeOperation operation, std::error_code error, int times);

  /// The error with which this request is to be refused, once; none if it is not.
  [[nodiscard]] std::error_code take_error(const FakeRequest& request, std::int64_t session);
  /// Whether the answer to this request is to be lost, once.
  [[nodiscard]] bool take_loss(const FakeRequest& request, std::int64_t session);

 private:
  struct Fault {
    enum class Kind {
      error,  // the request is refused
      loss,   // it is carried out, and the answer is lost
    };
    Kind kind{};
    FakeOperation operation{};
    std::int64_t session = 0;  // 0: any
    std::error_code error{};
    int times = 1;
  };

  [[nodiscard]] std::error_code take(const FakeRequest& request, std::int64_t session,
                                     Fault::Kind kind);

  std::vector<Fault> faults_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_FAULTS_H_
