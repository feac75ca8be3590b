#include "base/znode_path.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace zklock::internal {
namespace {

TEST(ZnodePathTest, SlashesAroundItAreNormalised) {
  for (const std::string path :
       {"my/locks", "/my/locks", "my/locks/", "/my/locks/", "//my/locks//"}) {
    EXPECT_EQ(normalized_path(path), "/my/locks") << path;
  }
}

TEST(ZnodePathTest, InnerPartsStay) {
  EXPECT_EQ(normalized_path("/a//b/"), "/a//b");
  EXPECT_EQ(normalized_path(" a/ "), "/ a/ ");
}

TEST(ZnodePathTest, OnlySlashesAreTheRoot) {
  for (const std::string path : {"", "/", "///"}) EXPECT_EQ(normalized_path(path), "/");
}

TEST(ZnodePathTest, AcceptsWhatZooKeeperAccepts) {
  for (const std::string& path : {
           std::string("/a"),
           std::string("/my/locks"),
           std::string("/.a/b./a..b/..."),
           std::string("/with blank"),
           std::string("/~!@#$%^&*()_+-=,:;"),
           std::string("/\u00e4\u6f22"),
           std::string("/\u00a0"),        // the first beyond the control characters
           std::string("/\xed\x9f\xbf"),  // the last ahead of the surrogates
           std::string("/\uf900"),        // the first behind the private ones
           std::string("/\uffef"),        // the last that is accepted
           std::string("/zookeeper"),
           "/" + std::string(8191, 'a'),
       }) {
    EXPECT_EQ(path_problem(path), std::nullopt) << in_quotes(path);
  }
}

TEST(ZnodePathTest, ReportsWhatZooKeeperWouldRefuse) {
  const struct {
    std::string path;
    std::string problem;
  } cases[] = {
      {"", R"(it names no znode: it is empty or "/")"},
      {"/", R"(it names no znode: it is empty or "/")"},
      {"a", "it does not start with \"/\""},
      {"/a//b", "it has \"//\" in it"},
      {"//", "it has \"//\" in it"},
      {"/a/", "it ends with \"/\""},
      {"/.", "it has \".\" as a part"},
      {"/a/./b", "it has \".\" as a part"},
      {"/..", "it has \"..\" as a part"},
      {"/a/../b", "it has \"..\" as a part"},
      {"/a/b/..", "it has \"..\" as a part"},
      {std::string("/a\0b", 4), "it has the control character U+0000, at byte 2"},
      {"/a\tb", "it has the control character U+0009, at byte 2"},
      {"/\x1f", "it has the control character U+001F, at byte 1"},
      {"/abc\x7f", "it has the control character U+007F, at byte 4"},
      {"/\u00e4\u0085", "it has the control character U+0085, at byte 3"},
      {"/\u009f", "it has the control character U+009F, at byte 1"},
      {"/\ue000", "it has a character that ZooKeeper refuses, U+E000, at byte 1"},
      {"/\uf8ff", "it has a character that ZooKeeper refuses, U+F8FF, at byte 1"},
      {"/\ufff0", "it has a character that ZooKeeper refuses, U+FFF0, at byte 1"},
      {"/\ufffd", "it has a character that ZooKeeper refuses, U+FFFD, at byte 1"},
      {"/\xef\xbf\xbe", "it has a character that ZooKeeper refuses, U+FFFE, at byte 1"},
      {"/\xef\xbf\xbf", "it has a character that ZooKeeper refuses, U+FFFF, at byte 1"},
      {"/\U00010000", "it has a character that ZooKeeper refuses, U+10000, at byte 1"},
      {"/lock\U0001f512", "it has a character that ZooKeeper refuses, U+1F512, at byte 5"},
      {"/a\xff", "it is not valid UTF-8, at byte 2"},
      {"/\xc3", "it is not valid UTF-8, at byte 1"},
      {"/\xed\xa0\x80", "it is not valid UTF-8, at byte 1"},
      {"/" + std::string(8192, 'a'), "it is longer than 8192 bytes"},
  };
  for (const auto& [path, problem] : cases)
    EXPECT_EQ(path_problem(path), problem) << in_quotes(path);
}

TEST(ZnodePathTest, ParentsComeFirst) {
  EXPECT_EQ(path_and_parents("/a/b/c"), (std::vector<std::string>{"/a", "/a/b", "/a/b/c"}));
  EXPECT_EQ(path_and_parents("/a"), (std::vector<std::string>{"/a"}));
}

TEST(ZnodePathTest, JoinsADirectoryAndAName) {
  EXPECT_EQ(join_path("/my/locks", "a-1"), "/my/locks/a-1");
  EXPECT_EQ(join_path("/", "a-1"), "/a-1");
}

TEST(ZnodePathTest, HasANameBehindTheLastSlash) {
  EXPECT_EQ(name_of("/a/b/c"), "c");
  EXPECT_EQ(name_of("/a"), "a");
  EXPECT_EQ(name_of("/a/"), "");
  EXPECT_EQ(name_of("a"), "a");
}

}  // namespace
}  // namespace zklock::internal
