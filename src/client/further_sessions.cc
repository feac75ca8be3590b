#include "client/further_sessions.h"

#include <exception>
#include <utility>

#include "client/client.h"

namespace zklock::internal {

std::shared_ptr<Client> FurtherSessions::with_capacity(const ClientCore& first) {
  std::vector<Further> of_no_use;  // destroyed without the mutex
  const MutexLock lock(mutex_);
  if (is_closed_) return nullptr;
  for (Further& further : all_) {
    if (is_of_no_use(further)) of_no_use.push_back(std::move(further));
  }
  std::erase_if(all_, [](const Further& further) { return further.client == nullptr; });
  for (const Further& further : all_) {
    if (further.core->has_capacity()) return further.client;
  }
  return make_another(first);
}

/// Failed, or worn out: no claim uses it, but it is full of watches that are not needed any more
/// and cannot be removed.
bool FurtherSessions::is_of_no_use(const Further& further) {
  if (further.core->keeper().has_failed()) return true;
  const bool is_used = further.client.use_count() > 1;  // by a claim, or on the way to one
  return !is_used && !further.core->has_capacity() &&
         further.core->removals()->pending().count == 0;
}

std::shared_ptr<Client> FurtherSessions::make_another(const ClientCore& first) {
  try {
    const std::shared_ptr<ClientCore> core = first.make_another();
    if (!core) return nullptr;
    return all_.emplace_back(Further{core, std::make_shared<Client>(core)}).client;
  } catch (const std::exception& error) {  // for example because there is no thread for it
    first.log().error([&] {
      return "no further session with " + first.keeper().dialer().address() + ": " + error.what();
    });
    return nullptr;
  }
}

std::vector<FurtherSessions::Further> FurtherSessions::all() const {
  const MutexLock lock(mutex_);
  return all_;
}

void FurtherSessions::close() {
  const MutexLock lock(mutex_);
  is_closed_ = true;
}

}  // namespace zklock::internal
