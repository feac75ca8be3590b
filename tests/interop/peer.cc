#include "interop/peer.h"

#include <csignal>
#include <map>
#include <ostream>
#include <utility>

#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

PeerKind ours(std::string name, std::chrono::milliseconds ttl, std::vector<std::string> markers) {
  PeerKind kind = {
      .name = std::move(name), .command = {LOCKER}, .arguments = {std::to_string(ttl.count())}};
  for (std::string& marker : markers) {
    kind.name += "And" + marker;
    kind.arguments.push_back(std::move(marker));
  }
  return kind;
}

PeerKind java_kind(const std::string& name, const std::string& main_class) {
  return {
      .name = name,
      // For a short life, as the servers of these tests: see zookeeper_server.cc.
      .command = {"java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+UseSerialGC", "-Xmx128m",
                  "-XX:-UsePerfData", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
                  JAVA_PEERS, main_class}};
}

PeerKind kazoo(const std::string& name, const std::string& names,
               std::vector<std::string> markers) {
  return {.name = name,
          .command = {"/usr/bin/python3", KAZOO_PEER},  // Debian's, which finds Debian's kazoo
          .arguments = {names},
          .markers = std::move(markers)};
}

std::vector<std::string> command(const PeerKind& kind, const std::string& address,
                                 std::chrono::milliseconds session_timeout) {
  std::vector<std::string> command = kind.command;
  command.push_back(address);
  command.push_back(std::to_string(session_timeout.count()));
  command.insert(command.end(), kind.arguments.begin(), kind.arguments.end());
  return command;
}

}  // namespace

void PrintTo(const PeerKind& kind, std::ostream* stream) { *stream << kind.name; }

PeerKind ours(std::vector<std::string> markers) { return ours("Ours", 0ms, std::move(markers)); }

PeerKind ours_with_ttl(std::vector<std::string> markers) {
  return ours("OursWithTtl", 10min, std::move(markers));
}

PeerKind curator() { return java_kind("Curator", "CuratorPeer"); }

PeerKind go_zookeeper() { return {.name = "GoZookeeper", .command = {GO_ZOOKEEPER_PEER}}; }

PeerKind write_lock() { return java_kind("WriteLock", "WriteLockPeer"); }

PeerKind kazoo_default() { return kazoo("KazooDefault", "default", {"__lock__"}); }

PeerKind kazoo_with_patterns() { return kazoo("KazooWithPatterns", "patterns", {"__lock__"}); }

PeerKind kazoo_with_lock_names() { return kazoo("KazooWithLockNames", "lock-", {}); }

Peer::Peer(PeerKind kind, const std::string& address, std::chrono::milliseconds session_timeout)
    : kind_(std::move(kind)),
      process_(command(kind_, address, session_timeout), {}, Subprocess::Input::written) {}

Peer& Peer::shared(const PeerKind& kind) {
  const std::string address = ZooKeeperServer::shared().address();  // it ends after them
  static std::map<std::string, Peer> peers;
  return peers.try_emplace(kind.name, kind, address, kLongSession).first->second;
}

int Peer::begin_to_lock(const std::string& path) { return begin("lock", path); }

std::optional<std::string> Peer::granted(int contender) {
  return answer(contender, "granted", kLongEnough);
}

bool Peer::is_granted(int contender) { return answer(contender, "granted", 0ms).has_value(); }

bool Peer::unlock(int contender) {
  process_.write("unlock " + std::to_string(contender) + "\n");
  return answer(contender, "released", kLongEnough).has_value();
}

int Peer::begin_to_count(const std::string& path, const std::filesystem::path& directory,
                         int times) {
  return begin("count", path + " " + directory.string() + " " + std::to_string(times));
}

bool Peer::has_counted(int contender) {
  return answer(contender, "counted", 4 * kLongEnough).has_value();
}

void Peer::kill() {
  process_.signal(SIGKILL);
  static_cast<void>(process_.wait_for_exit());
}

std::string Peer::said() const {
  return kind_.name + " said:\n" + process_.standard_output() + process_.standard_error();
}

int Peer::begin(const std::string& verb, const std::string& operands) {
  const int contender = ++contenders_;
  process_.write(verb + " " + std::to_string(contender) + " " + operands + "\n");
  return contender;
}

/// What follows `verb` in the contender's answer. None: it failed, or not in time.
std::optional<std::string> Peer::answer(int contender, const std::string& verb,
                                        std::chrono::milliseconds timeout) {
  const std::string start = std::to_string(contender) + " " + verb;
  const std::optional<std::string> line =
      process_.wait_for_line("^" + std::to_string(contender) + " (" + verb + "|failed)", timeout);
  if (!line || !line->starts_with(start)) return std::nullopt;
  return line->size() > start.size() ? line->substr(start.size() + 1) : std::string();
}

}  // namespace zklock::test
