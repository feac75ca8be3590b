// objects_by_type.h: at most one object of each type.
#ifndef ZKLOCK_SRC_BASE_OBJECTS_BY_TYPE_H_
#define ZKLOCK_SRC_BASE_OBJECTS_BY_TYPE_H_

#include <map>
#include <memory>
#include <typeindex>

#include "base/mutex.h"

namespace zklock::internal {

/// REQUIRES: no other type of the library has the same name, not even in another file's unnamed
/// namespace: some compilers take them for one.
///
/// Thread safety: all functions may be called from any thread.
class ObjectsByType {
 public:
  /// The object of that type. The first call creates it.
  template <class T>
  [[nodiscard]] std::shared_ptr<T> get() {
    const MutexLock lock(mutex_);
    std::shared_ptr<void>& object = objects_[typeid(T)];
    if (!object) object = std::make_shared<T>();
    return std::static_pointer_cast<T>(object);
  }

 private:
  Mutex mutex_;
  std::map<std::type_index, std::shared_ptr<void>> objects_ ZKLOCK_GUARDED_BY(mutex_);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_OBJECTS_BY_TYPE_H_
