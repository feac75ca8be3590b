#include "base/rfc3339.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace zklock::internal {

namespace {

using std::chrono::nanoseconds;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes exactly `count` digits from the front of `text`.
std::optional<int> take_number(std::string_view& text, std::size_t count) noexcept {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

/// The same, and one of the characters `before` in front of them.
std::optional<int> take_number(std::string_view& text, std::string_view before,
                               std::size_t count) noexcept {
  if (text.empty() || before.find(text.front()) == std::string_view::npos) return std::nullopt;
  text.remove_prefix(1);
  return take_number(text, count);
}

/// Writes `number`, which has no more digits, over the `count` zeros that begin at `position`. (A
/// stream would ask the user's global locale, which may group digits; and each lock writes a time.)
void put_number(std::int64_t number, std::string& text, std::size_t position, std::size_t count) {
  for (std::size_t i = position + count; number > 0; number /= 10) {
    text[--i] = static_cast<char>('0' + number % 10);
  }
}

/// Takes ".123" (or ",123": Go reads it) if `text` starts so. None: it is malformed.
std::optional<nanoseconds> take_fraction(std::string_view& text) noexcept {
  if (text.empty() || (text.front() != '.' && text.front() != ',')) return nanoseconds(0);
  text.remove_prefix(1);
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  nanoseconds fraction{0};
  nanoseconds unit{100'000'000};
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    fraction += (text.front() - '0') * unit;
    unit /= 10;
  }
  return fraction;
}

/// Takes "Z", "+hh:mm" or "-hh:mm": the offset of the local time from UTC.
std::optional<std::chrono::minutes> take_offset(std::string_view& text) noexcept {
  if (text.empty()) return std::nullopt;
  const char sign = text.front();
  if (sign == 'Z' || sign == 'z') {
    text.remove_prefix(1);
    return std::chrono::minutes(0);
  }
  const auto hours = take_number(text, "+-", 2);
  const auto minutes = take_number(text, ":", 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return sign == '-' ? -offset : offset;
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) noexcept {
  const auto year = take_number(text, 4);
  const auto month = take_number(text, "-", 2);
  const auto day = take_number(text, "-", 2);
  const auto hour = take_number(text, "Tt", 2);
  const auto minute = take_number(text, ":", 2);
  const auto second = take_number(text, ":", 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const auto fraction = take_fraction(text);
  const auto offset = take_offset(text);
  if (!fraction || !offset || !text.empty()) return std::nullopt;

  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;

  const std::chrono::seconds since_epoch =
      std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
      std::chrono::minutes(*minute) + std::chrono::seconds(*second) - *offset;
  // One second less on either side, so that the fraction fits as well.
  if (since_epoch >= std::chrono::floor<std::chrono::seconds>(nanoseconds::max()) ||
      since_epoch <= std::chrono::ceil<std::chrono::seconds>(nanoseconds::min())) {
    return std::nullopt;
  }
  return WallTime(nanoseconds(since_epoch) + *fraction);
}

std::string to_rfc3339(WallTime time) {
  // The day of the earliest WallTime begins before the range of WallTime.
  const WallTime least = std::chrono::sys_days(std::chrono::year(1678) / 1 / 1);
  time = std::max(time, least);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string text = "0000-00-00T00:00:00.000000000Z";
  put_number(static_cast<int>(date.year()), text, 0, 4);
  put_number(static_cast<unsigned>(date.month()), text, 5, 2);
  put_number(static_cast<unsigned>(date.day()), text, 8, 2);
  put_number(clock.hours().count(), text, 11, 2);
  put_number(clock.minutes().count(), text, 14, 2);
  put_number(clock.seconds().count(), text, 17, 2);
  put_number(clock.subseconds().count(), text, 20, 9);
  return text;
}

}  // namespace zklock::internal
