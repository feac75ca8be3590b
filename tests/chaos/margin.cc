#include "margin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <thread>
#include <utility>

#include "integration/tools.h"
#include "journal.h"
#include "support/unique_path.h"

namespace zklock::chaos {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using test::soon;

/// A lease that is still valid so long after its claim was deleted does not end automatically.
constexpr std::chrono::seconds kPatience{1};

}  // namespace

void DeletionTime::on_event(const WatchEvent& event) {
  if (event.type == WatchEvent::Type::deleted) at_ = boot_now();
}

Holder::Holder(std::shared_ptr<ZooKeeperClient> connected)
    : client(std::move(connected)),
      lock({.path = test::unique_path()}, client),
      lease(lock.lock(soon())) {}

void watch_claims(ZooKeeperClient& observer, const Holders& holders) {
  for (const auto& holder : holders) {
    EXPECT_TRUE(observer.get_and_watch(holder->lease.znode(), holder->deleted, soon()))
        << "a claim is not there";
  }
}

void watch_them_end(const Holders& holders, milliseconds session_timeout) {
  const std::int64_t give_up =
      boot_now() + nanoseconds(3 * session_timeout + test::kLongEnough).count();
  const auto is_over = [&](const std::unique_ptr<Holder>& holder) {
    if (holder->ended == 0 && !holder->lease.valid()) holder->ended = boot_now();
    const std::int64_t deleted = holder->deleted->at();
    const bool is_late = boot_now() > deleted + nanoseconds(kPatience).count();
    return deleted != 0 && (holder->ended != 0 || is_late);
  };
  // All of them each time: none is left out because one before it is not over.
  const auto count = static_cast<std::ptrdiff_t>(holders.size());
  while (std::count_if(holders.begin(), holders.end(), is_over) != count && boot_now() < give_up) {
    std::this_thread::sleep_for(1ms);
  }
}

nanoseconds smallest_margin(const Holders& holders, std::int64_t broken) {
  nanoseconds smallest = nanoseconds::max();
  for (const auto& holder : holders) {
    const std::int64_t deleted = holder->deleted->at();
    EXPECT_NE(deleted, 0) << "a claim was not deleted";
    const std::int64_t ended = holder->ended;
    const nanoseconds margin = ended != 0 ? nanoseconds(deleted - ended) : -kPatience;
    EXPECT_GT(margin, 0ns) << "the claim was deleted " << nanoseconds(deleted - broken) / 1ms
                           << " ms after the break, and "
                           << (ended != 0 ? "the lease ended after that" : "the lease stayed");
    smallest = std::min(smallest, margin);
  }
  return smallest;
}

void print_margin(milliseconds session_timeout, const Holders& holders, nanoseconds margin) {
  std::printf("T %lld ms: smallest margin of %zu holders %lld ms\n",
              static_cast<long long>(session_timeout.count()), holders.size(),
              static_cast<long long>(margin / 1ms));
}

}  // namespace zklock::chaos
