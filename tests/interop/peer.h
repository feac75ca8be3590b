// Programs around the locks of other libraries, which contend with ours for the same paths.
//
// All of them, support/locker.cc among them, do what they read on standard input, a line each,
// and answer on standard output. NUMBER names a contender, which has a session of its own:
//
//     lock NUMBER PATH                     NUMBER granted CLAIM     (the full path of its znode)
//     unlock NUMBER                        NUMBER released
//     count NUMBER PATH DIRECTORY TIMES    NUMBER counted
//
// or "NUMBER failed: WHY". They do not wait for one contender before they read on, and end when
// their input does. Their arguments are the server's address, the session timeout in milliseconds,
// and what PeerKind says.
//
// To count is to lock, to add one to the number in DIRECTORY/counter, and to unlock, so many TIMES.
// Each time a line with the claim is added to DIRECTORY/grants. DIRECTORY/held is made before and
// removed afterwards; that there is one already is a failure.
#ifndef ZKLOCK_TESTS_INTEROP_PEER_H_
#define ZKLOCK_TESTS_INTEROP_PEER_H_

#include <chrono>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "support/subprocess.h"

namespace zklock::test {

/// Somebody's lock, and how ours is set up to share a path with it.
struct PeerKind {
  std::string name{};                  // for names of tests
  std::vector<std::string> command{};  // the program; address and session timeout follow
  std::vector<std::string> arguments{};
  std::vector<std::string> markers{};  // ZooKeeperLockConfig::further_claim_markers
};

void PrintTo(const PeerKind& kind, std::ostream* stream);  // for GoogleTest

/// ZooKeeperLock, in another process, with these further claim markers; and with a TTL that is
/// never over here, so that its claims' data change when they are granted.
[[nodiscard]] PeerKind ours(std::vector<std::string> markers = {});
[[nodiscard]] PeerKind ours_with_ttl(std::vector<std::string> markers = {});
[[nodiscard]] PeerKind curator();        // InterProcessMutex
[[nodiscard]] PeerKind go_zookeeper();   // Lock of go-zookeeper/zk, or of its ancestor
[[nodiscard]] PeerKind write_lock();     // ZooKeeper's own recipe in Java
[[nodiscard]] PeerKind kazoo_default();  // Lock, as it is: it does not see our claims
/// Lock with `extra_lock_patterns`: it waits for our claims, and we are configured with its marker.
[[nodiscard]] PeerKind kazoo_with_patterns();
/// A subclass of Lock with the names that most of the others use.
[[nodiscard]] PeerKind kazoo_with_lock_names();

/// Of those that are not killed: outlasts any disturbance of a busy machine.
inline constexpr std::chrono::seconds kLongSession{60};

/// A process with contenders of one kind. It ends with the object. Thread safety: none.
class Peer {
 public:
  Peer(PeerKind kind, const std::string& address, std::chrono::milliseconds session_timeout);

  /// One of this kind for all tests of the process that do not kill it, at the server that they
  /// share: a Java virtual machine takes a second to start.
  static Peer& shared(const PeerKind& kind);

  /// Lets a new contender lock `path`; returns its number.
  int begin_to_lock(const std::string& path);
  /// Waits until it is granted the lock, and returns its claim's full path.
  [[nodiscard]] std::optional<std::string> granted(int contender);
  /// Whether it has said by now that it is.
  [[nodiscard]] bool is_granted(int contender);
  /// Lets it unlock. False: it has not said in time that it did.
  [[nodiscard]] bool unlock(int contender);

  /// Lets a new contender count; returns its number.
  int begin_to_count(const std::string& path, const std::filesystem::path& directory, int times);
  /// Waits until it has counted to the end. False: it failed, or not in time.
  [[nodiscard]] bool has_counted(int contender);

  /// SIGKILL: its sessions stay until they expire.
  void kill();

  /// What it has said, for messages of tests that fail.
  [[nodiscard]] std::string said() const;

 private:
  int begin(const std::string& verb, const std::string& operands);
  [[nodiscard]] std::optional<std::string> answer(int contender, const std::string& verb,
                                                  std::chrono::milliseconds timeout);

  const PeerKind kind_;
  int contenders_ = 0;
  Subprocess process_;
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEROP_PEER_H_
