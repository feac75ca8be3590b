#include "journal_checker.h"

#include <zklock/error.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace zklock::chaos {
namespace {

using std::chrono::nanoseconds;
using Kind = Violation::Kind;

/// What was healed no earlier than so long before something went wrong may be why.
constexpr std::int64_t kAftermath = 5'000'000'000;

/// One lease, as its holder saw it. Of events that repeat: the first one, unless it says otherwise.
struct Grant {
  Event granted;
  std::optional<Event> last_valid{};
  std::optional<Event> invalid{};
  std::optional<Event> lost{};
  std::optional<Event> refused{};
  std::optional<Event> valid_after_refusal{};
  std::optional<Event> valid_after_loss{};
};

struct Call {
  Event begun;
  std::optional<Event> ended{};
};

struct Interval {
  std::int64_t begun;
  std::int64_t ended;
};

std::int64_t overlap(const Interval& a, const Interval& b) {
  return std::max<std::int64_t>(0, std::min(a.ended, b.ended) - std::max(a.begun, b.begun));
}

std::string process_of(const std::string& who) { return who.substr(0, who.find('.')); }

std::string in_seconds(std::int64_t time) {
  const std::string milliseconds = std::to_string(time / 1'000'000 % 1'000);
  return std::to_string(time / 1'000'000'000) + "." + std::string(3 - milliseconds.size(), '0') +
         milliseconds + " s";
}

/// The events, put together to leases and calls.
class History {
 public:
  explicit History(const std::vector<Event>& events) {
    for (const Event& event : events) add(event);
    if (is_fault_open_) faults_.back().ended = events.back().at;
    for (const Grant& grant : grants_) add_hold(grant);
  }

  /// In the order in which they were granted, and called.
  [[nodiscard]] const std::vector<Grant>& grants() const { return grants_; }
  [[nodiscard]] const std::vector<Call>& calls() const { return calls_; }
  [[nodiscard]] const std::vector<Interval>& faults() const { return faults_; }

  [[nodiscard]] bool was_killed(const Event& event) const {
    return killed_.contains(process_of(event.who));
  }

  /// How long after it should have the call returned; 0 if it had no deadline.
  [[nodiscard]] nanoseconds overstay(const Call& call) const {
    if (!call.ended || call.begun.until == 0) return {};
    std::int64_t due = std::max(call.begun.at, call.begun.until);
    for (const Event& thawed : thawed_) {
      const bool is_meanwhile = thawed.at >= call.begun.at && thawed.at <= call.ended->at;
      if (is_meanwhile && thawed.who == process_of(call.begun.who)) due = std::max(due, thawed.at);
    }
    return nanoseconds(std::max<std::int64_t>(0, call.ended->at - due));
  }

  /// For how long the call has waited while nobody had a valid lease of its path.
  [[nodiscard]] nanoseconds wait_in_vain(const Call& call) const {
    if (!call.ended) return {};
    const Interval wait{call.begun.at, call.ended->at};
    std::int64_t time = wait.ended - wait.begun;
    const auto found = held_.find(call.begun.path);
    if (found == held_.end()) return nanoseconds(time);
    const std::vector<Interval>& held = found->second;
    auto hold = std::partition_point(held.begin(), held.end(), [&](const Interval& interval) {
      return interval.ended <= wait.begun;
    });
    for (; hold != held.end() && hold->begun < wait.ended; ++hold) time -= overlap(*hold, wait);
    return nanoseconds(time);
  }

  /// By time, and with what the driver did around them, and to those who they are about.
  [[nodiscard]] std::vector<Event> evidence(
      std::initializer_list<std::optional<Event>> events) const {
    std::vector<Event> result;
    std::set<std::string> who{"driver"};
    for (const auto& event : events) {
      if (!event) continue;
      result.push_back(*event);
      who.insert(process_of(event->who));
    }
    const auto by_time = [](const Event& a, const Event& b) { return a.at < b.at; };
    const auto [first, last] = std::minmax_element(result.begin(), result.end(), by_time);
    const Interval window{first->at - kAftermath, last->at};
    for (const Event& event : driver_events_) {
      const bool is_near = event.at >= window.begun && event.at <= window.ended;
      if (is_near && who.contains(event.who)) result.push_back(event);
    }
    std::stable_sort(result.begin(), result.end(), by_time);
    return result;
  }

 private:
  using GrantKey = std::tuple<std::string, std::string, std::int64_t>;  // who, path, token

  void add(const Event& event) {
    switch (event.kind) {
      case Event::Kind::begun:
        open_calls_[event.who] = calls_.size();
        calls_.push_back({event});
        break;
      case Event::Kind::ended:
        if (const auto open = open_calls_.find(event.who); open != open_calls_.end()) {
          calls_[open->second].ended = event;
        }
        break;
      case Event::Kind::granted:
        grants_by_key_[{event.who, event.path, event.token}] = grants_.size();
        grants_.push_back({event});
        break;
      case Event::Kind::valid:
      case Event::Kind::invalid:
      case Event::Kind::lost:
      case Event::Kind::refused:
        add_to_grant(event);
        break;
      case Event::Kind::suspended:
      case Event::Kind::resumed:
      case Event::Kind::stood:
      case Event::Kind::written:
      case Event::Kind::busy:
      case Event::Kind::committed:
      case Event::Kind::not_committed:
      case Event::Kind::in_doubt:
        break;
      case Event::Kind::fault:
      case Event::Kind::healed:
      case Event::Kind::frozen:
      case Event::Kind::thawed:
      case Event::Kind::killed:
        add_of_driver(event);
        break;
    }
  }

  void add_to_grant(const Event& event) {
    const auto found = grants_by_key_.find({event.who, event.path, event.token});
    if (found == grants_by_key_.end()) return;
    Grant& grant = grants_[found->second];
    const auto keep_first = [&](std::optional<Event>& first) {
      if (!first) first = event;
    };
    if (event.kind == Event::Kind::invalid) keep_first(grant.invalid);
    if (event.kind == Event::Kind::lost) keep_first(grant.lost);
    if (event.kind == Event::Kind::refused) keep_first(grant.refused);
    if (event.kind != Event::Kind::valid) return;
    grant.last_valid = event;
    if (grant.invalid || grant.lost) keep_first(grant.valid_after_loss);
    if (grant.refused) keep_first(grant.valid_after_refusal);
  }

  void add_of_driver(const Event& event) {
    driver_events_.push_back(event);
    if (event.kind == Event::Kind::killed) killed_.insert(event.who);
    if (event.kind == Event::Kind::thawed) thawed_.push_back(event);
    if (event.kind == Event::Kind::fault) faults_.push_back({event.at, event.at});
    if (event.kind == Event::Kind::healed && is_fault_open_) faults_.back().ended = event.at;
    if (event.kind == Event::Kind::fault) is_fault_open_ = true;
    if (event.kind == Event::Kind::healed) is_fault_open_ = false;
  }

  /// REQUIRES: in the order of granting.
  void add_hold(const Grant& grant) {
    if (!grant.last_valid) return;
    std::vector<Interval>& held = held_[grant.granted.path];
    const Interval hold{grant.granted.at, grant.last_valid->at};
    if (held.empty() || held.back().ended < hold.begun) {
      held.push_back(hold);
    } else {
      held.back().ended = std::max(held.back().ended, hold.ended);
    }
  }

  std::vector<Grant> grants_;
  std::map<std::string, std::vector<Interval>> held_;  // by path: when somebody had a valid lease
  std::vector<Call> calls_;
  std::map<GrantKey, std::size_t> grants_by_key_;
  std::map<std::string, std::size_t> open_calls_;  // by who: the last one
  std::vector<Event> driver_events_;
  std::vector<Interval> faults_;
  bool is_fault_open_ = false;
  std::vector<Event> thawed_;
  std::set<std::string> killed_;  // processes
};

std::string described(const Grant& grant) {
  return grant.granted.who + "'s lease with token " + std::to_string(grant.granted.token);
}

/// Exclusion and order: lease against lease.
void check_against_each_other(const History& history, std::vector<Violation>& violations) {
  struct Earlier {
    const Grant* valid_longest = nullptr;
    bool is_reported = false;  // that one: many others may follow it
    const Grant* largest_token = nullptr;
  };
  std::map<std::string, Earlier> by_path;
  for (const Grant& grant : history.grants()) {
    auto& [longest, is_reported, largest] = by_path[grant.granted.path];
    // One that was never valid may have been granted while its process was frozen.
    if (grant.last_valid) {
      if (longest != nullptr && grant.granted.at < longest->last_valid->at && !is_reported) {
        is_reported = true;
        violations.push_back(
            {Kind::two_valid,
             described(*longest) + " and " + described(grant) + " overlap by " +
                 in_seconds(std::min(longest->last_valid->at, grant.last_valid->at) -
                            grant.granted.at),
             history.evidence({longest->granted, longest->last_valid, longest->invalid,
                               longest->lost, grant.granted, grant.last_valid})});
      }
      if (largest != nullptr && grant.granted.token <= largest->granted.token) {
        violations.push_back({Kind::out_of_order,
                              described(grant) + " was granted after " + described(*largest),
                              history.evidence({largest->granted, grant.granted})});
      }
      if (longest == nullptr || grant.last_valid->at > longest->last_valid->at) {
        longest = &grant;
        is_reported = false;
      }
    }
    if (largest == nullptr || grant.granted.token > largest->granted.token) largest = &grant;
  }
}

/// Each lease for itself.
void check_grant(const History& history, const Grant& grant, std::vector<Violation>& violations) {
  const auto add = [&](Kind kind, const std::string& what, const std::optional<Event>& event) {
    violations.push_back(
        {kind, described(grant) + what,
         history.evidence({grant.granted, grant.invalid, grant.lost, grant.refused, event})});
  };
  if (grant.valid_after_refusal) {
    add(Kind::valid_and_fenced, " was valid after the register had refused it",
        grant.valid_after_refusal);
  }
  if (grant.valid_after_loss) {
    add(Kind::valid_again, " was valid after it had been lost", grant.valid_after_loss);
  }
  if (grant.invalid && !grant.lost && !history.was_killed(grant.granted)) {
    add(Kind::loss_not_told, " ended, and nobody was told", grant.invalid);
  }
}

bool is_expected(const std::string& call, std::error_code error) {
  if (!error) return true;
  const bool is_outage = error == Errc::no_server_answered;
  if (call == "lock") {
    return is_outage || error == Errc::locking_timed_out || error == Errc::locking_canceled;
  }
  if (error == Errc::lock_lost) return true;
  if (call == "unlock") return error == Errc::unlocking_failed;
  if (call == "commit") {
    return is_outage || error == Errc::write_failed || error == Errc::write_in_doubt;
  }
  return is_outage || error == Errc::locking_failed;
}

/// How long a call without a deadline may have to wait while nobody holds the lock.
nanoseconds allowance(const History& history, const Call& call, const CheckerOptions& options) {
  nanoseconds result = options.session_timeout + options.patience;
  for (const Interval& fault : history.faults()) {
    const std::int64_t meanwhile = overlap(fault, {call.begun.at, call.ended->at});
    if (meanwhile > 0) result += nanoseconds(meanwhile) + options.session_timeout;
  }
  return result;
}

void check_call(const History& history, const Call& call, const CheckerOptions& options,
                std::vector<Violation>& violations) {
  const std::string name = call.begun.who + "'s " + call.begun.detail;
  const auto add = [&](Kind kind, const std::string& what) {
    violations.push_back({kind, name + what, history.evidence({call.begun, call.ended})});
  };
  if (!call.ended) {
    if (!history.was_killed(call.begun)) add(Kind::stuck, " never returned");
    return;
  }
  const nanoseconds late = history.overstay(call);
  if (late > options.overstay) {
    add(Kind::overstayed, " returned " + in_seconds(late.count()) + " late");
  }
  const nanoseconds waited = history.wait_in_vain(call);
  if (call.begun.until == 0 && waited > allowance(history, call, options)) {
    add(Kind::stuck, " waited for " + in_seconds(waited.count()) + " while nobody held the lock");
  }
  const std::error_code error(call.ended->error, lock_category());
  if (!is_expected(call.begun.detail, error)) add(Kind::unexpected_error, ": " + error.message());
}

}  // namespace

std::string name_of(Violation::Kind kind) {
  static constexpr std::array<std::string_view, 11> kNames{
      "two valid leases at once",
      "a valid lease with a token that is out of date",
      "a grant out of order",
      "a lease that was lost, and valid again",
      "a loss that was not told",
      "a call that overstayed",
      "a call that is stuck",
      "an error that nothing explains",
      "a claim that was left behind",
      "a guarded write of an earlier grant after one of a later",
      "a false report of a guarded write"};
  return std::string(kNames.at(static_cast<std::size_t>(kind)));
}

std::vector<Violation> check(const std::vector<Event>& events, const CheckerOptions& options) {
  const History history(events);
  std::vector<Violation> violations;
  check_against_each_other(history, violations);
  for (const Grant& grant : history.grants()) check_grant(history, grant, violations);
  for (const Call& call : history.calls()) check_call(history, call, options, violations);
  return violations;
}

Summary summarize(const std::vector<Event>& events) {
  const History history(events);
  Summary summary;
  summary.grants = history.grants().size();
  for (const Grant& grant : history.grants()) {
    if (grant.lost) ++summary.losses[grant.lost->detail];
  }
  for (const Call& call : history.calls()) {
    if (!call.ended) continue;
    summary.worst_overstay = std::max(summary.worst_overstay, history.overstay(call));
    const std::error_code error(call.ended->error, lock_category());
    if (error) ++summary.failures[call.begun.detail + ": " + error.message()];
    summary.worst_wait_in_vain = std::max(summary.worst_wait_in_vain, history.wait_in_vain(call));
    if (!error && call.begun.detail == "lock") {
      summary.worst_wait =
          std::max(summary.worst_wait, nanoseconds(call.ended->at - call.begun.at));
    }
  }
  for (const Event& event : events) {
    if (event.kind == Event::Kind::fault) ++summary.faults[event.detail];
    if (event.kind == Event::Kind::suspended) ++summary.suspensions;
    if (event.kind == Event::Kind::resumed) ++summary.resumptions;
    if (event.kind == Event::Kind::stood) ++summary.losses_in_vain;
    if (event.kind == Event::Kind::written) ++summary.writes;
    if (event.kind == Event::Kind::refused) ++summary.refused_writes;
    if (event.kind == Event::Kind::committed) ++summary.commits;
    if (event.kind == Event::Kind::not_committed) ++summary.commits_not_done;
    if (event.kind == Event::Kind::in_doubt) ++summary.commits_in_doubt;
  }
  return summary;
}

}  // namespace zklock::chaos
