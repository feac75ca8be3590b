// zklock/result.h: the answer of one ZooKeeper operation: a value, or why there is none.
#ifndef ZKLOCK_RESULT_H_
#define ZKLOCK_RESULT_H_

#include <zklock/export.h>

#include <optional>
#include <system_error>
#include <utility>

namespace zklock {

namespace internal {
template <class T>
concept ErrorCodeEnum = std::is_error_code_enum_v<T>;
}  // namespace internal

/// A value or an error. "No node" and "connection loss" are answers, not exceptions: every
/// operation of ZooKeeperClient returns a Result. It is a part of std::expected (C++23), with its
/// names.
template <class T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that a function returns a value or an error as it is.
  // NOLINTBEGIN(google-explicit-constructor): implicit on purpose
  Result(T value) : value_(std::move(value)) {}
  Result(std::error_code error) noexcept : error_(error) {}
  template <internal::ErrorCodeEnum Enum>
  Result(Enum error) noexcept : error_(error) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return value_.has_value(); }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  /// No error if there is a value.
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

  /// REQUIRES: has_value(). `value` throws std::bad_optional_access otherwise.
  [[nodiscard]] T& value() & { return value_.value(); }
  [[nodiscard]] const T& value() const& { return value_.value(); }
  [[nodiscard]] T&& value() && { return std::move(value_).value(); }
  [[nodiscard]] T& operator*() noexcept { return *value_; }
  [[nodiscard]] const T& operator*() const noexcept { return *value_; }
  [[nodiscard]] T* operator->() noexcept { return &*value_; }
  [[nodiscard]] const T* operator->() const noexcept { return &*value_; }

 private:
  std::optional<T> value_;
  std::error_code error_;
};

/// For operations without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() noexcept = default;
  // NOLINTBEGIN(google-explicit-constructor): as above, an error is returned as it is
  Result(std::error_code error) noexcept : error_(error) {}
  template <internal::ErrorCodeEnum Enum>
  Result(Enum error) noexcept : error_(error) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return !error_; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] std::error_code error() const noexcept { return error_; }

 private:
  std::error_code error_;
};

}  // namespace zklock

#endif  // ZKLOCK_RESULT_H_
