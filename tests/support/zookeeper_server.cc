#include "support/zookeeper_server.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "cli/file_descriptor.h"
#include "support/loopback_address.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> java_command(const std::vector<std::string>& further_options,
                                      const std::string& configuration) {
  std::vector<std::string> command = {
      "java",
      // For a short life: compile quickly instead of well, map the class data archive, and do with
      // one thread and little memory for the garbage.
      "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+UseSerialGC", "-Xmx256m",
      "-XX:-UsePerfData",  // a file in /tmp, which would stay there when it is killed
      "-Djava.net.preferIPv4Stack=true",  // the port is reserved for IPv4 only
  };
  command.insert(command.end(), further_options.begin(), further_options.end());
  // slf4j-simple writes the log to standard error. For TLS the server uses netty-codec, which is
  // not in the class path that its own archive names.
  command.insert(command.end(),
                 {"-cp",
                  "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar:/usr/share/java/"
                  "netty-codec.jar",
                  "org.apache.zookeeper.server.quorum.QuorumPeerMain", configuration});
  return command;
}

}  // namespace

ZooKeeperServer::ZooKeeperServer(ZooKeeperServerOptions options) : options_(std::move(options)) {
  write_configuration();
  restart();
}

void ZooKeeperServer::write_configuration() const {
  std::ofstream file(directory_.path() / "zoo.cfg");
  file << "dataDir=" << (directory_.path() / "data").string() << '\n'
       << "clientPort=" << port() << '\n'
       << "clientPortAddress=127.0.0.1\n"
       << "tickTime=" << options_.tick_time.count() << '\n'
       << "minSessionTimeout=" << options_.min_session_timeout.count() << '\n'
       << "maxSessionTimeout=" << options_.max_session_timeout.count() << '\n'
       << "maxClientCnxns=0\n"                             // any number
       << "admin.enableServer=false\n"                     // which would take port 8080
       << "4lw.commands.whitelist=srvr,mntr,wchs,wchp\n";  // for ask()
  for (const std::string& setting : options_.settings) file << setting << '\n';
  file.close();
  if (!file) throw std::runtime_error("cannot write zoo.cfg");
  if (options_.number_in_ensemble == 0) return;
  std::filesystem::create_directory(directory_.path() / "data");
  file.open(directory_.path() / "data" / "myid");
  file << options_.number_in_ensemble << '\n';
  file.close();
  if (!file) throw std::runtime_error("cannot write myid");
}

ZooKeeperServer& ZooKeeperServer::shared() {
  static ZooKeeperServer server;
  return server;
}

std::string ZooKeeperServer::address() const { return "127.0.0.1:" + std::to_string(port()); }

void ZooKeeperServer::stop() {
  process_->signal(SIGSTOP);
  siginfo_t ignored{};  // the signal is only on its way: wait until all threads have stopped
  ::waitid(P_PID, static_cast<id_t>(process_->pid()), &ignored, WSTOPPED | WNOWAIT);
}

void ZooKeeperServer::resume() { process_->signal(SIGCONT); }

void ZooKeeperServer::kill() {
  process_->signal(SIGKILL);
  if (!process_->wait_for_exit()) throw std::runtime_error("the ZooKeeper server does not die");
}

void ZooKeeperServer::restart() {
  if (process_) kill();
  process_.emplace(java_command(options_.java_options, (directory_.path() / "zoo.cfg").string()),
                   options_.variables);
  if (options_.number_in_ensemble == 0) wait_until_it_serves();
}

void ZooKeeperServer::wait_until_it_serves() {
  const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
  // The last that it logs while it starts, it logs when it serves: so ask whenever it has said
  // more. The time-outs are for versions that see it differently, and because servers that are just
  // starting sometimes forget to answer.
  std::size_t logged = 0;
  while (!serves(100ms)) {
    if (process_->wait_for_exit(0ms) || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("the ZooKeeper server does not start; it says:\n" + log());
    }
    logged = process_->wait_for_more_output(logged, 100ms);
  }
}

bool ZooKeeperServer::serves(std::chrono::milliseconds timeout) const {
  // Otherwise: "not currently serving requests", or nothing.
  return ask("srvr", timeout).find("Mode: ") != std::string::npos;
}

std::string ZooKeeperServer::ask(const std::string& word, std::chrono::milliseconds timeout) const {
  const cli::FileDescriptor connection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const timeval patience{.tv_sec = timeout / 1s, .tv_usec = (timeout % 1s) / 1us};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const sockaddr_in address = loopback_address(port());
  std::string answer;
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
          0 ||
      ::send(connection.get(), word.data(), word.size(), MSG_NOSIGNAL) < 0) {
    return answer;
  }
  std::array<char, 4096> buffer{};
  for (ssize_t length; (length = ::recv(connection.get(), buffer.data(), buffer.size(), 0)) > 0;) {
    answer.append(buffer.data(), static_cast<std::size_t>(length));
  }
  return answer;
}

}  // namespace zklock::test
