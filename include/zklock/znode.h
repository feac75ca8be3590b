// zklock/znode.h: what ZooKeeper says of a znode.
#ifndef ZKLOCK_ZNODE_H_
#define ZKLOCK_ZNODE_H_

#include <zklock/export.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace zklock {

/// A znode's stat structure (ZooKeeper Programmer's Guide, "ZooKeeper Stat Structure").
struct Stat {
  /// Wall clock of the leader that stamped the change; it has milliseconds.
  using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

  std::int64_t czxid = 0;     // of the transaction that created it; rises over the ensemble's life
  std::int64_t mzxid = 0;     // of the last change of its data
  std::int64_t pzxid = 0;     // of the last change of its children
  Time ctime{};               // when it was created
  Time mtime{};               // when its data last changed
  std::int32_t version = 0;   // changes of its data
  std::int32_t cversion = 0;  // changes of its children
  std::int32_t aversion = 0;  // changes of its ACL
  std::int64_t ephemeral_owner = 0;  // the session it lives with; 0: persistent
  std::int32_t data_length = 0;
  std::int32_t num_children = 0;

  bool operator==(const Stat&) const = default;
};

/// A znode as read. `connection` numbers the connections of a client: two answers, or an answer and
/// an event, with the same number came over the same connection, in the order in which they
/// happened.
struct Znode {
  std::string data{};
  Stat stat{};
  std::uint64_t connection = 0;
};

/// The names of a znode's children, without the parent's path, in no particular order.
struct Children {
  std::vector<std::string> names{};
  Stat stat{};  // of the parent
  std::uint64_t connection = 0;
};

}  // namespace zklock

#endif  // ZKLOCK_ZNODE_H_
