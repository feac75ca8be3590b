#include "cli/go_duration.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace zklock::cli {
namespace {

/// The largest magnitude in nanoseconds: that of the smallest duration, -2^63.
constexpr std::uint64_t kLimit = std::uint64_t{1} << 63;

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};

constexpr std::array<Unit, 8> kUnits{{
    {"ns", 1},
    {"us", 1'000},
    {"\u00b5s", 1'000},  // the micro sign
    {"\u03bcs", 1'000},  // the Greek letter
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", 60'000'000'000},
    {"h", 3'600'000'000'000},
}};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr std::uint64_t value_of(char digit) { return static_cast<std::uint64_t>(digit - '0'); }

/// Reads a duration from left to right: numbers, each with its unit.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), rest_(text) {}

  std::chrono::nanoseconds read() {
    const bool negative = read_sign();
    if (rest_ == "0") return std::chrono::nanoseconds(0);
    if (rest_.empty()) fail("is not a duration");
    std::uint64_t sum = 0;
    while (!rest_.empty()) {
      sum += read_number_with_unit();  // both at most 2^63
      if (sum > kLimit || (sum == kLimit && !negative)) fail("is too long");
    }
    // Two's complement makes this right for -2^63 too, though +2^63 does not fit.
    return std::chrono::nanoseconds(static_cast<std::int64_t>(negative ? -sum : sum));
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw std::invalid_argument("\"" + std::string(text_) + "\" " + problem +
                                " (durations look like 3s, 500ms or 1m30s)");
  }

  bool read_sign() {
    if (rest_.empty() || (rest_.front() != '-' && rest_.front() != '+')) return false;
    const bool negative = rest_.front() == '-';
    rest_.remove_prefix(1);
    return negative;
  }

  std::string_view read_digits() {
    std::size_t length = 0;
    while (length < rest_.size() && is_digit(rest_[length])) ++length;
    return take(length);
  }

  std::uint64_t read_number_with_unit() {
    const std::string_view whole = read_digits();
    std::string_view fraction;
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      fraction = read_digits();
    }
    if (whole.empty() && fraction.empty()) fail("is not a duration");
    const std::uint64_t unit = read_unit();

    const std::uint64_t most = kLimit / unit;
    std::uint64_t value = 0;
    for (const char digit : whole) {
      if (value > (most - value_of(digit)) / 10) fail("is too long");
      value = value * 10 + value_of(digit);
    }
    return value * unit + fraction_of(unit, fraction);
  }

  std::uint64_t read_unit() {
    std::size_t length = 0;
    while (length < rest_.size() && rest_[length] != '.' && !is_digit(rest_[length])) ++length;
    const std::string_view name = take(length);
    if (name.empty()) fail("lacks a unit");
    for (const Unit& unit : kUnits) {
      if (unit.name == name) return unit.nanoseconds;
    }
    fail("has the unknown unit \"" + std::string(name) + "\"");
  }

  /// The fraction in nanoseconds, rounded down, exact for any number of digits. Goes from the last
  /// digit to the first: rounding down at each step then does not change the result.
  static std::uint64_t fraction_of(std::uint64_t unit, std::string_view digits) {
    std::uint64_t value = 0;
    for (; !digits.empty(); digits.remove_suffix(1)) {
      value = (value + value_of(digits.back()) * unit) / 10;
    }
    return value;
  }

  std::string_view take(std::size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  const std::string_view text_;
  std::string_view rest_;  // not read yet
};

}  // namespace

std::chrono::nanoseconds parse_go_duration(std::string_view text) { return Reader(text).read(); }

std::chrono::nanoseconds parse_positive(const std::string& flag, const std::string& text) {
  try {
    const std::chrono::nanoseconds duration = parse_go_duration(text);
    if (duration > std::chrono::nanoseconds(0)) return duration;
  } catch (const std::invalid_argument& error) {
    throw std::invalid_argument(flag + ": " + error.what());
  }
  throw std::invalid_argument(flag + ": \"" + text + "\" must be more than 0");
}

}  // namespace zklock::cli
