// stored_writes.h: what holders write to ZooKeeper under their locks, and whether that is what
// they were told.
#ifndef ZKLOCK_TESTS_CHAOS_STORED_WRITES_H_
#define ZKLOCK_TESTS_CHAOS_STORED_WRITES_H_

#include <zklock/lock.h>
#include <zklock/zookeeper_client.h>

#include <cstdint>
#include <string>
#include <vector>

#include "journal.h"
#include "journal_checker.h"

namespace zklock::chaos {

/// A write that is stored: a znode of its own, with the token of its grant.
struct StoredWrite {
  std::string name{};
  std::int64_t zxid = 0;
  std::int64_t token = 0;
};

/// The writes under one lock: "/chaos-writes/<last part of the lock's path>", whose data is the
/// name of the last write, and whose children are all of them.
class GuardedWrites {
 public:
  GuardedWrites(ZooKeeperClient& client, const std::string& lock);

  /// Throws std::runtime_error.
  void create_directory(const Context& context) const;

  /// REQUIRES: no other write has this name. Throws LockError.
  void commit(const Lease& lease, const std::string& name, const Context& context) const;

  /// Throws std::runtime_error.
  [[nodiscard]] std::vector<StoredWrite> stored(const Context& context) const;

 private:
  ZooKeeperClient& client_;
  const std::string directory_;
};

/// Looks for late writes and false reports among the events of one run, and the writes that were
/// stored under this lock.
[[nodiscard]] std::vector<Violation> check_guarded_writes(const std::string& lock,
                                                          std::vector<StoredWrite> stored,
                                                          const std::vector<Event>& events);

}  // namespace zklock::chaos

#endif  // ZKLOCK_TESTS_CHAOS_STORED_WRITES_H_
