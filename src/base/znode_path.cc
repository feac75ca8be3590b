#include "base/znode_path.h"

#include <array>
#include <cstdio>

#include "base/utf8.h"

namespace zklock::internal {

namespace {

/// A server drops the connection on a request above 1 MB, each time that it is sent; and the paths
/// of a session's claims must stay below 512 kB in total. No sensible path comes near this limit.
constexpr std::size_t kMaxPathBytes = 8'192;

/// The characters that org.apache.zookeeper.common.PathUtils refuses. It looks at UTF-16 units, so
/// everything beyond U+FFFF counts as surrogates.
bool is_refused(char32_t c) noexcept {
  return c <= 0x1f || (c >= 0x7f && c <= 0x9f) || (c >= 0xd800 && c <= 0xf8ff) || c >= 0xfff0;
}

std::string code_point_name(char32_t c) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "U+%04X", static_cast<unsigned>(c));
  return text.data();
}

std::optional<std::string> character_problem(std::string_view path) {
  std::size_t at = 0;
  while (at < path.size()) {
    const auto character = first_character(path.substr(at));
    if (!character) return "it is not valid UTF-8, at byte " + std::to_string(at);
    if (is_refused(character->code_point)) {
      const char32_t c = character->code_point;
      const bool is_control = c <= 0x1f || (c >= 0x7f && c <= 0x9f);
      return (is_control ? "it has the control character "
                         : "it has a character that ZooKeeper refuses, ") +
             code_point_name(c) + ", at byte " + std::to_string(at);
    }
    at += character->bytes;
  }
  return std::nullopt;
}

}  // namespace

std::string normalized_path(std::string_view path) {
  const std::size_t first = path.find_first_not_of('/');
  if (first == std::string_view::npos) return "/";
  const std::size_t last = path.find_last_not_of('/');
  return "/" + std::string(path.substr(first, last - first + 1));
}

std::optional<std::string> path_problem(std::string_view path) {
  if (path.empty() || path == "/") return "it names no znode: it is empty or \"/\"";
  if (path.front() != '/') return "it does not start with \"/\"";
  if (path.find("//") != std::string_view::npos) return "it has \"//\" in it";
  if (path.back() == '/') return "it ends with \"/\"";
  if (path.size() > kMaxPathBytes) {
    return "it is longer than " + std::to_string(kMaxPathBytes) + " bytes";
  }
  std::string_view rest = path;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part == "." || part == "..") return "it has \"" + std::string(part) + "\" as a part";
    rest.remove_prefix(part.size());
  }
  return character_problem(path);
}

std::vector<std::string> path_and_parents(std::string_view path) {
  std::vector<std::string> paths;
  for (std::size_t at = path.find('/', 1); at != std::string_view::npos;
       at = path.find('/', at + 1)) {
    paths.emplace_back(path.substr(0, at));
  }
  paths.emplace_back(path);
  return paths;
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory == "/" ? std::string_view() : directory);
  path += '/';
  path += name;
  return path;
}

std::string name_of(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

}  // namespace zklock::internal
