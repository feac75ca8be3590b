// line_callback.h: C functions that tell their callers apart. libzookeeper passes log lines to a
// function without a context, so each handle gets another function.
#ifndef ZKLOCK_SRC_WIRE_LINE_CALLBACK_H_
#define ZKLOCK_SRC_WIRE_LINE_CALLBACK_H_

#include <cstddef>
#include <memory>
#include <string_view>

namespace zklock::internal {

class LineReceiver {
 public:
  virtual ~LineReceiver() = default;
  /// Called by any thread of libzookeeper; must not block. Exceptions are dropped.
  virtual void take(std::string_view line) = 0;
};

/// During its lifetime, the lines that its function is called with go to a receiver. There are 32
/// functions. If there are more callbacks, some share one, and their receivers get each other's
/// lines.
///
/// Thread safety: all functions may be called from any thread.
class LineCallback {
 public:
  using Function = void (*)(const char* line);

  explicit LineCallback(std::shared_ptr<LineReceiver> receiver);
  ~LineCallback();
  LineCallback(const LineCallback&) = delete;
  LineCallback& operator=(const LineCallback&) = delete;

  [[nodiscard]] Function function() const noexcept;
  /// Whether there may be lines for another receiver among those of this one now.
  [[nodiscard]] bool is_shared() const;

 private:
  const std::shared_ptr<LineReceiver> receiver_;
  const std::size_t slot_;  // the number of its function
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_LINE_CALLBACK_H_
