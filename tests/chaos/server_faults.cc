#include "server_faults.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <thread>

namespace zklock::chaos {
namespace {

using std::chrono::milliseconds;
using test::LoopbackProxy;
using test::ZooKeeperEnsemble;
using Cut = ZooKeeperEnsemble::Cut;

// --- Servers -------------------------------------------------------------------------------------

void kill_server(Stage& stage, int server) {
  stage.ensemble().kill(server);
  stage.last();
  stage.ensemble().restart(server);
}

void freeze_server(Stage& stage, int server) {
  stage.ensemble().stop(server);
  stage.last();
  stage.ensemble().resume(server);
}

/// Its clients still reach it.
void cut_off_server(Stage& stage, int server) {
  static constexpr std::array kCuts{Cut::silence, Cut::silence_of_it, Cut::silence_to_it,
                                    Cut::reset};
  stage.ensemble().cut_off(server, kCuts.at(stage.below(kCuts.size())));
  stage.last();
  stage.ensemble().heal(server);
}

/// Kills two of three: there is no quorum.
void kill_quorum(Stage& stage) {
  const int spared = stage.some_server();
  const std::array killed{(spared + 1) % ZooKeeperEnsemble::kSize,
                          (spared + 2) % ZooKeeperEnsemble::kSize};
  for (const int server : killed) stage.ensemble().kill(server);
  stage.last();
  for (const int server : killed) stage.ensemble().restart(server);
}

void replace_pod(Stage& stage, int server) {
  stage.pods().replace(
      server, stage.below(2) == 0 ? Pods::OldAddress::refuses : Pods::OldAddress::is_silent);
}

/// One after the other, so that there always is a quorum. Twice round, no server is where it was.
void replace_pods(Stage& stage) {
  const int first = stage.some_server();
  for (int server = first; server < first + ZooKeeperEnsemble::kSize; ++server) {
    replace_pod(stage, server % ZooKeeperEnsemble::kSize);
    stage.ensemble().wait_until_it_serves();
  }
}

// --- The network between servers and clients -----------------------------------------------------

/// At one server, or at all.
void break_network(Stage& stage, void (LoopbackProxy::*how)()) {
  const bool everywhere = stage.below(3) == 0;
  const int one = stage.some_server();
  const auto each = [&](void (LoopbackProxy::*change)()) {
    for (int server = 0; server < ZooKeeperEnsemble::kSize; ++server) {
      if (everywhere || server == one) (stage.ensemble().to_clients(server).*change)();
    }
  };
  each(how);
  stage.last();
  each(&LoopbackProxy::heal);
}

// --- Clients -------------------------------------------------------------------------------------

void kill_worker(Stage& stage) {
  const std::size_t member = stage.below(stage.crew().size());
  stage.crew().kill(member);
  stage.last();
  stage.crew().replace(member);
}

void freeze_worker(Stage& stage) {
  const std::size_t member = stage.below(stage.crew().size());
  stage.crew().freeze(member);
  stage.last();
  stage.crew().thaw(member);
}

}  // namespace

void Stage::last() {
  const auto percent = below(2) == 0 ? 10 + below(70) : 120 + below(180);
  pass(session_timeout_ * static_cast<int>(percent) / 100);
}

void Stage::pass(milliseconds time) { std::this_thread::sleep_for(time); }

const std::vector<Fault>& all_faults() {
  static const std::vector<Fault> kFaults{
      {"kill-follower", [](Stage& stage) { kill_server(stage, stage.some_follower()); }},
      {"kill-leader", [](Stage& stage) { kill_server(stage, stage.ensemble().leader()); }},
      {"kill-quorum", kill_quorum},
      {"kill-worker", kill_worker},
      {"freeze-follower", [](Stage& stage) { freeze_server(stage, stage.some_follower()); }},
      {"freeze-leader", [](Stage& stage) { freeze_server(stage, stage.ensemble().leader()); }},
      {"freeze-worker", freeze_worker},
      {"replace-pod", [](Stage& stage) { replace_pod(stage, stage.some_server()); }},
      {"replace-pods", replace_pods},
      {"cut-follower", [](Stage& stage) { cut_off_server(stage, stage.some_follower()); }},
      {"cut-leader", [](Stage& stage) { cut_off_server(stage, stage.ensemble().leader()); }},
      {"client-reset", [](Stage& stage) { break_network(stage, &LoopbackProxy::cut); }},
      {"client-refuse", [](Stage& stage) { break_network(stage, &LoopbackProxy::refuse); }},
      {"client-hold-to-server",
       [](Stage& stage) { break_network(stage, &LoopbackProxy::hold_to_server); }},
      {"client-hold-to-client",
       [](Stage& stage) { break_network(stage, &LoopbackProxy::hold_to_client); }},
  };
  return kFaults;
}

std::vector<Fault> select_faults(const std::vector<std::string>& beginnings) {
  if (beginnings.empty()) return all_faults();
  std::vector<Fault> selected;
  for (const std::string& beginning : beginnings) {
    const std::size_t before = selected.size();
    std::copy_if(all_faults().begin(), all_faults().end(), std::back_inserter(selected),
                 [&](const Fault& fault) { return fault.name.starts_with(beginning); });
    if (selected.size() == before) throw std::invalid_argument("no fault begins " + beginning);
  }
  return selected;
}

}  // namespace zklock::chaos
