#include "base/utf8.h"

#include <string>

namespace zklock::internal {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool is_printable(char32_t code_point) noexcept {
  return code_point >= 0x20 && !(code_point >= 0x7f && code_point <= 0x9f);
}

void append_byte(std::string& text, char byte) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  const auto number = static_cast<unsigned char>(byte);
  text += "\\x";
  text += kHexDigits[number >> 4U];
  text += kHexDigits[number & 0x0fU];
}

}  // namespace

std::optional<Utf8Character> first_character(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return Utf8Character{lead, 1};

  // The least number that needs so many bytes: a smaller one has an overlong form.
  std::size_t bytes = 0;
  char32_t code_point = 0;
  char32_t least = 0;
  if ((lead & 0xe0U) == 0xc0) {
    bytes = 2, code_point = lead & 0x1fU, least = 0x80;
  } else if ((lead & 0xf0U) == 0xe0) {
    bytes = 3, code_point = lead & 0x0fU, least = 0x800;
  } else if ((lead & 0xf8U) == 0xf0) {
    bytes = 4, code_point = lead & 0x07U, least = 0x10000;
  } else {
    return std::nullopt;
  }
  if (text.size() < bytes) return std::nullopt;
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80) return std::nullopt;
    code_point = (code_point << 6U) | (next & 0x3fU);
  }
  const bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
  if (code_point < least || code_point > 0x10ffff || is_surrogate) return std::nullopt;
  return Utf8Character{code_point, bytes};
}

std::string valid_utf8(std::string_view text, std::size_t max_bytes) {
  std::string result;
  while (!text.empty()) {
    const auto character = first_character(text);
    const std::size_t bytes = character ? character->bytes : 1;
    const std::string_view part = character ? text.substr(0, bytes) : kReplacement;
    if (part.size() > max_bytes - result.size()) break;
    result += part;
    text.remove_prefix(bytes);
  }
  return result;
}

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto character = first_character(text);
    if (character && is_printable(character->code_point)) {
      result += text.substr(0, character->bytes);
      text.remove_prefix(character->bytes);
    } else {
      append_byte(result, text[0]);
      text.remove_prefix(1);
    }
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMaxBytes = 256;
  std::string result = "\"";
  while (!text.empty()) {
    if (result.size() > kMaxBytes) return result + "\"...";
    const auto character = first_character(text);
    if (character && is_printable(character->code_point)) {
      if (text[0] == '"' || text[0] == '\\') result += '\\';
      result += text.substr(0, character->bytes);
      text.remove_prefix(character->bytes);
      continue;
    }
    append_byte(result, text[0]);
    text.remove_prefix(1);
  }
  return result + '"';
}

}  // namespace zklock::internal
