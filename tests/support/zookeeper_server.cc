#include "support/zookeeper_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/loopback_address.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

/// Binds a port that the system chooses, without listening on it. Linux lets two sockets with
/// SO_REUSEADDR, which Java's servers set, share a port until one of them listens; meanwhile it
/// gives the port to nobody who asks for a free one. So the port belongs to our server before it
/// starts, and between its lives.
FileDescriptor reserve_port() {
  FileDescriptor result(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  ::setsockopt(result.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback_address(0);
  if (::bind(result.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "bind");
  }
  return result;
}

std::uint16_t port_of(const FileDescriptor& socket) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "getsockname");
  }
  return ntohs(address.sin_port);
}

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
  // slf4j-simple writes the log to standard error.
  command.insert(command.end(),
                 {"-cp", "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar",
                  "org.apache.zookeeper.server.quorum.QuorumPeerMain", configuration});
  return command;
}

}  // namespace

ZooKeeperServer::ZooKeeperServer(ZooKeeperServerOptions options)
    : options_(std::move(options)), reservation_(reserve_port()), port_(port_of(reservation_)) {
  std::ofstream file(directory_.path() / "zoo.cfg");
  file << "dataDir=" << (directory_.path() / "data").string() << '\n'
       << "clientPort=" << port_ << '\n'
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
  start();
}

ZooKeeperServer& ZooKeeperServer::shared() {
  static ZooKeeperServer server;
  return server;
}

std::string ZooKeeperServer::address() const { return "127.0.0.1:" + std::to_string(port_); }

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
  kill();
  start();
}

void ZooKeeperServer::start() {
  process_.emplace(java_command(options_.java_options, (directory_.path() / "zoo.cfg").string()));
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
  const FileDescriptor connection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const timeval patience{.tv_sec = timeout / 1s, .tv_usec = (timeout % 1s) / 1us};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const sockaddr_in address = loopback_address(port_);
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
