// client.h: ClaimClient over a Wire: deadlines, sessions, protected creates, watches, removals.
#ifndef ZKLOCK_SRC_CLIENT_CLIENT_H_
#define ZKLOCK_SRC_CLIENT_CLIENT_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/client_options.h>
#include <zklock/export.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/exit_list.h"
#include "client/client_core.h"
#include "client/further_sessions.h"
#include "wire/dialer.h"
#include "wire/wire.h"

namespace zklock::internal {

/// The implementation behind `connect`, and behind the fake. It has one session at a time. When
/// that has no capacity for further claims, it makes another client of its kind.
class Client final : public ClaimClient, public EndsAtExit {
 public:
  /// `reads_first`: a path that the first session is tried with; "" for none.
  ZKLOCK_EXPORT Client(std::unique_ptr<Dialer> dialer, const ClientOptions& options,
                       std::string reads_first = "");
  /// For a further session of another client.
  explicit Client(std::shared_ptr<ClientCore> core);
  ZKLOCK_EXPORT ~Client() override;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Waits for the first session: see await_first_session.
  ZKLOCK_EXPORT bool await_session(std::chrono::milliseconds timeout);

  Result<Children> children(const std::string& path, const Context& context) override;
  Result<Children> children_and_watch(const std::string& path,
                                      const std::shared_ptr<Watcher>& watcher,
                                      const Context& context) override;
  Result<Created> create(const std::string& path, const std::string& data, const Acl& acl,
                         const Context& context) override;
  Result<Created> create_container(const std::string& path, const std::string& data, const Acl& acl,
                                   const Context& context) override;
  Result<Created> create_protected_ephemeral_sequential(const std::string& path,
                                                        const std::string& data, const Acl& acl,
                                                        const Context& context) override;
  Result<void> remove(const std::string& path, std::int32_t version,
                      const Context& context) override;
  Result<Znode> get(const std::string& path, const Context& context) override;
  Result<Znode> get_and_watch(const std::string& path, const std::shared_ptr<Watcher>& watcher,
                              const Context& context) override;
  Result<Stat> set(const std::string& path, const std::string& data, std::int32_t version,
                   const Context& context) override;
  Result<void> check(const std::string& path, std::int32_t version,
                     const Context& context) override;
  void check_in_background(const std::string& path,
                           const std::function<void(Result<void>)>& answered) override;
  MultiResult multi(const std::vector<MultiOperation>& operations, const Context& context) override;
  Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context) override;
  void watch_in_background(const std::string& path,
                           const std::shared_ptr<Watcher>& watcher) override;
  void remove_in_background(const std::string& path) override { remove_and_report(path, nullptr); }
  void remove_and_report(const std::string& path,
                         const std::shared_ptr<RemovalListener>& listener) override;
  [[nodiscard]] PendingRemovals pending_removals() const override;
  [[nodiscard]] std::shared_ptr<const Session> session() const override;
  [[nodiscard]] bool is_connected() const override;
  [[nodiscard]] std::shared_ptr<ClaimClient> with_capacity() override;
  [[nodiscard]] bool never_throws() const noexcept override { return true; }
  Result<void> close(const Context& context) override;

  /// Closes the sessions, and with them the claims that calls of other threads leave behind.
  void await_servers(const Context& context) noexcept override;

 private:
  /// Why a call is refused: none of it is sent.
  [[nodiscard]] std::error_code refusal(std::error_code bad_argument) const noexcept;
  Result<Created> create(const std::string& path, const std::string& data, const Acl& acl,
                         Wire::CreateMode mode, const Context& context);

  std::shared_ptr<ClientCore> core_;
  FurtherSessions further_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_CLIENT_H_
