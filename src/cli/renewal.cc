#include "cli/renewal.h"

#include <stop_token>
#include <system_error>

#include "cli/pause.h"
#include "cli/run_limits.h"

namespace zklock::cli {

Renewal::Renewal(const Lease& lease, std::chrono::milliseconds ttl) {
  if (ttl.count() == 0) return;
  thread_ = std::jthread([lease, time = time_to_renew(ttl)](const std::stop_token& stop) {
    while (pause(time, stop)) {
      std::error_code lease_ends_then;
      lease.renew(Context().with_timeout(time).with_stop_token(stop), lease_ends_then);
    }
  });
}

}  // namespace zklock::cli
