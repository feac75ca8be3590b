// kafka_kit_lock.h: a contender that does what kafka-kit's ZooKeeperLock does.
#ifndef ZKLOCK_TESTS_INTEROP_KAFKA_KIT_LOCK_H_
#define ZKLOCK_TESTS_INTEROP_KAFKA_KIT_LOCK_H_

#include <zklock/context.h>
#include <zklock/zookeeper_client.h>

#include <chrono>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

namespace zklock::test {

/// Queues with data that it never changes, and waits for the claim just ahead. With a TTL it reads
/// that claim's data in each round, and purges by `judge`; it looks again when that claim is
/// changed or deleted, not when its time is over. Kinder than kafka-kit only in that a claim which
/// is gone before it could be read is no error.
///
/// It works over a client of ours, and waits in the library's time, so in virtual time too.
/// Thread safety: none; `lock` may be called on another thread than the rest, but not meanwhile.
class KafkaKitLock {
 public:
  enum class Outcome { locked, timed_out, failed };

  KafkaKitLock(std::shared_ptr<ZooKeeperClient> client, std::string path,
               std::chrono::milliseconds ttl, std::string owner = "<nil>");

  [[nodiscard]] Outcome lock(const Context& context = {});
  /// False: the claim was gone, or no server answers.
  bool unlock(const Context& context = {});

  /// The claim that it last made.
  [[nodiscard]] const std::string& znode() const noexcept { return znode_; }
  [[nodiscard]] const std::vector<std::string>& purged() const noexcept { return purged_; }

 private:
  enum class Round { first, behind, again, error };

  [[nodiscard]] Round look(const Context& context);
  [[nodiscard]] Round purge_if_over(const Context& context);
  Outcome give_up(Outcome outcome);

  const std::shared_ptr<ZooKeeperClient> client_;
  const std::string path_;
  const std::chrono::milliseconds ttl_;
  const std::string owner_;
  std::string znode_;
  std::string ahead_;  // path of the claim just ahead, as of the last look
  std::vector<std::string> purged_;
};

std::ostream& operator<<(std::ostream& out, KafkaKitLock::Outcome outcome);

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEROP_KAFKA_KIT_LOCK_H_
