// examples/prometheus_metrics.cc as a process, scraped over HTTP; alerts and dashboard ask for
// metrics that it has.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <zklock/zookeeper_lock.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "cli/file_descriptor.h"
#include "integration/tools.h"
#include "support/subprocess.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr const char* kPath = "/examples/metrics";

/// The answer to GET /metrics on this port of this machine; "" if there is none.
std::string get_metrics(std::uint16_t port) {
  const cli::FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return {};
  }
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  const std::string request = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
  std::string answer;
  std::array<char, 4'096> part{};
  for (ssize_t n = 0; (n = ::recv(socket.get(), part.data(), part.size(), 0)) > 0;) {
    answer.append(part.data(), static_cast<std::size_t>(n));
  }
  return answer;
}

std::string read_file(const std::string& name) {
  std::ifstream file(std::string(MONITORING) + "/" + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

class PrometheusMetricsTest : public ::testing::Test {
 protected:
  explicit PrometheusMetricsTest(const std::string& when_uncertain = "lose")
      : program_({EXAMPLES "/prometheus_metrics", address_, "127.0.0.1:0", when_uncertain}) {
    const auto line = program_.wait_for_line("^http://127.0.0.1:[0-9]+/metrics$");
    EXPECT_TRUE(line) << program_.standard_error();
    if (line) port_ = static_cast<std::uint16_t>(std::stoul(line->substr(line->rfind(':') + 1)));
  }

  /// Each sample by its name and labels. The label `lock` is left out.
  [[nodiscard]] std::map<std::string, double> scrape() const {
    std::map<std::string, double> samples;
    std::istringstream lines(get_metrics(port_));
    for (std::string line; std::getline(lines, line);) {
      const std::string name = line.substr(0, line.rfind(' '));
      if (!name.starts_with("zklock_")) continue;
      EXPECT_THAT(name, HasSubstr(R"(lock="/examples/metrics")"));
      samples[std::regex_replace(name, std::regex(R"(lock="[^"]*",?)"), "")] =
          std::stod(line.substr(line.rfind(' ') + 1));
    }
    return samples;
  }
  /// Whether a sample gets this value.
  [[nodiscard]] bool becomes(const std::string& sample, double value) const {
    return becomes_true([&] {
      const auto samples = scrape();
      const auto found = samples.find(sample);
      return found != samples.end() && found->second == value;
    });
  }
  /// Deletes the claim of the program.
  void break_claim() {
    const ZooKeeperLock lock({.path = kPath}, client_);
    for (const LockEntry& entry : lock.entries(soon())) {
      if (entry.pid != program_.pid()) continue;
      EXPECT_FALSE(client_->remove(entry.path, ZooKeeperClient::kAnyVersion, soon()).error());
    }
  }

  ZooKeeperServer server_;
  const std::string address_ = server_.address();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(address_);
  ZooKeeperLock holder_{{.path = kPath, .owner_key = "owner"}, client_};
  const Lease held_ = holder_.lock(soon().with_value("owner", "user1"));
  Subprocess program_;
  std::uint16_t port_ = 0;
};

TEST_F(PrometheusMetricsTest, CountsWhatHappensToTheLock) {
  ASSERT_TRUE(becomes("zklock_waiting{}", 1)) << get_metrics(port_);
  EXPECT_TRUE(becomes("zklock_claims_ahead{}", 1));
  EXPECT_TRUE(becomes("zklock_held{}", 0));
  break_claim();
  EXPECT_TRUE(becomes("zklock_requeues_total{}", 1));

  holder_.unlock(held_, soon());
  EXPECT_TRUE(becomes("zklock_held{}", 1));
  EXPECT_TRUE(becomes("zklock_waiting{}", 0));
  EXPECT_TRUE(becomes("zklock_wait_seconds_count{}", 1));
  EXPECT_TRUE(becomes("zklock_hold_seconds_count{}", 0));

  // A holder that hangs: it neither renews nor removes its claim.
  const Result<Created> hangs = client_->create_protected_ephemeral_sequential(
      std::string(kPath) + "/lock-",
      R"({"timestamp":"2026-01-01T00:00:00Z","ttl_deadline":"2026-01-01T00:00:00.5Z",)"
      R"("owner_id":"hangs"})",
      Acl::open(), soon());
  ASSERT_TRUE(hangs);
  break_claim();
  EXPECT_TRUE(becomes(R"(zklock_losses_total{reason="claim_deleted"})", 1));
  EXPECT_TRUE(becomes("zklock_hold_seconds_count{}", 1));
  EXPECT_TRUE(becomes("zklock_purges_total{}", 1));
  EXPECT_EQ(client_->get(hangs->path, soon()).error(), ZooKeeperErrc::no_node);
  EXPECT_TRUE(becomes("zklock_held{}", 1));
  EXPECT_TRUE(becomes("zklock_wait_seconds_count{}", 2));
  EXPECT_TRUE(becomes(R"(zklock_losses_total{reason="cut_off"})", 0));
  EXPECT_TRUE(becomes("zklock_pending_removals{}", 0));

  program_.signal(SIGTERM);
  EXPECT_THAT(program_.wait_for_exit(), Optional(0));
  EXPECT_THAT(program_.standard_error(), HasSubstr(" waits for user1 on "));
}

TEST_F(PrometheusMetricsTest, SaysThatNoServerIsConnectedAndWhenOneIsAgain) {
  ASSERT_TRUE(becomes("zklock_connected{}", 1)) << get_metrics(port_);
  server_.kill();
  EXPECT_TRUE(becomes("zklock_connected{}", 0));
  server_.restart();
  EXPECT_TRUE(becomes("zklock_connected{}", 1));
  EXPECT_TRUE(becomes("zklock_suspended{}", 0));
}

class SuspendedPrometheusMetricsTest : public PrometheusMetricsTest {
 protected:
  SuspendedPrometheusMetricsTest() : PrometheusMetricsTest("suspend") {}
};

TEST_F(SuspendedPrometheusMetricsTest, ShowsThatTheLeaseIsSuspendedAndThatItCameBack) {
  ASSERT_TRUE(becomes("zklock_waiting{}", 1)) << get_metrics(port_);
  holder_.unlock(held_, soon());
  ASSERT_TRUE(becomes("zklock_held{}", 1));
  EXPECT_EQ(scrape().at("zklock_suspended{}"), 0);
  server_.kill();
  EXPECT_TRUE(becomes("zklock_suspended{}", 1)) << get_metrics(port_);
  EXPECT_EQ(scrape().at("zklock_held{}"), 1);
  server_.restart();  // which gives each session its whole timeout again
  EXPECT_TRUE(becomes("zklock_suspended{}", 0)) << get_metrics(port_);
  EXPECT_TRUE(becomes("zklock_resumptions_total{}", 1));
  const auto samples = scrape();
  EXPECT_EQ(samples.at("zklock_suspensions_total{}"), 1);
  EXPECT_EQ(samples.at("zklock_held{}"), 1);
  EXPECT_EQ(samples.at("zklock_hold_seconds_count{}"), 0) << "the same lease";
}

/// The names of metrics in a text.
std::set<std::string> metrics_in(const std::string& text) {
  const std::regex metric("zklock_[a-z_]+");
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), metric), end; at != end; ++at) {
    names.insert(at->str());
  }
  return names;
}

TEST_F(PrometheusMetricsTest, HasEachMetricOfTheAlertsAndOfTheDashboard) {
  ASSERT_TRUE(becomes("zklock_waiting{}", 1));
  std::set<std::string> scraped;
  for (const auto& [sample, value] : scrape()) scraped.insert(sample.substr(0, sample.find('{')));

  const std::string alerts = read_file("alerts.yml");
  std::set<std::string> asked = metrics_in(alerts);
  EXPECT_GT(asked.size(), 5U);
  std::set<std::string> shown;
  const auto dashboard = nlohmann::json::parse(read_file("dashboard.json"));
  for (const auto& panel : dashboard["panels"]) {
    for (const auto& target : panel["targets"]) {
      shown.merge(metrics_in(target["expr"].get<std::string>()));
    }
  }
  EXPECT_GT(shown.size(), 10U);
  asked.merge(shown);
  for (const std::string& name : asked) {
    EXPECT_TRUE(scraped.contains(name)) << name;
  }
  const std::string page = read_file("../monitoring.md");
  for (const std::string& name : metrics_in(get_metrics(port_))) {
    const std::string base = std::regex_replace(name, std::regex("_(bucket|count|sum)$"), "");
    EXPECT_THAT(page, HasSubstr("`" + base)) << "examples/monitoring.md explains each metric";
  }
  const std::regex alert("alert: ([A-Za-z]+)");
  for (std::sregex_iterator at(alerts.begin(), alerts.end(), alert), end; at != end; ++at) {
    EXPECT_THAT(page, HasSubstr("`" + at->str(1) + "`")) << "and each alert";
  }
  holder_.unlock(held_, soon());
}

}  // namespace
}  // namespace zklock::test
