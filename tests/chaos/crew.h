// crew.h: the processes of workers, and what is done to them.
#ifndef ZKLOCK_TESTS_CHAOS_CREW_H_
#define ZKLOCK_TESTS_CHAOS_CREW_H_

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "journal.h"
#include "support/subprocess.h"

namespace zklock::chaos {

struct CrewOptions {
  std::filesystem::path program{};  // worker.cc
  std::string address{};
  std::filesystem::path directory{};  // of the journals
  std::chrono::milliseconds session_timeout{};
  std::size_t processes = 4;
  int workers_of_each = 5;
  int paths = 3;
  unsigned seed = 1;
};

/// So many processes, each with a name of its own ("p1"). What happens to them goes to the driver's
/// journal. They do not outlive the object.
class Crew {
 public:
  Crew(CrewOptions options, const Journal& journal);

  [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }

  /// Ends one (SIGKILL), and puts another one in its place.
  void kill(std::size_t member);
  void replace(std::size_t member);
  /// Suspends it (SIGSTOP), and lets it go on.
  void freeze(std::size_t member);
  void thaw(std::size_t member);

  /// Asks all to stop, and waits until they have. They keep their sessions. Returns the names of
  /// those that do not stop in time, or have ended; with their output.
  [[nodiscard]] std::vector<std::string> stop(std::chrono::milliseconds timeout);
  /// Ends those that have stopped. Returns the names of those that fail to.
  [[nodiscard]] std::vector<std::string> end(std::chrono::milliseconds timeout);

 private:
  struct Member {
    std::string name;
    std::unique_ptr<test::Subprocess> process;
  };

  [[nodiscard]] Member start();
  void record(Event::Kind kind, const Member& member) const;

  const CrewOptions options_;
  const Journal& journal_;
  unsigned started_ = 0;
  std::vector<Member> members_;
};

}  // namespace zklock::chaos

#endif  // ZKLOCK_TESTS_CHAOS_CREW_H_
