// pods.h: servers that are replaced, and then have other addresses.
#ifndef ZKLOCK_TESTS_CHAOS_PODS_H_
#define ZKLOCK_TESTS_CHAOS_PODS_H_

#include <cstdint>
#include <filesystem>
#include <list>
#include <string>

#include "support/silent_host.h"
#include "support/zookeeper_ensemble.h"
#include "wire/resolver.h"

namespace zklock::chaos {

/// The servers of an ensemble have names, "zookeeper-0" and so on. Where they lead is in a file,
/// for clients in other processes.
class Pods {
 public:
  Pods(test::ZooKeeperEnsemble& ensemble, std::filesystem::path hosts);

  /// For clients that look names up in the file.
  [[nodiscard]] std::string address() const;

  enum class OldAddress { refuses, is_silent };

  /// Kills the server, and starts it with another address. Does not wait until it serves.
  void replace(int server, OldAddress old);

 private:
  void write() const;

  test::ZooKeeperEnsemble& ensemble_;
  const std::filesystem::path hosts_;
  std::list<test::SilentHost> silent_;
  std::uint8_t moves_ = 0;
};

/// Where `name` leads, by that file. As internal::look_up.
[[nodiscard]] internal::HostAddresses look_up(const std::filesystem::path& hosts,
                                              const std::string& name);

}  // namespace zklock::chaos

#endif  // ZKLOCK_TESTS_CHAOS_PODS_H_
