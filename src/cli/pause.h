// Waits for a while, unless somebody wants it to end.
#ifndef ZKLOCK_SRC_CLI_PAUSE_H_
#define ZKLOCK_SRC_CLI_PAUSE_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace zklock::cli {

/// False: stop was requested.
inline bool pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;  // guards nothing: it is there to wait
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_PAUSE_H_
