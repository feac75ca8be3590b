// znode_path.h: paths of znodes: normalises them, and finds those that ZooKeeper would refuse.
#ifndef ZKLOCK_SRC_BASE_ZNODE_PATH_H_
#define ZKLOCK_SRC_BASE_ZNODE_PATH_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zklock::internal {

/// One slash in front and none at the end, as the Go package does it: "my/locks/" becomes
/// "/my/locks". The rest is unchanged. Only slashes become "/".
[[nodiscard]] std::string normalized_path(std::string_view path);

/// Why a normalised path cannot name a lock or a chroot, as a sentence about "it"; none if it can.
/// For such a path the server gives an error without a reason, or uses only a part of it.
[[nodiscard]] std::optional<std::string> path_problem(std::string_view path);

/// For "/a/b/c": "/a", "/a/b" and "/a/b/c", the outermost first. REQUIRES: no path_problem.
[[nodiscard]] std::vector<std::string> path_and_parents(std::string_view path);

/// The path of a child. `directory` may be "/".
[[nodiscard]] std::string join_path(std::string_view directory, std::string_view name);

/// "/a/b/c": "c". "" if it ends with a slash.
[[nodiscard]] std::string name_of(std::string_view path);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_ZNODE_PATH_H_
