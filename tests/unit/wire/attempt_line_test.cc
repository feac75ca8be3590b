// What log lines of libzookeeper say about attempts to connect, and how that is put into words.
#include "wire/attempt_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "wire/connect_attempts.h"

namespace zklock::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = AttemptLine::Kind;

const std::string kStart = "2026-11-23 11:41:02,123:4242(0x7f00dead0000):ZOO_ERROR@";

std::string failed(const std::string& server, int error, const std::string& text, int code = -4) {
  return kStart + "handle_socket_error_msg@2288: Socket " + server +
         " zk retcode=" + std::to_string(code) + ", errno=" + std::to_string(error) +
         "(whatever it means): " + text;
}
std::string refused(const std::string& server) {
  return failed(server, ECONNREFUSED, "server refused to accept the client");
}
std::string hung_up(const std::string& server) {
  return failed(server, EHOSTDOWN, "failed while receiving a server response");
}
std::string timed_out(const std::string& server) {
  return failed(server, ETIMEDOUT,
                "connection to " + server + " timed out (exceeded timeout by 0ms)", -7);
}
std::string accepted(const std::string& server) {
  return kStart + "check_events@2992: initiated connection to server " + server;
}

TEST(AttemptLineTest, KnowsWhatCyrusSaslSays) {
  for (const std::string text : {"During SASL negotiation: ", "Starting SASL negotiation: "}) {
    const std::string line = kStart + "zoo_sasl_client_step@345: " + text + "generic failure";
    const AttemptLine attempt = parse_attempt_line(line);
    EXPECT_EQ(attempt.kind, Kind::refused);
    EXPECT_EQ(attempt.why, "generic failure");
  }
}

TEST(AttemptLineTest, KnowsALoginThatFailsOnThisSide) {
  const std::string line = kStart + "_zsasl_fail@148: SASL authentication failed. rc=-1";
  EXPECT_EQ(parse_attempt_line(line).kind, Kind::broken);
}

TEST(AttemptLineTest, NamesTheServerAndTheErrorOfAFailure) {
  const std::string line = refused("127.0.0.1:2181");
  const AttemptLine parsed = parse_attempt_line(line);
  EXPECT_EQ(parsed.kind, Kind::failed);
  EXPECT_EQ(parsed.server, "127.0.0.1:2181");
  EXPECT_EQ(parsed.error, ECONNREFUSED);
}

TEST(AttemptLineTest, KnowsBothFormsOfAServer) {
  EXPECT_EQ(parse_attempt_line(refused("[127.0.0.1:2181]")).server, "127.0.0.1:2181");
  EXPECT_EQ(parse_attempt_line(refused("[::1]:2181")).server, "[::1]:2181");
}

TEST(AttemptLineTest, KnowsAConnectionThatIsAccepted) {
  EXPECT_EQ(parse_attempt_line(accepted("127.0.0.1:2181")).kind, Kind::accepted);
  EXPECT_EQ(parse_attempt_line(accepted("127.0.0.1:2181")).server, "127.0.0.1:2181");
}

TEST(AttemptLineTest, KnowsThatTheThreadWasLate) {
  EXPECT_EQ(parse_attempt_line(kStart + "zookeeper_interest@2496: Exceeded deadline by 834ms").kind,
            Kind::late);
}

TEST(AttemptLineTest, KnowsThePauseBetweenAttempts) {
  EXPECT_EQ(parse_attempt_line(kStart + "zookeeper_interest@2561: Delaying connection after "
                                        "exhaustively trying all servers [127.0.0.1:2181]")
                .kind,
            Kind::pausing);
}

TEST(AttemptLineTest, KnowsAHandshakeOfTlsThatFails) {
  const std::string line = failed("127.0.0.1:2181", EPIPE, "error in ssl connect", -15);
  EXPECT_EQ(parse_attempt_line(line).kind, Kind::failed);
  EXPECT_TRUE(parse_attempt_line(line).is_tls);
  EXPECT_FALSE(parse_attempt_line(hung_up("127.0.0.1:2181")).is_tls);
}

TEST(AttemptLineTest, KnowsAHandleThatIsStuckWithItsFiles) {
  for (const char* text :
       {"Failed to load CA file /ca.pem",
        "Failed to load client certificate chain from /client.pem",
        "Failed to load client private key from /client.key", "SSL_CTX_check_private_key failed"}) {
    EXPECT_EQ(parse_attempt_line(kStart + "init_ssl_for_socket@2787: " + text).kind, Kind::stuck);
  }
}

TEST(AttemptLineTest, OtherLinesAreNoAttempts) {
  for (const std::string& line :
       {std::string(), std::string("Socket"), kStart + "f@1: Socket ",
        kStart + "f@1: Socket [127.0.0.1:2181] zk retcode=, errno=", kStart + "f@1: Socket x",
        kStart + "f@1: Socket x zk retcode=-4, errno=none",
        failed("127.0.0.1:2181", ESTALE, "sessionId=0x1 has expired.", -112)}) {
    EXPECT_EQ(parse_attempt_line(line).kind, Kind::other) << line;
  }
}

class ConnectAttemptsTest : public ::testing::Test {
 protected:
  void note(const std::string& line) { attempts_.note(parse_attempt_line(line)); }

  ConnectAttempts attempts_;
};

TEST_F(ConnectAttemptsTest, KnowsNothingAtFirst) { EXPECT_EQ(attempts_.problem(), ""); }

TEST_F(ConnectAttemptsTest, ARefusedConnectionIsSaidToBe) {
  note(refused("10.0.0.1:2181"));
  EXPECT_EQ(attempts_.problem(), "10.0.0.1:2181: Connection refused");
}

TEST_F(ConnectAttemptsTest, AServerThatHangsUpIsSaidToHaveAcceptedTheConnection) {
  note(accepted("10.0.0.1:2181"));
  EXPECT_THAT(attempts_.problem(), HasSubstr("but did not answer"));
  note(hung_up("10.0.0.1:2181"));
  EXPECT_THAT(attempts_.problem(),
              HasSubstr("10.0.0.1:2181: accepted the connection and closed it"));
  EXPECT_THAT(attempts_.problem(), HasSubstr("maxClientCnxns"));
  EXPECT_THAT(attempts_.problem(), HasSubstr("no quorum"));
  for (const int error : {EPIPE, ECONNRESET}) {
    note(failed("10.0.0.1:2181", error, "failed to send a handshake packet"));
    EXPECT_THAT(attempts_.problem(), HasSubstr("accepted the connection and closed it"));
  }
}

TEST_F(ConnectAttemptsTest, ASilentServerIsToldFromOneThatDoesNotAccept) {
  note(timed_out("10.0.0.1:2181"));
  EXPECT_EQ(attempts_.problem(), "10.0.0.1:2181: Connection timed out");
  note(accepted("10.0.0.1:2181"));
  note(timed_out("10.0.0.1:2181"));
  EXPECT_EQ(attempts_.problem(), "10.0.0.1:2181: accepted the connection, but did not answer");
}

TEST_F(ConnectAttemptsTest, AProxyThatResetsAtOnceHasHungUp) {
  note(failed("10.0.0.1:2181", ECONNRESET, "server refused to accept the client"));
  EXPECT_THAT(attempts_.problem(), HasSubstr("accepted the connection and closed it"));
}

TEST_F(ConnectAttemptsTest, ItIsSaidThatTlsFailedAndWhatOpensslSays) {
  const std::string line = failed("10.0.0.1:2181", EPIPE, "error in ssl connect", -15);
  AttemptLine attempt = parse_attempt_line(line);
  attempts_.note(attempt);
  EXPECT_EQ(attempts_.problem(), "10.0.0.1:2181: no TLS handshake: it failed");
  attempt.tls_error = "certificate verify failed";
  attempts_.note(attempt);
  EXPECT_EQ(attempts_.problem(), "10.0.0.1:2181: no TLS handshake: certificate verify failed");
  attempt.error = ETIMEDOUT;
  attempts_.note(attempt);
  EXPECT_EQ(attempts_.problem(),
            "10.0.0.1:2181: accepted the connection, but did not answer: no TLS handshake");
}

TEST_F(ConnectAttemptsTest, EachServerHasItsOwnOutcome) {
  note(refused("10.0.0.1:2181"));
  note(timed_out("10.0.0.3:2181"));
  note(refused("10.0.0.1:2181"));
  note(refused("10.0.0.2:2181"));
  EXPECT_EQ(attempts_.problem(),
            "10.0.0.1:2181: Connection refused; 10.0.0.3:2181: Connection timed out; "
            "10.0.0.2:2181: Connection refused");
}

TEST_F(ConnectAttemptsTest, ManyServersAreCut) {
  for (int server = 10; server < 30; ++server) note(refused(std::to_string(server) + ":1"));
  EXPECT_THAT(attempts_.problem(), HasSubstr("18:1"));
  EXPECT_THAT(attempts_.problem(), Not(HasSubstr("19:1")));
}

TEST_F(ConnectAttemptsTest, ASessionEndsThem) {
  note(refused("10.0.0.1:2181"));
  attempts_.forget();
  EXPECT_EQ(attempts_.problem(), "");
}

}  // namespace
}  // namespace zklock::internal
