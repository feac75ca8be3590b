// without_throwing.h: calls that set a std::error_code in place of throwing.
#ifndef ZKLOCK_SRC_BASE_WITHOUT_THROWING_H_
#define ZKLOCK_SRC_BASE_WITHOUT_THROWING_H_

#include <new>
#include <system_error>
#include <type_traits>

namespace zklock::internal {

/// Runs `call`, and turns its exception into `error`.
template <class Call>
auto without_throwing(std::error_code& error, const Call& call) noexcept -> decltype(call()) {
  error.clear();
  try {
    return call();
  } catch (const std::system_error& thrown) {
    error = thrown.code();
  } catch (const std::bad_alloc&) {
    error = std::make_error_code(std::errc::not_enough_memory);
  } catch (...) {  // not from this library: a Lock of the user's may throw anything
    error = std::make_error_code(std::errc::state_not_recoverable);
  }
  if constexpr (!std::is_void_v<decltype(call())>) return {};
}

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_WITHOUT_THROWING_H_
