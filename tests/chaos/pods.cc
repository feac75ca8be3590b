#include "pods.h"

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace zklock::chaos {
namespace {

using test::ZooKeeperEnsemble;

/// Old addresses that stay silent; the one that has been for longest refuses after that.
constexpr std::size_t kSilentAddresses = 8;

std::string name_of(int server) { return "zookeeper-" + std::to_string(server); }

}  // namespace

Pods::Pods(ZooKeeperEnsemble& ensemble, std::filesystem::path hosts)
    : ensemble_(ensemble), hosts_(std::move(hosts)) {
  write();
}

std::string Pods::address() const {
  std::string address;
  for (int server = 0; server < ZooKeeperEnsemble::kSize; ++server) {
    if (server > 0) address += ",";
    address += name_of(server) + ":" + std::to_string(ensemble_.to_clients(server).port());
  }
  return address;
}

void Pods::replace(int server, OldAddress old) {
  ensemble_.kill(server);
  const std::string old_ip = ensemble_.to_clients(server).ip();
  const std::uint16_t port = ensemble_.to_clients(server).port();
  ensemble_.move(server, "127.0.8." + std::to_string(++moves_));
  if (old == OldAddress::is_silent) silent_.emplace_back(old_ip, port);
  if (silent_.size() > kSilentAddresses) silent_.pop_front();
  write();
  ensemble_.restart(server);
}

/// Nobody finds half of it.
void Pods::write() const {
  const std::filesystem::path next = hosts_.string() + ".next";
  std::ofstream file(next);
  for (int server = 0; server < ZooKeeperEnsemble::kSize; ++server) {
    file << name_of(server) << " " << ensemble_.to_clients(server).ip() << "\n";
  }
  file.close();
  if (!file) throw std::runtime_error("cannot write " + next.string());
  std::filesystem::rename(next, hosts_);
}

internal::HostAddresses look_up(const std::filesystem::path& hosts, const std::string& name) {
  std::ifstream file(hosts);
  for (std::string known, ip; file >> known >> ip;) {
    if (known == name) return {{ip}};
  }
  return {{}, name + " is not in " + hosts.string()};
}

}  // namespace zklock::chaos
