// zklock/acl.h: access control lists: who may do what with a znode.
#ifndef ZKLOCK_ACL_H_
#define ZKLOCK_ACL_H_

#include <zklock/export.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace zklock {

/// ZooKeeper's permission bits (ZooKeeper Programmer's Guide, "ACL Permissions"). To delete a
/// znode, one needs `remove` on its *parent*.
enum class Permission : std::uint32_t {
  none = 0,
  read = 1,
  write = 2,
  create = 4,
  remove = 8,
  admin = 16,
  all = 31,
};

[[nodiscard]] constexpr Permission operator|(Permission a, Permission b) noexcept {
  return static_cast<Permission>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
[[nodiscard]] constexpr Permission operator&(Permission a, Permission b) noexcept {
  return static_cast<Permission>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}

/// What one identity may do: `{Permission::all, "world", "anyone"}`.
struct AclEntry {
  Permission permissions = Permission::none;
  std::string scheme{};  // "world", "auth", "digest", "ip", "x509", "sasl"
  std::string id{};      // in the scheme's own form; "" for "auth"

  bool operator==(const AclEntry&) const = default;
};

/// The access control list of a znode. An immutable value; copies share their entries.
class Acl {
 public:
  Acl(std::initializer_list<AclEntry> entries) : Acl(std::vector<AclEntry>(entries)) {}
  explicit Acl(std::vector<AclEntry> entries)
      : entries_(std::make_shared<const std::vector<AclEntry>>(std::move(entries))) {}
  // Copies, but does not move: so no Acl is without entries.
  Acl(const Acl&) = default;
  Acl& operator=(const Acl&) = default;
  ~Acl() = default;

  /// Anybody may do anything: ZooKeeper's usual default.
  [[nodiscard]] static Acl open() {
    // Never destroyed: locks may be made while the process exits.
    static const auto* const acl = new Acl{{Permission::all, "world", "anyone"}};
    return *acl;
  }
  /// Only the identities of the creating session (ClientOptions::auth).
  [[nodiscard]] static Acl creator_all() { return Acl{{Permission::all, "auth", ""}}; }

  [[nodiscard]] const std::vector<AclEntry>& entries() const noexcept { return *entries_; }

  bool operator==(const Acl& other) const { return entries() == other.entries(); }

 private:
  std::shared_ptr<const std::vector<AclEntry>> entries_;
};

}  // namespace zklock

#endif  // ZKLOCK_ACL_H_
