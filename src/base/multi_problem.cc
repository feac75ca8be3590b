#include "base/multi_problem.h"

#include <zklock/error.h>

#include "base/znode_path.h"

namespace zklock::internal {

namespace {

/// A server takes 1 MiB (jute.maxbuffer), and needs some of it for itself.
constexpr std::size_t kMostBytes = 1'000'000;
/// Of an operation, and of an entry of an ACL, besides their texts.
constexpr std::size_t kOverhead = 40;

std::size_t size_of(const MultiOperation& operation) {
  std::size_t size = kOverhead + operation.path.size() + operation.data.size();
  if (operation.type != MultiOperation::Type::create) return size;
  for (const AclEntry& entry : operation.acl.entries()) {
    size += kOverhead + entry.scheme.size() + entry.id.size();
  }
  return size;
}

}  // namespace

std::optional<MultiProblem> multi_problem(const std::vector<MultiOperation>& operations,
                                          std::size_t chroot_length) {
  const std::error_code bad = ZooKeeperErrc::bad_arguments;
  if (operations.empty()) return MultiProblem{bad, 0, "there is no operation"};
  std::size_t size = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const MultiOperation& operation = operations[i];
    if (operation.path != "/") {
      if (const auto problem = path_problem(operation.path)) {
        return MultiProblem{bad, i, "its path is bad: " + *problem};
      }
    }
    if (operation.type == MultiOperation::Type::create && operation.acl.entries().empty()) {
      return MultiProblem{ZooKeeperErrc::invalid_acl, i, "its ACL is empty"};
    }
    size += chroot_length + size_of(operation);
    if (size > kMostBytes) {
      return MultiProblem{bad, i, "up to here the operations have more than 1 MB"};
    }
  }
  return std::nullopt;
}

}  // namespace zklock::internal
