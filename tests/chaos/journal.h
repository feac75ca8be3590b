// journal.h: what workers and driver write down, by one clock, for the checker to read.
#ifndef ZKLOCK_TESTS_CHAOS_JOURNAL_H_
#define ZKLOCK_TESTS_CHAOS_JOURNAL_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/file_descriptor.h"

namespace zklock::chaos {

/// One line of a journal.
struct Event {
  enum class Kind {
    // Of a worker. Calls are "lock", "unlock", "renew" and "commit".
    begun,      // a call is about to be made, which is to return by `until` (0: it has no deadline)
    ended,      // it has returned, with `error` (an Errc; 0: none)
    granted,    // `lock` has returned a lease
    valid,      // a lease said, at this time or later, that it is valid
    invalid,    // a lease that has not been unlocked said that it is not
    suspended,  // a lease said that it is not valid, and may be again
    resumed,    // waiting for that has ended well
    lost,       // a stop callback was called
    stood,      // the session of a lease that was lost has gone on
    written,    // the register took a write with the token
    refused,    // the register had seen a larger token
    busy,       // the register could not be reached in time
    committed,  // a guarded write was reported as done; its name
    not_committed,  // as not done
    in_doubt,       // as one or the other
    // Of the driver.
    fault,   // begins: its name
    healed,  // it is over, and all servers serve
    frozen,  // a process of workers
    thawed,
    killed,
  };

  std::int64_t at = 0;  // CLOCK_BOOTTIME, in ns
  std::string who{};    // "<process>.<thread>", or "<process>" for what the driver did to it
  Kind kind{};
  std::string path{};  // of the lock
  std::int64_t token = 0;
  std::int64_t until = 0;
  int error = 0;
  std::string detail{};  // the call; the claim, the reason of a loss, the name of a write or fault

  bool operator==(const Event&) const = default;
};

/// CLOCK_BOOTTIME, in ns: it goes on while the machine is suspended, as leases do.
[[nodiscard]] std::int64_t boot_now();

/// The line of an event, without its end, and the other way round; none if it is not one.
[[nodiscard]] std::string to_line(const Event& event);
[[nodiscard]] std::optional<Event> parse_line(std::string_view line);

/// A file of events. What a process has recorded is there when it is killed.
/// Thread safety: it may be used from any thread.
class Journal {
 public:
  /// Throws std::system_error if the file cannot be created.
  explicit Journal(const std::filesystem::path& file);

  /// An event without a time gets the current one.
  void record(Event event) const;

 private:
  cli::FileDescriptor file_;
};

/// All events of the files "*.journal" in a directory, by time. Throws std::runtime_error for a
/// line that is none, other than a last one that its writer's death has cut short.
[[nodiscard]] std::vector<Event> read_journals(const std::filesystem::path& directory);

}  // namespace zklock::chaos

#endif  // ZKLOCK_TESTS_CHAOS_JOURNAL_H_
