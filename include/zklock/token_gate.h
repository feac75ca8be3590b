// zklock/token_gate.h: the other end of the fencing token: a resource refuses holders that were
// overtaken. Needs neither ZooKeeper nor the library: this header is all of it.
//
//     zklock::TokenGate gate;                               // in the service that owns the data
//     if (!gate.admit("/accounts/7", request.token)) return refused;
//     store.write(request.value);
//
// A database can compare tokens itself, in the transaction of the write: examples/leases.md.
#ifndef ZKLOCK_TOKEN_GATE_H_
#define ZKLOCK_TOKEN_GATE_H_

#include <zklock/export.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace zklock {

/// Remembers the largest token of each resource, and refuses smaller ones.
///
/// A write must be over before a later token is admitted. So admit and write on one thread, or
/// under one mutex. To keep what it knows over a restart, store `largest` together with the write.
///
/// Thread safety: all members may be called from many threads at once.
class TokenGate {
 public:
  /// Tokens by resource.
  using Tokens = std::map<std::string, std::int64_t, std::less<>>;

  TokenGate() = default;
  /// Continues with what `largest()` has returned before.
  explicit TokenGate(Tokens stored) : tokens_(std::move(stored)) {}
  TokenGate(const TokenGate&) = delete;
  TokenGate& operator=(const TokenGate&) = delete;
  ~TokenGate() = default;

  /// Whether a holder with this Lease::fencing_token may write: no larger token was admitted for
  /// this resource. The same token is admitted again, as a holder may write more than once. A token
  /// of 0 or less is refused: it is an empty lease's.
  [[nodiscard]] bool admit(std::string_view resource, std::int64_t token) {
    if (token <= 0) return false;
    const std::scoped_lock lock(mutex_);
    const auto known = tokens_.find(resource);
    if (known == tokens_.end()) {
      tokens_.emplace(resource, token);
      return true;
    }
    if (token < known->second) return false;
    known->second = token;
    return true;
  }

  /// The largest token that was admitted for this resource, 0 if there was none.
  [[nodiscard]] std::int64_t largest(std::string_view resource) const {
    const std::scoped_lock lock(mutex_);
    const auto known = tokens_.find(resource);
    return known == tokens_.end() ? 0 : known->second;
  }
  /// The same for all resources: what to store.
  [[nodiscard]] Tokens largest() const {
    const std::scoped_lock lock(mutex_);
    return tokens_;
  }

 private:
  mutable std::mutex mutex_;
  Tokens tokens_;  // guarded by mutex_
};

/// Continues the tokens of an ensemble that was replaced, as a new ensemble begins again with small
/// ones. It is a setting of the lock's holders, next to the address of the ensemble:
///
///     const zklock::TokenBase base(0x1700000000);  // the last zxid of the ensemble before
///     store.write(value, base.token(lease.fencing_token()));
///
/// A holder of the old ensemble that wakes up late still has the old base, so its token is smaller.
/// A base that the resource adds would not refuse it.
class TokenBase {
 public:
  /// `last`: no token of the ensembles before is larger. 0: there were none. Negative:
  /// std::invalid_argument.
  explicit TokenBase(std::int64_t last = 0) : last_(last) {
    if (last < 0) throw std::invalid_argument("zklock::TokenBase: a token is not negative");
  }

  /// What to send in place of this Lease::fencing_token. 0 stays 0. Too large for 64 bits:
  /// std::overflow_error.
  [[nodiscard]] std::int64_t token(std::int64_t fencing_token) const {
    if (fencing_token <= 0) return 0;
    if (fencing_token > std::numeric_limits<std::int64_t>::max() - last_) {
      throw std::overflow_error("zklock::TokenBase: the token does not fit in 64 bits");
    }
    return last_ + fencing_token;
  }

 private:
  std::int64_t last_;
};

}  // namespace zklock

#endif  // ZKLOCK_TOKEN_GATE_H_
