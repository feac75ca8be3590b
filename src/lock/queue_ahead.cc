#include "lock/queue_ahead.h"

#include "base/rfc3339.h"
#include "base/utf8.h"

namespace zklock::internal {

std::string QueueAhead::description() const {
  if (claims_ahead == 0) return {};
  std::string text = " is held by ";
  if (holder && holder->metadata) {
    const Metadata& metadata = *holder->metadata;
    text += metadata.owner.empty() ? "an unnamed owner" : printable(metadata.owner);
    if (!metadata.host.empty()) {
      text += " on " + printable(metadata.host) + " (pid " + std::to_string(metadata.pid) + ")";
    }
    text += " since " + to_rfc3339(metadata.timestamp) + ", claim ";
  }
  return text + holder_path + "; " + std::to_string(claims_ahead) + " ahead";
}

}  // namespace zklock::internal
