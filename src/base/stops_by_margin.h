// stops_by_margin.h: stop sources for those who want to know some time before an end.
#ifndef ZKLOCK_SRC_BASE_STOPS_BY_MARGIN_H_
#define ZKLOCK_SRC_BASE_STOPS_BY_MARGIN_H_

#include <chrono>
#include <list>
#include <memory>
#include <stop_token>
#include <utility>

namespace zklock::internal {

/// A token on which stop has been requested.
[[nodiscard]] std::stop_token stopped_token();

/// One source for each margin, however many tokens it has. So there is one time to look at: that of
/// the largest margin. Thread safety: none.
class StopsByMargin {
 public:
  struct Stop {
    std::chrono::milliseconds margin;
    std::stop_source source{};
    std::shared_ptr<void> kept{};  // lives as long as the stop is awaited
  };
  struct Found {
    std::stop_token token{};
    bool is_new = false;
  };

  /// The token for this margin.
  [[nodiscard]] Found at(std::chrono::milliseconds margin);
  /// Keeps `kept` with the source of this token. Returns false if that has been taken.
  [[nodiscard]] bool keep(const std::stop_token& token, const std::shared_ptr<void>& kept);
  /// Removes those that are due when so much is left: their margin is not smaller. The caller
  /// requests stop on them, with no mutex held.
  [[nodiscard]] std::list<Stop> take(std::chrono::nanoseconds left) noexcept;
  [[nodiscard]] std::list<Stop> take_all() noexcept { return std::move(stops_); }
  /// How long before the end the next source is due; 0: there is none.
  [[nodiscard]] std::chrono::milliseconds largest() const noexcept;

 private:
  std::list<Stop> stops_;  // by margin, the largest one last
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_STOPS_BY_MARGIN_H_
