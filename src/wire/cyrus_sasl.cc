#include "wire/cyrus_sasl.h"

#include <mutex>
#include <new>
#include <string_view>

// Declared here, since nothing else of Cyrus SASL is needed to build this library. They are missing
// if libzookeeper_mt was built without it.
extern "C" {
using SaslMutexAlloc = void*();
using SaslMutexUse = int(void* mutex);
using SaslMutexFree = void(void* mutex);
void sasl_set_mutex(SaslMutexAlloc* alloc, SaslMutexUse* lock, SaslMutexUse* unlock,
                    SaslMutexFree* free) __attribute__((weak));
int sasl_client_init(const void* callbacks) __attribute__((weak));
const char** sasl_global_listmech() __attribute__((weak));
}

namespace zklock::internal {

namespace {

bool knows_mechanism() {
  const char** const known = sasl_global_listmech();
  for (const char** name = known; name != nullptr && *name != nullptr; ++name) {
    if (std::string_view(*name) == kSaslMechanism) return true;
  }
  return false;
}

std::mutex& mutex_of(void* mutex) { return *static_cast<std::mutex*>(mutex); }

bool begin() {
  // Without these it has no mutexes, but the handles' threads share what it remembers of servers.
  // It does nothing if the application has initialized it already.
  sasl_set_mutex([]() -> void* { return new (std::nothrow) std::mutex; },
                 [](void* mutex) {
                   mutex_of(mutex).lock();
                   return kSaslOk;
                 },
                 [](void* mutex) {
                   mutex_of(mutex).unlock();
                   return kSaslOk;
                 },
                 [](void* mutex) { delete static_cast<std::mutex*>(mutex); });
  return sasl_client_init(nullptr) == kSaslOk && knows_mechanism();
}

}  // namespace

bool has_cyrus_sasl() noexcept {
  return sasl_set_mutex != nullptr && sasl_client_init != nullptr &&
         sasl_global_listmech != nullptr;
}

bool cyrus_sasl_is_ready() {
  static const bool is_ready = begin();
  return is_ready;
}

}  // namespace zklock::internal
