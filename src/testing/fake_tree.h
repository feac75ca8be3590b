// fake_tree.h: the znodes of a fake ensemble: what requests do to them, as ZooKeeper does it. Pure:
// no clock, no thread, no connection.
#ifndef ZKLOCK_SRC_TESTING_FAKE_TREE_H_
#define ZKLOCK_SRC_TESTING_FAKE_TREE_H_

#include <zklock/acl.h>
#include <zklock/advanced/claim_client.h>
#include <zklock/client_options.h>
#include <zklock/result.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "wire/wire.h"

namespace zklock::internal {

/// A write, decided by the leader: applying it gives the same on every server.
struct FakeTransaction {
  enum class Kind { create, remove, set, close_session, multi, nothing };
  Kind kind = Kind::nothing;
  std::int64_t zxid = 0;
  Stat::Time time{};
  std::string path{};
  std::string data{};
  Acl acl = Acl::open();
  std::int64_t session = 0;              // create: the owner, 0 if persistent; close_session: which
  bool is_container = false;             // create
  std::int32_t sequence_counter = 0;     // create: of the parent, afterwards
  std::vector<FakeTransaction> parts{};  // multi
};

/// What happened to a znode, for the watches on it.
struct FakeChange {
  WatchEvent::Type type{};
  std::string path{};
};

/// Who asks: a session, and what it has authenticated as. Of a digest the name counts, not the
/// password.
struct FakeCaller {
  std::int64_t session = 0;
  std::vector<AuthInfo> identities{};
  bool may_everything = false;

  /// Whatever the ACLs say.
  [[nodiscard]] static FakeCaller an_operator() { return {0, {}, true}; }
};

/// Errors are ZooKeeper's. Thread safety: none.
class FakeTree {
 public:
  using CreateMode = Wire::CreateMode;

  FakeTree();

  // Reads.
  [[nodiscard]] Result<Znode> get(const std::string& path, const FakeCaller& caller) const;
  [[nodiscard]] Result<Children> children(const std::string& path, const FakeCaller& caller) const;
  [[nodiscard]] bool has(const std::string& path) const { return nodes_.contains(path); }
  /// Whatever its ACL says.
  [[nodiscard]] std::optional<Stat> stat(const std::string& path) const;
  [[nodiscard]] std::optional<Znode> read(const std::string& path) const;
  /// Full paths.
  [[nodiscard]] std::vector<std::string> children_of(const std::string& path) const;
  [[nodiscard]] std::vector<std::string> paths_of(std::int64_t session) const;
  /// Containers that have no children, and have had some.
  [[nodiscard]] std::vector<std::string> empty_containers() const;

  // What the leader decides about a request: a transaction, whose zxid and time it adds, or an
  // error.
  [[nodiscard]] Result<FakeTransaction> create(const std::string& path, const std::string& data,
                                               const Acl& acl, CreateMode mode, Stat::Time now,
                                               const FakeCaller& caller) const;
  [[nodiscard]] Result<FakeTransaction> remove(const std::string& path, std::int32_t version,
                                               const FakeCaller& caller) const;
  [[nodiscard]] Result<FakeTransaction> set(const std::string& path, const std::string& data,
                                            std::int32_t version, const FakeCaller& caller) const;
  [[nodiscard]] Result<FakeTransaction> check(const std::string& path, std::int32_t version,
                                              const FakeCaller& caller) const;

  /// `refused`: the index of the operation with the error.
  [[nodiscard]] Result<FakeTransaction> multi(const std::vector<MultiOperation>& operations,
                                              Stat::Time now, const FakeCaller& caller,
                                              std::size_t& refused) const;

  /// Carries it out.
  std::vector<FakeChange> apply(const FakeTransaction& transaction);

  /// The counter from which `path` names its next sequential child, as if so many had been created.
  void set_sequence_counter(const std::string& path, std::int32_t counter);

 private:
  struct Node {
    std::string data{};
    Acl acl = Acl::open();
    Stat stat{};
    bool is_container = false;
    std::set<std::string> children{};
    std::int32_t creates = 0;  // of children: what sequence numbers are made of
    std::int32_t pending = 0;  // the counter as it runs while creates follow each other
    Stat::Time last_create{};
  };

  [[nodiscard]] Result<FakeTransaction> decide(const MultiOperation& operation, Stat::Time now,
                                               const FakeCaller& caller) const;
  [[nodiscard]] Stat stat_of(const Node& node) const;
  [[nodiscard]] static bool may(Permission permission, const Node& node, const FakeCaller& caller);
  void erase(const std::string& path, const FakeTransaction& transaction,
             std::vector<FakeChange>& changes);

  std::map<std::string, Node> nodes_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_TREE_H_
