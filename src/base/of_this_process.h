// of_this_process.h: objects that a forked child leaves alone.
#ifndef ZKLOCK_SRC_BASE_OF_THIS_PROCESS_H_
#define ZKLOCK_SRC_BASE_OF_THIS_PROCESS_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "base/platform.h"

namespace zklock::internal {

/// Destroys and frees nothing in a child that was forked since.
template <class T>
struct AllocatorOfThisProcess {
  using value_type = T;

  AllocatorOfThisProcess() = default;
  template <class U>
  // NOLINTNEXTLINE(google-explicit-constructor): allocators convert
  AllocatorOfThisProcess(const AllocatorOfThisProcess<U>& other) noexcept : forks(other.forks) {}

  [[nodiscard]] T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) noexcept {
    if (fork_count() == forks) std::allocator<T>().deallocate(memory, count);
  }
  template <class U>
  void destroy(U* object) noexcept {
    if (fork_count() == forks) object->~U();
  }

  friend bool operator==(const AllocatorOfThisProcess&, const AllocatorOfThisProcess&) = default;

  int forks = fork_count();
};

/// As std::make_shared. But in a child that was forked since, dropping the last owner does nothing:
/// the destructor might wait for a thread of the parent's, which held a mutex or a stop state when
/// the process was forked.
template <class T, class... Arguments>
[[nodiscard]] std::shared_ptr<T> make_of_this_process(Arguments&&... arguments) {
  return std::allocate_shared<T>(AllocatorOfThisProcess<T>(),
                                 std::forward<Arguments>(arguments)...);
}

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_OF_THIS_PROCESS_H_
