// call.h: a request as a blocking call.
#ifndef ZKLOCK_SRC_CLIENT_CALL_H_
#define ZKLOCK_SRC_CLIENT_CALL_H_

#include <zklock/context.h>
#include <zklock/result.h>

#include <functional>
#include <memory>
#include <utility>

#include "client/pending_answer.h"
#include "session/session_keeper.h"

namespace zklock::internal {

/// Not a lambda in `call`: then there would be one of it for each request, not for each type.
template <class T>
std::function<void(Result<T>)> completion_of(std::shared_ptr<PendingAnswer<T>> pending) {
  return [pending = std::move(pending)](Result<T> answer) { pending->complete(std::move(answer)); };
}

/// Waits for a connection, sends, and waits for the answer. `send` gets the connection and the
/// answer's callback.
template <class T, class Send>
Result<T> call(SessionKeeper& keeper, const Context& context, const Send& send) {
  const Result<SessionConnection> connection = keeper.await_connection(context);
  if (!connection) return connection.error();
  const auto pending = std::make_shared<PendingAnswer<T>>();
  send(*connection, completion_of(pending));
  return pending->wait(context);
}

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_CALL_H_
