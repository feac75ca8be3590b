// further_sessions.h: the sessions that a client opens when its own has no capacity left.
#ifndef ZKLOCK_SRC_CLIENT_FURTHER_SESSIONS_H_
#define ZKLOCK_SRC_CLIENT_FURTHER_SESSIONS_H_

#include <memory>
#include <vector>

#include "base/mutex.h"
#include "client/client_core.h"

namespace zklock::internal {

class Client;

/// Each further session is a client of the same kind, which claims that come later use. One that is
/// of no use any more is destroyed.
///
/// Thread safety: all functions may be called from any thread.
class FurtherSessions {
 public:
  struct Further {
    std::shared_ptr<ClientCore> core{};
    std::shared_ptr<Client> client{};
  };

  /// A client with capacity; it is made if there is none. `first` is the client's own core. Null:
  /// none can be made now, and the first session has to do.
  [[nodiscard]] std::shared_ptr<Client> with_capacity(const ClientCore& first);

  [[nodiscard]] std::vector<Further> all() const;
  /// From now on no further one is made.
  void close();

 private:
  [[nodiscard]] static bool is_of_no_use(const Further& further);
  [[nodiscard]] std::shared_ptr<Client> make_another(const ClientCore& first)
      ZKLOCK_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<Further> all_ ZKLOCK_GUARDED_BY(mutex_);
  bool is_closed_ ZKLOCK_GUARDED_BY(mutex_) = false;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_FURTHER_SESSIONS_H_
