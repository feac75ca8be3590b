#include "testing/fake_tree.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <utility>

namespace zklock::internal {

namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string with_sequence(const std::string& path, std::int32_t number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%010d", number);
  return path + text.data();
}

/// As Java's int counts.
std::int32_t wrapped_next(std::int32_t number) {
  return number == std::numeric_limits<std::int32_t>::max()
             ? std::numeric_limits<std::int32_t>::min()
             : number + 1;
}

std::string user_of(const AuthInfo& identity) {
  // Of a digest; everything of an address.
  return identity.scheme == "digest"
             ? identity.credentials.substr(0, identity.credentials.find(':'))
             : identity.credentials;
}

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

bool makes_sense(const AclEntry& entry) {
  if (entry.scheme == "world") return entry.id == "anyone";
  if (entry.scheme == "ip") return is_address(entry.id);
  if (entry.scheme != "digest") return false;
  const std::size_t colon = entry.id.find(':');
  return colon < entry.id.size() - 1 && entry.id.find(':', colon + 1) == std::string::npos;
}

/// The ACL as it is stored: with the caller's own identities in place of "auth". Null: it is
/// refused.
std::optional<Acl> completed(const Acl& acl, const FakeCaller& caller) {
  std::vector<AclEntry> entries;
  for (const AclEntry& entry : acl.entries()) {
    if (entry.scheme != "auth") {
      if (!makes_sense(entry)) return std::nullopt;
      entries.push_back(entry);
      continue;
    }
    const std::size_t before = entries.size();
    for (const AuthInfo& identity : caller.identities) {
      if (identity.scheme == "ip") continue;  // proves nothing
      entries.push_back({entry.permissions, identity.scheme, identity.credentials});
    }
    if (entries.size() == before) return std::nullopt;
  }
  if (entries.empty()) return std::nullopt;
  return Acl(std::move(entries));
}

}  // namespace

FakeTree::FakeTree() { nodes_["/"]; }

Stat FakeTree::stat_of(const Node& node) const {
  Stat stat = node.stat;
  stat.num_children = static_cast<std::int32_t>(node.children.size());
  // ZooKeeper shows creates and deletes, but keeps the creates only.
  stat.cversion =
      static_cast<std::int32_t>(2 * static_cast<std::int64_t>(node.creates) - stat.num_children);
  stat.data_length = static_cast<std::int32_t>(node.data.size());
  return stat;
}

bool FakeTree::may(Permission permission, const Node& node, const FakeCaller& caller) {
  if (caller.may_everything) return true;
  const auto& entries = node.acl.entries();
  return std::any_of(entries.begin(), entries.end(), [&](const AclEntry& entry) {
    if ((entry.permissions & permission) != permission) return false;
    if (entry.scheme == "world") return true;
    return std::any_of(caller.identities.begin(), caller.identities.end(), [&](const auto& known) {
      return known.scheme == entry.scheme && user_of(known) == user_of({entry.scheme, entry.id});
    });
  });
}

std::optional<Stat> FakeTree::stat(const std::string& path) const {
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return std::nullopt;
  return stat_of(node->second);
}

std::optional<Znode> FakeTree::read(const std::string& path) const {
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return std::nullopt;
  return Znode{node->second.data, stat_of(node->second), 0};
}

std::vector<std::string> FakeTree::children_of(const std::string& path) const {
  std::vector<std::string> paths;
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return paths;
  for (const std::string& name : node->second.children) {
    paths.push_back(path == "/" ? path + name : path + "/" + name);
  }
  return paths;
}

Result<Znode> FakeTree::get(const std::string& path, const FakeCaller& caller) const {
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return ZooKeeperErrc::no_node;
  if (!may(Permission::read, node->second, caller)) return ZooKeeperErrc::no_auth;
  return Znode{node->second.data, stat_of(node->second)};
}

Result<Children> FakeTree::children(const std::string& path, const FakeCaller& caller) const {
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return ZooKeeperErrc::no_node;
  if (!may(Permission::read, node->second, caller)) return ZooKeeperErrc::no_auth;
  return Children{{node->second.children.begin(), node->second.children.end()},
                  stat_of(node->second)};
}

std::vector<std::string> FakeTree::paths_of(std::int64_t session) const {
  std::vector<std::string> paths;
  for (const auto& [path, node] : nodes_) {
    if (session != 0 && node.stat.ephemeral_owner == session) paths.push_back(path);
  }
  return paths;
}

std::vector<std::string> FakeTree::empty_containers() const {
  std::vector<std::string> paths;
  for (const auto& [path, node] : nodes_) {
    if (node.is_container && node.children.empty() && node.creates > 0) paths.push_back(path);
  }
  return paths;
}

Result<FakeTransaction> FakeTree::create(const std::string& path, const std::string& data,
                                         const Acl& acl, CreateMode mode, Stat::Time now,
                                         const FakeCaller& caller) const {
  std::optional<Acl> stored_acl = completed(acl, caller);
  if (!stored_acl) return ZooKeeperErrc::invalid_acl;
  const auto parent = nodes_.find(parent_of(path));
  if (parent == nodes_.end()) return ZooKeeperErrc::no_node;
  if (!may(Permission::create, parent->second, caller)) return ZooKeeperErrc::no_auth;
  FakeTransaction transaction;
  transaction.kind = FakeTransaction::Kind::create;
  transaction.path = path;
  transaction.data = data;
  transaction.is_container = mode == CreateMode::container;
  if (mode == CreateMode::ephemeral_sequential) {
    // The stored counter never goes down, so it sticks at its largest value; while creates follow
    // each other without a pause, the server counts on from the last one, and wraps.
    const Node& directory = parent->second;
    const std::int32_t number =
        now == directory.last_create ? directory.pending : directory.creates;
    transaction.path = with_sequence(path, number);
    transaction.sequence_counter = wrapped_next(number);
    transaction.session = caller.session;
  } else {
    transaction.sequence_counter = wrapped_next(parent->second.creates);
  }
  if (nodes_.contains(transaction.path)) return ZooKeeperErrc::node_exists;
  if (parent->second.stat.ephemeral_owner != 0) return ZooKeeperErrc::no_children_for_ephemerals;
  transaction.acl = *stored_acl;
  return transaction;
}

Result<FakeTransaction> FakeTree::remove(const std::string& path, std::int32_t version,
                                         const FakeCaller& caller) const {
  if (path == "/") return ZooKeeperErrc::bad_arguments;
  const auto parent = nodes_.find(parent_of(path));
  if (parent == nodes_.end()) return ZooKeeperErrc::no_node;
  if (!may(Permission::remove, parent->second, caller)) return ZooKeeperErrc::no_auth;
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return ZooKeeperErrc::no_node;
  if (version != ZooKeeperClient::kAnyVersion && version != node->second.stat.version) {
    return ZooKeeperErrc::bad_version;
  }
  if (!node->second.children.empty()) return ZooKeeperErrc::not_empty;
  FakeTransaction transaction;
  transaction.kind = FakeTransaction::Kind::remove;
  transaction.path = path;
  return transaction;
}

Result<FakeTransaction> FakeTree::set(const std::string& path, const std::string& data,
                                      std::int32_t version, const FakeCaller& caller) const {
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return ZooKeeperErrc::no_node;
  if (!may(Permission::write, node->second, caller)) return ZooKeeperErrc::no_auth;
  if (version != ZooKeeperClient::kAnyVersion && version != node->second.stat.version) {
    return ZooKeeperErrc::bad_version;
  }
  FakeTransaction transaction;
  transaction.kind = FakeTransaction::Kind::set;
  transaction.path = path;
  transaction.data = data;
  return transaction;
}

Result<FakeTransaction> FakeTree::check(const std::string& path, std::int32_t version,
                                        const FakeCaller& caller) const {
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return ZooKeeperErrc::no_node;
  if (!may(Permission::read, node->second, caller)) return ZooKeeperErrc::no_auth;
  if (version != ZooKeeperClient::kAnyVersion && version != node->second.stat.version) {
    return ZooKeeperErrc::bad_version;
  }
  return FakeTransaction{};
}

Result<FakeTransaction> FakeTree::decide(const MultiOperation& operation, Stat::Time now,
                                         const FakeCaller& caller) const {
  switch (operation.type) {
    case MultiOperation::Type::check:
      return check(operation.path, operation.version, caller);
    case MultiOperation::Type::create:
      return create(operation.path, operation.data, operation.acl, CreateMode::persistent, now,
                    caller);
    case MultiOperation::Type::set:
      return set(operation.path, operation.data, operation.version, caller);
    case MultiOperation::Type::remove:
      return remove(operation.path, operation.version, caller);
  }
  return ZooKeeperErrc::unimplemented;
}

/// Each operation is decided on what the earlier ones leave.
Result<FakeTransaction> FakeTree::multi(const std::vector<MultiOperation>& operations,
                                        Stat::Time now, const FakeCaller& caller,
                                        std::size_t& refused) const {
  FakeTree left = *this;
  FakeTransaction transaction;
  transaction.kind = FakeTransaction::Kind::multi;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    Result<FakeTransaction> part = left.decide(operations[i], now, caller);
    if (!part) {
      refused = i;
      return part.error();
    }
    left.apply(*part);
    transaction.parts.push_back(std::move(*part));
  }
  return transaction;
}

std::vector<FakeChange> FakeTree::apply(const FakeTransaction& transaction) {
  std::vector<FakeChange> changes;
  switch (transaction.kind) {
    case FakeTransaction::Kind::create: {
      Node& node = nodes_[transaction.path];
      node.data = transaction.data;
      node.acl = transaction.acl;
      node.stat.czxid = node.stat.mzxid = node.stat.pzxid = transaction.zxid;
      node.stat.ctime = node.stat.mtime = transaction.time;
      node.stat.ephemeral_owner = transaction.session;
      node.is_container = transaction.is_container;
      const std::string directory = parent_of(transaction.path);
      Node& parent = nodes_[directory];
      parent.children.insert(name_of(transaction.path));
      parent.pending = transaction.sequence_counter;
      parent.last_create = transaction.time;
      if (transaction.sequence_counter > parent.creates) {  // not once it sticks
        parent.creates = transaction.sequence_counter;
        parent.stat.pzxid = transaction.zxid;
      }
      changes.push_back({WatchEvent::Type::created, transaction.path});
      changes.push_back({WatchEvent::Type::children_changed, directory});
      break;
    }
    case FakeTransaction::Kind::remove:
      erase(transaction.path, transaction, changes);
      break;
    case FakeTransaction::Kind::set: {
      Node& node = nodes_[transaction.path];
      node.data = transaction.data;
      node.stat.mzxid = transaction.zxid;
      node.stat.mtime = transaction.time;
      ++node.stat.version;
      changes.push_back({WatchEvent::Type::changed, transaction.path});
      break;
    }
    case FakeTransaction::Kind::close_session:
      for (const std::string& path : paths_of(transaction.session)) {
        erase(path, transaction, changes);
      }
      break;
    case FakeTransaction::Kind::multi:
      for (FakeTransaction part : transaction.parts) {
        part.zxid = transaction.zxid;
        part.time = transaction.time;
        for (FakeChange& change : apply(part)) changes.push_back(std::move(change));
      }
      break;
    case FakeTransaction::Kind::nothing:
      break;
  }
  return changes;
}

void FakeTree::erase(const std::string& path, const FakeTransaction& transaction,
                     std::vector<FakeChange>& changes) {
  nodes_.erase(path);
  const std::string directory = parent_of(path);
  Node& parent = nodes_[directory];
  parent.children.erase(name_of(path));
  parent.stat.pzxid = transaction.zxid;
  changes.push_back({WatchEvent::Type::deleted, path});
  changes.push_back({WatchEvent::Type::children_changed, directory});
}

void FakeTree::set_sequence_counter(const std::string& path, std::int32_t counter) {
  const auto node = nodes_.find(path);
  if (node == nodes_.end()) return;
  node->second.creates = counter;
  node->second.pending = counter;
}

}  // namespace zklock::internal
