#include "wire/open_handle.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <functional>
#include <system_error>

#include "base/platform.h"
#include "wire/close_on_exec.h"
#include "wire/cyrus_sasl.h"
#include "wire/libzookeeper_wire.h"

// libzookeeper_mt defines and declares it only if it was built with OpenSSL.
extern "C" zhandle_t* zookeeper_init_ssl(const char* host, const char* cert, watcher_fn watcher,
                                         int recv_timeout, const clientid_t* client_id,
                                         void* context, int flags) __attribute__((weak));

#ifndef HAVE_CYRUS_SASL_H  // else zookeeper.h declares them
struct sasl_callback;
using sasl_callback_t = sasl_callback;  // NOLINT(readability-identifier-naming): Cyrus SASL's name
struct zoo_sasl_params {                // NOLINT(readability-identifier-naming): libzookeeper's
  const char* service;
  const char* host;
  const char* mechlist;
  const sasl_callback_t* callbacks;
};
using zoo_sasl_params_t = zoo_sasl_params;  // NOLINT(readability-identifier-naming): the same
#endif

// The same, if it was built with Cyrus SASL.
extern "C" zhandle_t* zookeeper_init_sasl(const char* host, watcher_fn watcher, int recv_timeout,
                                          const clientid_t* client_id, void* context, int flags,
                                          log_callback_fn log, zoo_sasl_params_t* parameters)
    __attribute__((weak));

namespace zklock::internal {

namespace {

/// libzookeeper pauses for a 60th of the session timeout between attempts to connect; for a smaller
/// timeout than this it would not pause. (The servers' minimum is larger in any case.)
constexpr std::chrono::milliseconds kShortestSession{200};

/// For its network, and for its completions. An assertion of libzookeeper ends the process if one
/// of them does not start.
constexpr std::size_t kThreadsOfAHandle = 2;

/// Returns null, with `errno` set, if there are no resources for it.
zhandle_t* init_handle(const HandleOptions& of) {
  clientid_t client_id{};
  if (of.resume != nullptr) {
    client_id.client_id = of.resume->id;
    static_assert(sizeof client_id.passwd == sizeof of.resume->password);
    std::memcpy(client_id.passwd, of.resume->password.data(), sizeof client_id.passwd);
  }
  const clientid_t* const session = of.resume != nullptr ? &client_id : nullptr;
  // To resume, ask for the timeout that the session has: a server that granted less would shorten
  // it before the client knows.
  const std::chrono::milliseconds asked =
      of.resume != nullptr ? of.resume->timeout : of.options.session_timeout;
  const int timeout = static_cast<int>(std::max(asked, kShortestSession).count());
  const char* const servers = of.connection_string.c_str();
  if (of.login != nullptr) {
    // ZooKeeper's servers have these names, whatever their hosts are called.
    zoo_sasl_params_t parameters{
        .service = "zookeeper",
        .host = "zk-sasl-md5",
        .mechlist = kSaslMechanism,
        .callbacks = static_cast<const sasl_callback_t*>(of.login->callbacks())};
    return zookeeper_init_sasl(servers, of.watcher, timeout, session, of.context,
                               ZOO_NO_LOG_CLIENTENV, of.log, &parameters);
  }
  if (!of.options.tls) {
    return zookeeper_init2(servers, of.watcher, timeout, session, of.context, ZOO_NO_LOG_CLIENTENV,
                           of.log);
  }
  const TlsOptions& tls = *of.options.tls;
  // Without a password, a key that is encrypted by the next time would be asked for at the
  // terminal.
  const std::string password = tls.key_password.empty() ? "none" : tls.key_password;
  const std::string files =
      tls.ca_file + "," + tls.certificate_file + "," + tls.key_file + "," + password;
  return zookeeper_init_ssl(servers, files.c_str(), of.watcher, timeout, session, of.context,
                            ZOO_NO_LOG_CLIENTENV);
}

}  // namespace

zhandle_t* open_handle(const HandleOptions& options) {
  struct {
    zhandle_t* handle = nullptr;
    int problem = 0;
  } opened;
  Platform::current().with_spare_threads(kThreadsOfAHandle, [&options, &opened] {
    const HandlePipe pipe;
    errno = 0;
    opened.handle = init_handle(options);
    opened.problem = errno;
  });
  if (opened.handle != nullptr) return opened.handle;
  throw std::system_error(opened.problem, std::generic_category(),
                          "libzookeeper cannot open a handle for " + options.connection_string);
}

bool libzookeeper_has_tls() noexcept { return zookeeper_init_ssl != nullptr; }

bool libzookeeper_has_sasl() noexcept { return zookeeper_init_sasl != nullptr && has_cyrus_sasl(); }

}  // namespace zklock::internal
