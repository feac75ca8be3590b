// The journal keeps what is written, even by processes that die.
#include "journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <string>

#include "support/temporary_directory.h"

namespace zklock::chaos {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Event kEvent{.at = 17,
                   .who = "p1.2",
                   .kind = Event::Kind::granted,
                   .path = "/a",
                   .token = -7,
                   .until = 30,
                   .error = 2,
                   .detail = "two words"};

TEST(Journal, WritesAndReadsEvents) {
  EXPECT_EQ(parse_line(to_line(kEvent)), kEvent);
  const Event empty{.at = 1, .kind = Event::Kind::killed};
  EXPECT_EQ(parse_line(to_line(empty)), empty);
}

TEST(Journal, OtherLinesAreNoEvents) {
  EXPECT_EQ(parse_line(""), std::nullopt);
  EXPECT_EQ(parse_line("17 p1.2 granted /a"), std::nullopt);
  EXPECT_EQ(parse_line("17 p1.2 dreamt /a 1 2 3 detail"), std::nullopt);
}

TEST(Journal, IsReadInTheOrderOfTime) {
  const test::TemporaryDirectory directory;
  const Event later{.at = 18, .who = "driver", .kind = Event::Kind::fault, .detail = "x"};
  Journal(directory.path() / "1.journal").record(later);
  Journal(directory.path() / "2.journal").record(kEvent);
  std::ofstream(directory.path() / "2.journal", std::ios::app) << "19 p1.2 gra";  // died here
  EXPECT_THAT(read_journals(directory.path()), ElementsAre(kEvent, later));
}

TEST(Journal, WithOtherLinesIsRefused) {
  const test::TemporaryDirectory directory;
  EXPECT_THAT(read_journals(directory.path()), IsEmpty());
  std::ofstream(directory.path() / "1.journal") << "nonsense\n" << to_line(kEvent) << '\n';
  EXPECT_THROW(static_cast<void>(read_journals(directory.path())), std::runtime_error);
}

}  // namespace
}  // namespace zklock::chaos
