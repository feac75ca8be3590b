#include <zklock/guarded_write.h>
#include <zklock/once.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/error_kinds.h"
#include "base/platform.h"
#include "base/znode_path.h"
#include "lock/lease_state.h"
#include "queue/metadata.h"

namespace zklock {

namespace {

using internal::Platform;

/// For each step besides the work. The lease ends sooner if the servers are away.
constexpr std::chrono::seconds kPatience{30};

/// The mark of one key, as the holder of a lease sees and makes it.
class Mark {
 public:
  /// Throws LockError.
  Mark(const Lease& lease, const std::string& key, const Acl& acl)
      : lease_(lease), acl_(acl), directory_(directory_for(lease)), path_(directory_ + '/' + key) {
    if (const auto& state = internal::LeaseAccess::state(lease)) client_ = state->client();
    if (!client_) {
      throw LockError(Errc::locking_failed, "the lease has no client",
                      ZooKeeperErrc::unimplemented);
    }
  }

  /// Whether an earlier holder has made it. If not, makes sure that this one can. Throws LockError.
  [[nodiscard]] bool exists(const Context& context) const {
    // A quorum write: the read after it sees all that was done before. It also tells a client that
    // has no transactions.
    GuardedWrite(lease_).check(lease_.znode()).commit(context);
    const std::error_code error = client_->get(path_, context).error();
    // On another connection than that of the write, the lease would not be valid.
    if (!lease_.valid()) throw LockError(Errc::lock_lost, lease_.znode());
    if (!error) return true;
    if (error != ZooKeeperErrc::no_node) fail("read", path_, error);
    make_directory(context);
    return false;
  }

  /// Throws LockError.
  void make(const Context& context) const {
    const Platform& platform = Platform::current();
    internal::Metadata metadata;
    metadata.timestamp = platform.wall_now();
    metadata.owner = lease_.owner();
    metadata.host = platform.host();
    metadata.pid = platform.pid();
    GuardedWrite(lease_).create(path_, to_json(metadata), acl_).commit(context);
  }

 private:
  static std::string directory_for(const Lease& lease) {
    const std::string znode = lease.znode();
    return znode.substr(0, znode.rfind('/')) + ".once";
  }

  /// Before the work: what was done could not be marked without it.
  void make_directory(const Context& context) const {
    const std::error_code error = client_->create(directory_, "", acl_, context).error();
    if (!error || error == ZooKeeperErrc::node_exists) return;
    // It may exist where no other can be created.
    if (error == ZooKeeperErrc::no_auth && client_->get(directory_, context)) return;
    fail("create", directory_, error);
  }

  [[noreturn]] static void fail(const std::string& what, const std::string& path,
                                std::error_code error) {
    throw LockError(
        internal::is_unanswered(error) ? Errc::no_server_answered : Errc::locking_failed,
        "cannot " + what + ' ' + path + ": " + error.message(), error);
  }

  const Lease& lease_;
  const Acl& acl_;
  const std::string directory_;
  const std::string path_;
  std::shared_ptr<ClaimClient> client_;
};

}  // namespace

LockedWork once(std::string key, OnceWork work, const Acl& acl) {
  if (!work) throw LockError(Errc::invalid_config, "once: the work is empty");
  const std::optional<std::string> problem = key.empty() ? "it is empty"
                                             : key.find('/') != std::string::npos
                                                 ? "it has a slash in it"
                                                 : internal::path_problem('/' + key);
  if (problem) {
    throw LockError(Errc::invalid_config,
                    "once: the key '" + key + "' cannot be used: " + *problem);
  }
  return [key = std::move(key), work = std::move(work), acl](const Lease& lease,
                                                             const std::stop_token& stop) {
    const Mark mark(lease, key, acl);
    const Context patience = Context().with_timeout(kPatience);
    if (mark.exists(patience.with_stop_token(stop))) return AfterRun::stop;
    if (!work(lease, stop)) return AfterRun::pause;
    mark.make(Context().with_timeout(kPatience));  // also after a request to stop: it is done
    return AfterRun::stop;
  };
}

}  // namespace zklock
