#include "ensemble_faults.h"

#include <chrono>
#include <string>

namespace zklock::simulation {

namespace {

using namespace std::chrono_literals;

const std::string kWho = "fault";

}  // namespace

int EnsembleFaults::any_server() { return world_.below(ensemble_.quorum().size()); }

void EnsembleFaults::kill() {
  const int server = any_server();
  world_.count(kWho, "kills a server", std::to_string(server));
  ensemble_.run([&] { ensemble_.quorum().kill(server); });
  plan_.heal_later(1ms, 8s, [this, server] {
    world_.note(kWho, "starts server " + std::to_string(server));
    ensemble_.run([&] { ensemble_.quorum().start(server); });
  });
}

void EnsembleFaults::freeze() {
  const int server = any_server();
  world_.count(kWho, "freezes a server", std::to_string(server));
  ensemble_.run([&] { ensemble_.quorum().freeze(server); });
  plan_.heal_later(1ms, 15s, [this, server] {
    world_.note(kWho, "thaws server " + std::to_string(server));
    ensemble_.run([&] { ensemble_.quorum().thaw(server); });
  });
}

void EnsembleFaults::cut_off() {
  const int server = any_server();
  world_.count(kWho, "cuts a server off from the others", std::to_string(server));
  ensemble_.run([&] { ensemble_.quorum().cut_off(server); });
  plan_.heal_later(1ms, 15s, [this, server] {
    world_.note(kWho, "heals server " + std::to_string(server));
    ensemble_.run([&] { ensemble_.quorum().heal(server); });
  });
}

void EnsembleFaults::slow_commits() {
  const int server = any_server();
  const nanoseconds delay = world_.between(1ms, 2s);
  world_.count(kWho, "slows a server's commits", std::to_string(server));
  ensemble_.run([&] { ensemble_.quorum().slow_commits(server, delay); });
  plan_.heal_later(1s, 10s, [this, server] {
    ensemble_.run([&] { ensemble_.quorum().slow_commits(server, 0ns); });
  });
}

void EnsembleFaults::change_leader() {
  const int server = any_server();
  const nanoseconds offset = world_.between(-1h, 1h);
  world_.count(kWho, "changes the leader", std::to_string(server));
  ensemble_.run([&] { ensemble_.quorum().change_leader(server, offset); });
}

/// A client that attaches from now on gets a longer timeout than its session had at first, and asks
/// for it wherever it attaches later. Servers read new settings when they start: one after the
/// other, or only one.
void EnsembleFaults::raise_session_timeouts() {
  const auto least =
      std::chrono::duration_cast<std::chrono::milliseconds>(world_.between(10s, 20s));
  const nanoseconds pause = world_.between(10ms, 2s);
  const int first = any_server();
  const int end = first + (world_.chance(50) ? ensemble_.quorum().size() : 1);
  nanoseconds time = 0ns;
  for (int next = first; next < end; ++next) {
    const int server = next % ensemble_.quorum().size();
    plan_.later(time, [this, server, least] {
      world_.count(kWho, "raises a server's session timeouts", std::to_string(server));
      ensemble_.run([&] {
        ensemble_.quorum().kill(server);
        ensemble_.bound_session_timeouts(server, least, 60s);
      });
    });
    time += pause;
    plan_.later(time, [this, server] {
      world_.note(kWho, "starts server " + std::to_string(server));
      ensemble_.run([&] { ensemble_.quorum().start(server); });
    });
    time += pause;
    plan_.heal_later(time, time + 30s, [this, server] {
      ensemble_.run([&] { ensemble_.bound_session_timeouts(server, 1s, 40s); });
    });
  }
}

}  // namespace zklock::simulation
