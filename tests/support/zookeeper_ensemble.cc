#include "support/zookeeper_ensemble.h"

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support/loopback_address.h"
#include "support/subprocess.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

/// How long a server may take for an answer, and a new leader until it listens.
constexpr std::chrono::milliseconds kPatience{500};

/// `server.1=` and so on of zoo.cfg.
std::string server_line(int number, const std::string& host, std::uint16_t quorum,
                        std::uint16_t election) {
  return "server." + std::to_string(number + 1) + "=" + host + ":" + std::to_string(quorum) + ":" +
         std::to_string(election);
}

}  // namespace

ZooKeeperEnsemble::ZooKeeperEnsemble(ZooKeeperEnsembleOptions options) {
  for (Member& from : members_) {
    for (std::size_t to = 0; to < members_.size(); ++to) {
      if (&from == &members_[to]) continue;
      using Traffic = LoopbackProxy::Traffic;
      from.links[to] = {
          std::make_unique<LoopbackProxy>(members_[to].quorum_port.number(), Traffic::bytes,
                                          kPatience),
          std::make_unique<LoopbackProxy>(members_[to].election_port.number(), Traffic::bytes)};
    }
  }
  for (int number = 0; number < kSize; ++number) start(number, options);
  wait_until_it_serves();
}

void ZooKeeperEnsemble::start(int number, const ZooKeeperEnsembleOptions& options) {
  Member& member = at(number);
  ZooKeeperServerOptions own = options.servers;
  own.number_in_ensemble = number + 1;
  own.java_options.emplace_back("-Xmx64m");
  // A vote that was lost is repeated after so long, at the most. The default is a minute.
  own.java_options.emplace_back("-Dzookeeper.fastleader.maxNotificationInterval=400");
  own.settings.push_back("initLimit=" + std::to_string(options.init_limit));
  own.settings.push_back("syncLimit=" + std::to_string(options.sync_limit));
  for (int other = 0; other < kSize; ++other) {
    const Link& link = member.links.at(static_cast<std::size_t>(other));
    // In an election servers tell each other where to call back. A server that listens at 0.0.0.0
    // has no address to tell, and is called at the one that the other was configured with: the
    // proxy's.
    own.settings.push_back(
        other == number
            ? server_line(number, "0.0.0.0", member.quorum_port.number(),
                          member.election_port.number())
            : server_line(other, "127.0.0.1", link.quorum->port(), link.election->port()));
  }
  const auto& last = options.own_settings.at(static_cast<std::size_t>(number));
  own.settings.insert(own.settings.end(), last.begin(), last.end());
  const auto& variables = options.own_variables.at(static_cast<std::size_t>(number));
  own.variables.insert(own.variables.end(), variables.begin(), variables.end());
  member.server.emplace(std::move(own));
  member.to_clients = std::make_unique<LoopbackProxy>(member.server->port());
}

std::string ZooKeeperEnsemble::address() const {
  return address(0) + "," + address(1) + "," + address(2);
}

void ZooKeeperEnsemble::move(int server, const std::string& ip) {
  std::unique_ptr<LoopbackProxy>& proxy = at(server).to_clients;
  const std::uint16_t port = proxy->port();
  proxy->refuse();  // with a reset, its port is free at once
  proxy.reset();
  proxy = std::make_unique<LoopbackProxy>(at(server).server->port(), loopback_address(ip, port));
}

// --- Asking them ---------------------------------------------------------------------------------

std::string ZooKeeperEnsemble::mode_of(int server) const {
  const Member& member = at(server);
  if (!member.is_running) return "not running";
  std::istringstream answer(member.server->ask("srvr", kPatience));
  for (std::string line; std::getline(answer, line);) {
    if (line.starts_with("Mode: ")) return line.substr(6);
  }
  return "not serving";
}

std::optional<int> ZooKeeperEnsemble::leader_now() const {
  for (int number = 0; number < kSize; ++number) {
    if (!at(number).is_cut_off && mode_of(number) == "leader") return number;
  }
  return std::nullopt;
}

int ZooKeeperEnsemble::leader() const {
  std::optional<int> result;
  wait_for("to have a leader", [&] {
    result = leader_now();
    return result.has_value();
  });
  return *result;
}

std::vector<int> ZooKeeperEnsemble::followers() const {
  const int leading = leader();
  return {(leading + 1) % kSize, (leading + 2) % kSize};
}

void ZooKeeperEnsemble::wait_until_it_serves() const {
  wait_for("to serve", [&] {
    int leaders = 0;
    for (int number = 0; number < kSize; ++number) {
      if (!at(number).is_running || at(number).is_cut_off) continue;
      const std::string mode = mode_of(number);
      if (mode != "leader" && mode != "follower") return false;
      if (mode == "leader") ++leaders;
    }
    return leaders == 1;
  });
}

template <class Condition>
void ZooKeeperEnsemble::wait_for(const std::string& what, const Condition& condition) const {
  const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      std::string message = "waited in vain for the ensemble " + what;
      for (int number = 0; number < kSize; ++number) {
        message += "\nserver " + std::to_string(number) + ", " + mode_of(number) + ", says:\n" +
                   at(number).server->log();
      }
      throw std::runtime_error(message);
    }
    std::this_thread::sleep_for(
        20ms);  // there is no notification; leaves the processors to the servers
  }
}

// --- Breaking them -------------------------------------------------------------------------------

void ZooKeeperEnsemble::stop(int server) {
  at(server).is_running = false;
  at(server).server->stop();
}

void ZooKeeperEnsemble::resume(int server) {
  at(server).server->resume();
  at(server).is_running = true;
}

void ZooKeeperEnsemble::kill(int server) {
  at(server).is_running = false;
  at(server).server->kill();
}

void ZooKeeperEnsemble::restart(int server) {
  at(server).server->restart();
  at(server).is_running = true;
}

void ZooKeeperEnsemble::cut_off(int server, Cut cut) {
  at(server).is_cut_off = true;
  change_links(server, [cut](LoopbackProxy& proxy, bool is_from_it) {
    const bool holds_its = cut == Cut::silence || cut == Cut::silence_of_it;
    const bool holds_others = cut == Cut::silence || cut == Cut::silence_to_it;
    if (cut == Cut::reset) proxy.refuse();
    if (is_from_it ? holds_its : holds_others) proxy.hold_to_server();
    if (is_from_it ? holds_others : holds_its) proxy.hold_to_client();
  });
}

void ZooKeeperEnsemble::heal(int server) {
  change_links(server, [](LoopbackProxy& proxy, bool) { proxy.heal(); });
  at(server).is_cut_off = false;
}

/// Calls `change` for each proxy between the server and another one, and says whether connections
/// through it come from the server.
template <class Change>
void ZooKeeperEnsemble::change_links(int server, const Change& change) {
  for (int other = 0; other < kSize; ++other) {
    if (other == server) continue;
    const Link& out = at(server).links.at(static_cast<std::size_t>(other));
    const Link& in = at(other).links.at(static_cast<std::size_t>(server));
    change(*out.quorum, true);
    change(*out.election, true);
    change(*in.quorum, false);
    change(*in.election, false);
  }
}

}  // namespace zklock::test
