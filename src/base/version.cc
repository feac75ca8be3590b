#include <zklock/version.h>

#define ZKLOCK_TEXT_OF(number) #number
#define ZKLOCK_VERSION_TEXT(major, minor, patch) \
  ZKLOCK_TEXT_OF(major) "." ZKLOCK_TEXT_OF(minor) "." ZKLOCK_TEXT_OF(patch)

namespace zklock {

const char* version() noexcept {
  return ZKLOCK_VERSION_TEXT(ZKLOCK_VERSION_MAJOR, ZKLOCK_VERSION_MINOR, ZKLOCK_VERSION_PATCH);
}

}  // namespace zklock
