#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace zklock::internal {
namespace {

TEST(Utf8Test, FindsTheFirstCharacter) {
  const struct {
    std::string_view text;
    char32_t code_point;
    std::size_t bytes;
  } cases[] = {
      {"ab", U'a', 1},
      {std::string_view("\0", 1), 0, 1},
      {"\x7f", 0x7f, 1},
      {"\xc2\x80", 0x80, 2},
      {"\xdf\xbf", 0x7ff, 2},
      {"\xe0\xa0\x80", 0x800, 3},
      {"\xed\x9f\xbf", 0xd7ff, 3},
      {"\xee\x80\x80", 0xe000, 3},
      {"\xef\xbf\xbf", 0xffff, 3},
      {"\xf0\x90\x80\x80", 0x10000, 4},
      {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
  };
  for (const auto& [text, code_point, bytes] : cases) {
    const auto character = first_character(text);
    ASSERT_TRUE(character) << in_quotes(text);
    EXPECT_EQ(character->code_point, code_point) << in_quotes(text);
    EXPECT_EQ(character->bytes, bytes) << in_quotes(text);
  }
}

TEST(Utf8Test, RefusesInvalidCharacters) {
  for (const std::string_view text : {
           std::string_view(""),
           std::string_view("\x80"),              // the middle of one
           std::string_view("\xc0\xaf"),          // "/" with too many bytes
           std::string_view("\xc1\xbf"),          // the same
           std::string_view("\xe0\x9f\xbf"),      // the same
           std::string_view("\xf0\x8f\xbf\xbf"),  // the same
           std::string_view("\xed\xa0\x80"),      // a surrogate
           std::string_view("\xed\xbf\xbf"),      // the same
           std::string_view("\xf4\x90\x80\x80"),  // beyond U+10FFFF
           std::string_view("\xf8\x88\x80\x80\x80"),
           std::string_view("\xff"),
           std::string_view("\xc3"),  // cut off
           std::string_view("\xe2\x82"),
           std::string_view("\xf0\x9f\x92"),
           std::string_view("\xe2\x82\xac", 2),  // what follows is not part of the text
           std::string_view("\xc3("),
           std::string_view("\xe2\x82("),
       }) {
    EXPECT_FALSE(first_character(text)) << in_quotes(text);
  }
}

TEST(Utf8Test, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(valid_utf8("a\xff\xfe"
                       "b\xc3\xa4"),
            "a\ufffd\ufffdb\u00e4");
  EXPECT_EQ(valid_utf8("\xe2\x82"), "\ufffd\ufffd");
  EXPECT_EQ(valid_utf8(""), "");
}

TEST(Utf8Test, CutsAtTheEndOfACharacter) {
  EXPECT_EQ(valid_utf8("\u00e4\u00e4", 4), "\u00e4\u00e4");
  EXPECT_EQ(valid_utf8("\u00e4\u00e4", 3), "\u00e4");
  EXPECT_EQ(valid_utf8("a\xff", 3), "a");
  EXPECT_EQ(valid_utf8("a", 0), "");
}

TEST(Utf8Test, ShowsUnprintableCharactersAsBytes) {
  EXPECT_EQ(printable("user \u00e4"), "user \u00e4");
  EXPECT_EQ(printable("a\nb\x1b[2J\xff\xc2\x9b"), R"(a\x0ab\x1b[2J\xff\xc2\x9b)");
}

TEST(Utf8Test, QuotesUnprintableCharacters) {
  EXPECT_EQ(in_quotes("/my/\u00e4"), "\"/my/\u00e4\"");
  EXPECT_EQ(in_quotes(std::string_view("a\0\n\x7f\xff\xc2\x85", 7)),
            R"("a\x00\x0a\x7f\xff\xc2\x85")");
  EXPECT_EQ(in_quotes(R"(a"b\c)"), R"("a\"b\\c")");
}

TEST(Utf8Test, CutsLongQuotes) {
  const std::string text = in_quotes(std::string(100'000, 'a'));
  EXPECT_LT(text.size(), 300U);
  EXPECT_EQ(text.substr(text.size() - 5), "a\"...");
}

}  // namespace
}  // namespace zklock::internal
