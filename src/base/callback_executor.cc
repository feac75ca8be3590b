#include <zklock/callback_executor.h>

namespace zklock {

CallbackExecutor::~CallbackExecutor() = default;

}  // namespace zklock
