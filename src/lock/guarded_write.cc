#include <zklock/advanced/claim_client.h>
#include <zklock/guarded_write.h>

#include <utility>

#include "base/background.h"
#include "base/log.h"
#include "base/with_lock_errors.h"
#include "base/without_throwing.h"
#include "lock/basic_claim_client.h"
#include "lock/guarded_commit.h"
#include "lock/lease_state.h"

namespace zklock {

using Type = MultiOperation::Type;

GuardedWrite::GuardedWrite(const Lease& lease)
    : lease_(lease), znode_(lease.znode()), token_(lease.fencing_token()) {
  const auto& state = internal::LeaseAccess::state(lease);
  if (!state) throw LockError(Errc::lock_lost, "the lease refers to no grant");
  client_ = state->client();
}

GuardedWrite::GuardedWrite(std::shared_ptr<ZooKeeperClient> client, std::string znode,
                           std::int64_t token)
    : znode_(std::move(znode)), token_(token) {
  if (!client) throw LockError(Errc::invalid_config, "client: it is null");
  client_ = internal::with_lock_errors([&] {
    return internal::claim_client_of(std::move(client), internal::Background::shared(),
                                     internal::Log(nullptr));
  });
}

GuardedWrite& GuardedWrite::create(std::string path, std::string data, const Acl& acl) {
  operations_.push_back(
      {.type = Type::create, .path = std::move(path), .data = std::move(data), .acl = acl});
  return *this;
}

GuardedWrite& GuardedWrite::set(std::string path, std::string data, std::int32_t version) {
  operations_.push_back(
      {.type = Type::set, .path = std::move(path), .data = std::move(data), .version = version});
  return *this;
}

GuardedWrite& GuardedWrite::remove(std::string path, std::int32_t version) {
  operations_.push_back({.type = Type::remove, .path = std::move(path), .version = version});
  return *this;
}

GuardedWrite& GuardedWrite::check(std::string path, std::int32_t version) {
  operations_.push_back({.type = Type::check, .path = std::move(path), .version = version});
  return *this;
}

void GuardedWrite::commit(const Context& context) {
  std::vector<MultiOperation> operations = std::exchange(operations_, {});
  if (!client_) {
    throw LockError(Errc::write_failed, "the lease has no client", ZooKeeperErrc::unimplemented);
  }
  const internal::WriteGuard guard{znode_, token_, lease_};
  internal::GuardedCommit(*client_, guard, context).run(std::move(operations));
}

void GuardedWrite::commit(const Context& context, std::error_code& error) noexcept {
  internal::without_throwing(error, [&] { commit(context); });
}

}  // namespace zklock
