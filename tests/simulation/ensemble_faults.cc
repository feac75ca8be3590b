#include "ensemble_faults.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

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
    ensemble_.run([&] { ensemble_.start(server); });
  });
}

/// Its connections do not break, and attempts to connect get no answer.
void EnsembleFaults::power_off() {
  const int server = any_server();
  world_.count(kWho, "powers a server's host off", std::to_string(server));
  ensemble_.run([&] { ensemble_.power_off(server); });
  plan_.heal_later(1ms, 30s, [this, server] {
    world_.note(kWho, "starts server " + std::to_string(server));
    ensemble_.run([&] { ensemble_.start(server); });
  });
}

void EnsembleFaults::freeze() {
  const int server = any_server();
  world_.count(kWho, "freezes a server", std::to_string(server));
  ensemble_.run([&] { ensemble_.quorum().freeze(server); });
  plan_.heal_later(1ms, 15s, [this, server] {
    world_.note(kWho, "thaws server " + std::to_string(server));
    ensemble_.run([&] { ensemble_.thaw(server); });
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
        ensemble_.sessions().bound_timeouts(server, least, 60s);
      });
    });
    time += pause;
    plan_.later(time, [this, server] {
      world_.note(kWho, "starts server " + std::to_string(server));
      ensemble_.run([&] { ensemble_.start(server); });
    });
    time += pause;
    plan_.heal_later(time, time + 30s, [this, server] {
      ensemble_.run([&] { ensemble_.sessions().bound_timeouts(server, 1s, 40s); });
    });
  }
}

/// All of them, one after the other, or only one; once or twice. After a whole round no server is
/// where the clients found it.
void EnsembleFaults::replace_pods() {
  const nanoseconds pause = world_.between(10ms, 5s);
  const int first = any_server();
  const int servers = world_.chance(75) ? ensemble_.quorum().size() : 1;
  const int end = first + servers * (world_.chance(50) ? 2 : 1);
  nanoseconds time = 0ns;
  for (int next = first; next < end; ++next) {
    const int server = next % ensemble_.quorum().size();
    plan_.later(time, [this, server] {
      world_.count(kWho, "ends a pod", std::to_string(server));
      ensemble_.run([&] { ensemble_.quorum().kill(server); });
    });
    time += pause;
    plan_.later(time, [this, server] { restart_elsewhere(server); });
    time += pause;
  }
}

/// At an address that nobody had, or that another pod has left; and what the server leaves is taken
/// by something else, or by nothing.
void EnsembleFaults::restart_elsewhere(int server) {
  const auto known = static_cast<int>(left_.size());
  const int taken = known > 0 && world_.chance(50) ? world_.below(known) : -1;
  const bool is_stranger_next = world_.chance(30);
  std::string event = "starts server " + std::to_string(server) + " at address ";
  ensemble_.run([&] {
    internal::FakeAddresses& addresses = ensemble_.addresses();
    const int& address = addresses.resolve().at(static_cast<std::size_t>(server));
    const int old = address;
    if (taken >= 0) {
      addresses.move_to(server, std::exchange(left_[static_cast<std::size_t>(taken)], old));
    } else {
      addresses.move(server);
      left_.push_back(old);
    }
    if (is_stranger_next) addresses.give_away(old);
    event += std::to_string(address);
    ensemble_.start(server);
  });
  world_.note(kWho, event);
}

}  // namespace zklock::simulation
