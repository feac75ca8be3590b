// error_of.h: the exception that a call throws.
#ifndef ZKLOCK_TESTS_SUPPORT_ERROR_OF_H_
#define ZKLOCK_TESTS_SUPPORT_ERROR_OF_H_

#include <gtest/gtest.h>
#include <zklock/error.h>

#include <system_error>

namespace zklock::test {

/// The Error that `call` throws. The test fails if it throws none.
template <class Error = LockError, class Call>
[[nodiscard]] Error error_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(std::error_code());
}

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_ERROR_OF_H_
