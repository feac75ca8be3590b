#include "interop/kafka_kit_lock.h"

#include <iterator>
#include <mutex>
#include <ostream>
#include <utility>

#include "base/context_wait.h"
#include "interop/kafka_kit.h"
#include "lock/claim_watch.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using internal::ClaimWatch;
using internal::ContextWait;
using internal::Monitor;
using internal::Platform;
using internal::WaitEnd;

constexpr auto kPause = 50ms;
constexpr int kMostRounds = 5;
/// Between its two looks at the clock.
constexpr auto kTimestampToDeadline = 71ns;

/// False: the context ended first.
bool pause(const Context& context) {
  Monitor monitor;
  ContextWait wait(monitor, context);
  internal::MutexLock lock(monitor.mutex);
  const auto end = Platform::current().steady_now() + kPause;
  wait.wait_until(lock, end, [] { return false; });
  return Platform::current().steady_now() >= end;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, KafkaKitLock::Outcome outcome) {
  switch (outcome) {
    case KafkaKitLock::Outcome::locked:
      return out << "locked";
    case KafkaKitLock::Outcome::timed_out:
      return out << "timed out";
    case KafkaKitLock::Outcome::failed:
      break;
  }
  return out << "failed";
}

KafkaKitLock::KafkaKitLock(std::shared_ptr<ZooKeeperClient> client, std::string path,
                           std::chrono::milliseconds ttl, std::string owner)
    : client_(std::move(client)), path_(std::move(path)), ttl_(ttl), owner_(std::move(owner)) {}

KafkaKitLock::Outcome KafkaKitLock::lock(const Context& context) {
  const WallTime now = Platform::current().wall_now();
  const Result<Created> created = client_->create_protected_ephemeral_sequential(
      path_ + "/lock-", kafka_kit_data(now, now + ttl_ + kTimestampToDeadline, owner_), Acl::open(),
      context);
  if (created.error() == ZooKeeperErrc::operation_timeout) return Outcome::timed_out;
  if (!created) return Outcome::failed;
  znode_ = created->path;

  bool has_failed = false;  // never cleared
  for (int round = 0;; ++round) {
    if (has_failed && round > kMostRounds) return give_up(Outcome::failed);
    if (round > 0 && !pause(context)) return give_up(Outcome::timed_out);
    Round looked = look(context);
    if (looked == Round::first) return Outcome::locked;
    if (looked == Round::behind && ttl_ > 0ms) looked = purge_if_over(context);
    has_failed = has_failed || looked == Round::error;
    if (looked != Round::behind) continue;

    const auto monitor = std::make_shared<Monitor>();
    const auto watch = std::make_shared<ClaimWatch>(monitor);
    const Result<Znode> znode = client_->get_and_watch(ahead_, watch, context);
    if (!znode) {
      has_failed = has_failed || znode.error() != ZooKeeperErrc::no_node;
      continue;
    }
    ContextWait wait(*monitor, context);
    internal::MutexLock lock(monitor->mutex);
    const WaitEnd end = wait.wait(lock, [&] { return watch->news().any(); });
    lock.unlock();
    if (end != WaitEnd::ready) return give_up(Outcome::timed_out);
  }
}

/// Where its claim is in the queue.
KafkaKitLock::Round KafkaKitLock::look(const Context& context) {
  const Result<Children> children = client_->children(path_, context);
  if (!children) return Round::error;
  const auto queue = kafka_kit_queue(children->names);
  const auto own = queue.find(kafka_kit_number(znode_).value());
  if (own == queue.end()) return Round::error;
  if (own == queue.begin()) return Round::first;
  ahead_ = path_ + "/" + std::prev(own)->second;
  return Round::behind;
}

/// It reads once to judge and once more for the version.
KafkaKitLock::Round KafkaKitLock::purge_if_over(const Context& context) {
  const Result<Znode> znode = client_->get(ahead_, context);
  if (!znode) return znode.error() == ZooKeeperErrc::no_node ? Round::again : Round::error;
  switch (judge(znode->data, Platform::current().wall_now())) {
    case Verdict::waits:
      return Round::behind;
    case Verdict::fails:
      return Round::error;
    case Verdict::purges:
      break;
  }
  const Result<Znode> again = client_->get(ahead_, context);
  if (!again) return again.error() == ZooKeeperErrc::no_node ? Round::again : Round::error;
  if (!client_->remove(ahead_, again->stat.version, context)) return Round::error;
  purged_.push_back(ahead_);
  return Round::again;
}

KafkaKitLock::Outcome KafkaKitLock::give_up(Outcome outcome) {
  unlock();
  return outcome;
}

bool KafkaKitLock::unlock(const Context& context) {
  const Context patient = context.deadline() ? context : context.with_timeout(10s);
  return client_->remove(znode_, ZooKeeperClient::kAnyVersion, patient).has_value();
}

}  // namespace zklock::test
