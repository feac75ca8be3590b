// Many threads of several processes: exclusion and order, as a service would suffer from their
// lack.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "support/subprocess.h"
#include "support/temporary_directory.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(Contention, FiftyThreadsOfThreeProcessesCountTo2000) {
  constexpr int kThreadsOfEach = 10;
  constexpr int kAcquisitionsOfEach = 40;
  const std::vector<int> instances = {2, 2, 1};  // one number for each process
  constexpr std::size_t kThreads = 5 * kThreadsOfEach;
  constexpr std::size_t kAcquisitions = kThreads * kAcquisitionsOfEach;
  static_assert(kThreads == 50 && kAcquisitions == 2'000);

  const ZooKeeperServer& server = ZooKeeperServer::shared();
  const std::string path = unique_path();
  const TemporaryDirectory directory;
  const std::shared_ptr<ZooKeeperClient> client = connect(server.address());
  ZooKeeperLock lock({.path = path}, client);

  // They begin all at once: when all of them are in the queue.
  const Lease start = lock.lock(soon());
  std::vector<std::unique_ptr<Subprocess>> lockers;
  for (const int count : instances) {
    Subprocess& locker = *lockers.emplace_back(std::make_unique<Subprocess>(
        std::vector<std::string>{LOCKER, server.address(), "60000", "0"},
        std::vector<std::string>{}, Subprocess::Input::written));
    for (int number = 1; number <= count; ++number) {
      ASSERT_TRUE(locker.write(
          "count " + std::to_string(number) + " " + path + " " + directory.path().string() + " " +
          std::to_string(kAcquisitionsOfEach) + " " + std::to_string(kThreadsOfEach) + "\n"));
    }
  }
  ASSERT_TRUE(becomes_true([&] {
    const Result<Children> claims = client->children(path, soon());
    return claims && claims->names.size() == kThreads + 1;
  }));
  lock.unlock(start, soon());
  for (std::size_t i = 0; i < lockers.size(); ++i) {
    for (int number = 1; number <= instances[i]; ++number) {
      const auto line =
          lockers[i]->wait_for_line("^" + std::to_string(number) + " (counted|failed)", 100s);
      EXPECT_THAT(line, Optional(HasSubstr("counted")))
          << lockers[i]->standard_output() << lockers[i]->standard_error();
    }
  }

  std::size_t counter = 0;
  std::ifstream(directory.path() / "counter") >> counter;
  EXPECT_EQ(counter, kAcquisitions);

  std::ifstream grants(directory.path() / "grants");
  std::ifstream tokens(directory.path() / "tokens");
  std::size_t count = 0;
  std::int64_t last_sequence = sequence_number(start.znode());
  std::int64_t last_token = start.fencing_token();
  std::string claim;
  std::int64_t token = 0;
  while (grants >> claim && tokens >> token) {
    ++count;
    const std::int64_t sequence = sequence_number(claim);
    EXPECT_GT(sequence, last_sequence) << "grant " << count;
    EXPECT_GT(token, last_token) << "grant " << count;
    last_sequence = sequence;
    last_token = token;
  }
  EXPECT_EQ(count, kAcquisitions);

  const Result<Children> left = client->children(path, soon());
  ASSERT_TRUE(left);
  EXPECT_THAT(left->names, IsEmpty());
}

}  // namespace
}  // namespace zklock::test
