#include "base/stops_by_margin.h"

namespace zklock::internal {

std::stop_token stopped_token() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

StopsByMargin::Found StopsByMargin::at(std::chrono::milliseconds margin) {
  auto place = stops_.begin();
  while (place != stops_.end() && place->margin < margin) ++place;
  if (place != stops_.end() && place->margin == margin) return {place->source.get_token(), false};
  return {stops_.insert(place, Stop{margin})->source.get_token(), true};
}

bool StopsByMargin::keep(const std::stop_token& token, const std::shared_ptr<void>& kept) {
  for (Stop& stop : stops_) {
    if (stop.source.get_token() != token) continue;
    stop.kept = kept;
    return true;
  }
  return false;
}

std::list<StopsByMargin::Stop> StopsByMargin::take(std::chrono::nanoseconds left) noexcept {
  auto first = stops_.begin();
  while (first != stops_.end() && first->margin < left) ++first;
  std::list<Stop> due;
  due.splice(due.begin(), stops_, first, stops_.end());
  return due;
}

std::chrono::milliseconds StopsByMargin::largest() const noexcept {
  return stops_.empty() ? std::chrono::milliseconds(0) : stops_.back().margin;
}

}  // namespace zklock::internal
