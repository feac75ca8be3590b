// cyrus_sasl.h: the Cyrus SASL that libzookeeper_mt is linked with, if it is.
#ifndef ZKLOCK_SRC_WIRE_CYRUS_SASL_H_
#define ZKLOCK_SRC_WIRE_CYRUS_SASL_H_

namespace zklock::internal {

/// The only one that ZooKeeper's servers have for passwords.
constexpr const char* kSaslMechanism = "DIGEST-MD5";

/// What its functions and callbacks return if all is well: SASL_OK of sasl/sasl.h.
constexpr int kSaslOk = 0;

/// Whether this process has it.
[[nodiscard]] bool has_cyrus_sasl() noexcept;

/// Initializes it, once for the process, and returns whether it has the mechanism. It counts its
/// users, so the application may use it too. But what is given to it at the beginning, such as
/// callbacks of its own, the application has to give it before. REQUIRES: this process has it.
[[nodiscard]] bool cyrus_sasl_is_ready();

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_CYRUS_SASL_H_
