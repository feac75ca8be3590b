// utf8.h: makes text from outside safe to store, to compare and to print.
#ifndef ZKLOCK_SRC_BASE_UTF8_H_
#define ZKLOCK_SRC_BASE_UTF8_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zklock::internal {

/// A character as UTF-8 encodes it.
struct Utf8Character {
  char32_t code_point = 0;
  std::size_t bytes = 0;  // 1 to 4
};

/// The character at the start of `text`; none if it is empty or does not start with one (also for
/// surrogates, overlong forms and numbers beyond U+10FFFF).
[[nodiscard]] std::optional<Utf8Character> first_character(std::string_view text) noexcept;

/// `text`, with U+FFFD in place of each byte that does not belong to a character (as Go does), cut
/// after the last character that ends within `max_bytes`.
[[nodiscard]] std::string valid_utf8(std::string_view text,
                                     std::size_t max_bytes = std::string::npos);

/// `text` for messages and logs: each byte of an unprintable character as "\x07".
[[nodiscard]] std::string printable(std::string_view text);

/// `text` in quotes for messages: unprintable bytes as "\x07", and cut if it is long.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_UTF8_H_
