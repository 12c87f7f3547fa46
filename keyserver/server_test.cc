// The whole program, from outside: a real process on loopback, real HTTP, real SMTP, and kill -9.
#include "keyserver/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <regex>

#include "core/age/file.h"
#include "core/base/encoding.h"
#include "core/base/time_text.h"
#include "core/crypto/hash.h"
#include "core/opaque/client.h"
#include "keys/test_world.h"
#include "keyserver/key_folder.h"
#include "keyserver/testing/program.h"
#include "keyserver/testing/smtp_sink.h"
#include "net/test_support.h"

namespace bulla::keyserver {
namespace {

namespace json = boost::json;
using keys::test::must;
using test::ApiClient;
using test::ApiReply;

constexpr const char* kToken = "the gateway's token";

std::string organisations(const std::string& name) {
  return "[[organisation]]\nid = \"acme\"\nname = \"" + name +
         "\"\ndomains = [\"acme.example\"]\nsigning_keys = [\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]\n"
         "token_sha256 = \"" +
         hex(crypto::sha256(as_bytes(kToken))) + "\"\n";
}

std::string code_in(const std::string& mail) {
  std::smatch found;
  return std::regex_search(mail, found, std::regex("\\b([0-9]{4}) ?([0-9]{4})\\b")) ? found[1].str() + found[2].str()
                                                                                    : "";
}

// Recipient is somebody's browser, over HTTP.
struct Recipient {
  SystemRandom random;
  std::string password = "correct horse";
  age::X25519Identity identity = must(age::X25519Identity::generate(random));

  Bytes wrapped() { return must(age::seal(identity.text().reveal(), {&identity.recipient()}, random)); }
  std::optional<Bytes> open(const json::value& stanza) {
    const auto parsed = must(age::parse_stanza(std::string(stanza.as_string())));
    const auto share = must(identity.unwrap(std::span(&parsed, 1)));
    return share ? std::optional(to_bytes(share->reveal())) : std::nullopt;
  }
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() { program.start(); }

  static std::string id_text(std::uint8_t a, std::uint8_t b = 0) {
    store::EnvelopeId id{a, b};
    return base64url(id);
  }
  json::object envelope_json(const std::string& id, const std::string& to) {
    const auto server = api.get("/v1/server");
    const auto key =
        must(age::X25519Recipient::parse(std::string(server.body.at("release_key").at("recipient").as_string())));
    const auto holder = "release:" + std::string(server.body.at("release_key").at("id").as_string());
    const json::object sealed{{"to", holder}, {"stanza", must(keys::seal_share(key, share, random))}};
    return {{"id", id},
            {"sender", "ann@acme.example"},
            {"sender_name", "Ann"},
            {"date", "2026-11-24T08:15:00.000Z"},
            {"expires", nullptr},
            {"recipients", json::array{json::object{{"address", to}, {"shares", json::array{sealed}}}}}};
  }
  ApiReply register_envelope(const std::string& id, const std::string& to) {
    return api.post("/v1/envelopes", {{"envelopes", json::array{envelope_json(id, to)}}}, kToken);
  }
  static std::string status_of(const ApiReply& reply) {
    if (reply.status != 200) return "HTTP " + std::to_string(reply.status);
    return std::string(reply.body.at("results").at(0).at("recipients").at(0).at("status").as_string());
  }

  test::SmtpSink sink;
  test::Program program{sink.port(), organisations("Acme Ltd")};
  ApiClient api{program};
  SystemRandom random;
  const ByteArray<16> share{1, 2, 3};
  Recipient bob;
};

// Every step is done twice, with a kill -9 after each: what was answered holds, and what is asked again is answered.
TEST_F(ServerTest, EverythingGoesOnAfterAKillBetweenAllSteps) {
  const auto twice = [&](const std::function<ApiReply()>& step) {
    const auto first = step();
    program.kill_and_restart();
    const auto again = step();
    EXPECT_EQ(again.status, first.status) << first.raw << again.raw;
    program.kill_and_restart();
    return again;
  };
  const auto id = id_text(1);
  const auto envelope = envelope_json(id, "bob@example.org");
  EXPECT_EQ(status_of(twice([&] { return api.post("/v1/envelopes", {{"envelopes", json::array{envelope}}}, kToken); })),
            "registered");

  const auto issued = api.post("/v1/codes", {{"address", "bob@example.org"}});
  ASSERT_EQ(issued.status, 202u);
  program.kill_and_restart();
  const auto mails = sink.wait_for(1);
  ASSERT_FALSE(mails.empty());
  const json::object typed{{"request", issued.text("request")}, {"code", code_in(mails[0].data)}};
  const auto ticket = twice([&] { return api.post("/v1/codes/verify", typed); }).text("ticket");

  auto started = must(opaque::start_registration(as_bytes(bob.password), random));
  const auto response = twice([&] {
    return api.post("/v1/registration/start",
                    {{"ticket", ticket}, {"message", base64url(started.request.serialize())}});
  });
  const auto done = must(opaque::finish_registration(
      started.state, as_bytes(bob.password),
      must(opaque::RegistrationResponse::parse(*decode_base64url(response.text("message")))), {},
      opaque::Stretching::none(), random));
  const json::object account{{"ticket", ticket},
                             {"message", base64url(done.record.serialize().reveal())},
                             {"recipient", bob.identity.recipient().text()},
                             {"identity", base64url(bob.wrapped())}};
  EXPECT_EQ(twice([&] { return api.post("/v1/registration/finish", account); }).status, 201u);

  auto login = must(opaque::start_login(as_bytes(bob.password), random));
  const auto ke2 =
      api.post("/v1/session/start", {{"address", "Bob@Example.org"}, {"message", base64url(login.ke1.serialize())}});
  program.kill_and_restart();
  const auto logged_in = must(opaque::finish_login(login.state, as_bytes(bob.password),
                                                   must(opaque::Ke2::parse(*decode_base64url(ke2.text("message")))), {},
                                                   opaque::Stretching::none()));
  EXPECT_TRUE(equal_public(logged_in.export_key.reveal(), done.export_key.reveal()));
  const auto signed_in = twice([&] {
    return api.post("/v1/session/finish",
                    {{"login", ke2.text("login")}, {"message", base64url(logged_in.ke3.serialize())}});
  });
  const auto session = signed_in.text("session");
  EXPECT_EQ(signed_in.text("identity"), std::string(account.at("identity").as_string()));

  EXPECT_EQ(twice([&] { return api.get("/v1/envelopes/" + id, session); }).text("state"), "open");
  const auto release = twice([&] { return api.post("/v1/envelopes/" + id + "/release", {}, session); });
  EXPECT_EQ(bob.open(release.body.at("stanzas").at(0)), to_bytes(share));
  EXPECT_EQ(api.get("/v1/events?after=0", kToken).body.at("events").as_array().size(), 2u);
  EXPECT_EQ(program.stop(SIGTERM), 0);
}

TEST_F(ServerTest, WhatWasAcknowledgedIsThereAfterAKillInTheMiddle) {
  std::atomic<int> next = 0;
  std::mutex mutex;
  std::vector<std::string> acknowledged;
  for (std::size_t round = 1; round <= 3; ++round) {
    std::vector<std::jthread> gateways;
    const auto sealed = envelope_json(id_text(0), "bob@example.org");
    for (int i = 0; i < 4; ++i) {
      gateways.emplace_back([&] {
        ApiClient gateway(program);
        for (;;) {
          const int n = ++next;
          auto envelope = sealed;
          envelope["id"] = id_text(static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n));
          const auto reply = gateway.post("/v1/envelopes", {{"envelopes", json::array{envelope}}}, kToken);
          if (status_of(reply) != "registered") return;
          const std::lock_guard lock(mutex);
          acknowledged.emplace_back(envelope["id"].as_string());
        }
      });
    }
    for (std::size_t count = 0; count < 60 * round;) {
      std::this_thread::yield();
      const std::lock_guard lock(mutex);
      count = acknowledged.size();
    }
    program.stop(SIGKILL);
    gateways.clear();
    program.start();
  }
  ASSERT_GE(acknowledged.size(), 180u);
  program.stop(SIGTERM);
  program.set_more(organisations("Acme Ltd") + "[limits]\nfactor = 1000\n");
  program.configure(sink.port(), "");
  program.start();
  for (const auto& id : acknowledged) {
    ASSERT_EQ(api.post("/v1/opening/look", {{"envelope", id}, {"address", "bob@example.org"}}).text("state"),
              "register");
  }
}

TEST_F(ServerTest, TheMailOfACodeIsPlainAndComesFromNobody) {
  register_envelope(id_text(1), "bob@example.org");
  ASSERT_EQ(api.post("/v1/codes", {{"address", "stranger@example.org"}}).status, 202u);
  ASSERT_EQ(api.post("/v1/codes", {{"address", "bob@example.org"}}).status, 202u);
  const auto mails = sink.wait_for(1);
  ASSERT_EQ(mails.size(), 1u);
  EXPECT_TRUE(mails[0].from.starts_with("<>")) << mails[0].from;
  EXPECT_EQ(mails[0].to, "<bob@example.org>");
  EXPECT_NE(mails[0].data.find("Auto-Submitted: auto-generated"), std::string::npos) << mails[0].data;
  EXPECT_NE(mails[0].data.find("To: bob@example.org"), std::string::npos);
  EXPECT_NE(mails[0].data.find("From: no-reply@keys.example"), std::string::npos);
  EXPECT_EQ(mails[0].data.find("http"), std::string::npos) << "a link is never a proof";
  EXPECT_EQ(code_in(mails[0].data).size(), 8u);
  const auto subject = mails[0].data.substr(mails[0].data.find("Subject:"), 200);
  EXPECT_EQ(code_in(subject.substr(0, subject.find('\n'))), "") << "relays log subjects";
}

TEST_F(ServerTest, ACodeIsSentAgainUntilTheRelayTakesIt) {
  register_envelope(id_text(1), "bob@example.org");
  sink.refuse(1, "451 not now");
  ASSERT_EQ(api.post("/v1/codes", {{"address", "bob@example.org"}}).status, 202u);
  program.wait_for_log("\"outcome\":\"postponed\"");
  program.kill_and_restart();
  ASSERT_EQ(sink.wait_for(1).size(), 1u);
  program.wait_for_log("\"outcome\":\"delivered\"");
}

TEST_F(ServerTest, ACodeThatIsRefusedForGoodIsDropped) {
  register_envelope(id_text(1), "bob@example.org");
  register_envelope(id_text(1), "eve@example.org");
  sink.refuse(1, "550 nobody here");
  ASSERT_EQ(api.post("/v1/codes", {{"address", "bob@example.org"}}).status, 202u);
  program.wait_for_log("\"outcome\":\"refused\"");
  program.kill_and_restart();
  ASSERT_EQ(api.post("/v1/codes", {{"address", "eve@example.org"}}).status, 202u);
  const auto mails = sink.wait_for(1);
  ASSERT_EQ(mails.size(), 1u);
  EXPECT_EQ(mails[0].to, "<eve@example.org>");
}

TEST_F(ServerTest, LogsAndFilesHoldNoSecrets) {
  register_envelope(id_text(1), "bob@example.org");
  sink.refuse(1, "451 not now");
  const auto issued = api.post("/v1/codes", {{"address", "bob@example.org"}});
  program.wait_for_log("\"outcome\":\"postponed\"");
  // While the code waits to be sent, it stands nowhere in clear.
  const auto on_disk = [&] {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(program.folder() / "state")) {
      std::ifstream in(entry.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(in), {});
    }
    return all;
  };
  const auto waiting = on_disk();
  const auto code = code_in(sink.wait_for(1).at(0).data);
  EXPECT_EQ(waiting.find(code), std::string::npos);
  const auto ticket =
      api.post("/v1/codes/verify", {{"request", issued.text("request")}, {"code", code}}).text("ticket");
  api.get("/v1/envelopes/" + id_text(1), "some session");
  const auto files = on_disk();
  const auto log = program.log();
  for (const auto& secret : {code, ticket, issued.text("request")}) {
    EXPECT_EQ(files.find(secret), std::string::npos);
    EXPECT_EQ(log.find(secret), std::string::npos);
  }
  for (const std::string& other :
       {id_text(1), std::string("bob@"), std::string("example.org"), std::string("some session")})
    EXPECT_EQ(log.find(other), std::string::npos) << other;
  EXPECT_NE(log.find("\"route\":\"/v1/envelopes/{id}\""), std::string::npos);
}

TEST_F(ServerTest, TellsWhatIsWrongWithARequest) {
  struct Row {
    const char* title;
    net::HttpMethod method;
    std::string path;
    std::string body;
    unsigned status;
    const char* code;
  };
  const std::vector<Row> rows = {
      {"no such route", net::HttpMethod::kGet, "/v1/nothing", "", 404, "not-found"},
      {"no such page", net::HttpMethod::kGet, "/nothing", "", 404, "not-found"},
      {"wrong method", net::HttpMethod::kPut, "/v1/codes", "{}", 405, "method"},
      {"no JSON", net::HttpMethod::kPost, "/v1/codes", "hello", 400, "bad-request"},
  };
  for (const auto& row : rows) {
    const auto reply = api.send(row.method, row.path, row.body, "");
    EXPECT_EQ(reply.status, row.status) << row.title << ": " << reply.raw;
    EXPECT_EQ(reply.error(), row.code) << row.title;
    if (row.status == 405) EXPECT_EQ(reply.headers.find("Allow"), "POST");
  }
}

TEST_F(ServerTest, ABrowserGetsAPageWhereThereIsNothing) {
  struct Row {
    const char* request;
    const char* status;
    const char* type;
  };
  const Row rows[] = {{"GET /nothing HTTP/1.1\r\nAccept: text/html,*/*;q=0.8", "404", "text/html; charset=utf-8"},
                      {"HEAD /nothing HTTP/1.1\r\nAccept: text/html", "404", "text/html; charset=utf-8"},
                      {"GET /nothing HTTP/1.1\r\nAccept: */*", "404", "application/json"},
                      {"GET /v1/nothing HTTP/1.1\r\nAccept: text/html", "404", "application/json"},
                      {"POST /nothing HTTP/1.1\r\nContent-Length: 0\r\nAccept: text/html", "404", "application/json"}};
  for (const auto& row : rows) {
    const auto answer = program.raw(std::string(row.request) + "\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(row.status))) << row.request << answer;
    EXPECT_NE(answer.find("Content-Type: " + std::string(row.type) + "\r\n"), std::string::npos)
        << row.request << answer;
  }
}

TEST_F(ServerTest, BodiesHaveALimitThatDependsOnTheRoute) {
  struct Row {
    const char* path;
    int size;
    const char* token;
    const char* status;
    const char* code;
  };
  // Only the length is announced: a body that is too large, or of somebody who may not send it, is refused before it is
  // sent. So nobody but a gateway can fill the server's memory with the bodies of gateways.
  const Row rows[] = {{"/v1/codes", 64 * 1024 + 1, "", "413", "too-large"},
                      {"/v1/codes", 64 * 1024 + 1, kToken, "413", "too-large"},
                      {"/v1/directory", 4 * 1024 * 1024 + 1, kToken, "413", "too-large"},
                      {"/v1/envelopes", 4 * 1024 * 1024 + 1, kToken, "413", "too-large"},
                      {"/v1/directory", 4 * 1024 * 1024, "", "401", "gateway-token"},
                      {"/v1/envelopes", 4 * 1024 * 1024, "", "401", "gateway-token"},
                      {"/v1/envelopes", 4 * 1024 * 1024, "another token", "401", "gateway-token"},
                      {"/v1/envelopes/x/release", 64 * 1024 + 1, kToken, "413", "too-large"},
                      {"/nothing", 64 * 1024 + 1, "", "413", "too-large"}};
  for (const auto& row : rows) {
    const auto token = *row.token == 0 ? std::string() : "Authorization: Bearer " + std::string(row.token) + "\r\n";
    const auto answer = program.raw("POST " + std::string(row.path) + " HTTP/1.1\r\nHost: x\r\n" + token +
                                    "Content-Length: " + std::to_string(row.size) + "\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(row.status))) << row.path << answer;
    EXPECT_NE(answer.find(row.code), std::string::npos) << answer;
  }
  EXPECT_EQ(api.send(net::HttpMethod::kPost, "/v1/codes", std::string(64 * 1024, ' '), "").status, 400u);
  EXPECT_EQ(api.send(net::HttpMethod::kPost, "/v1/envelopes", std::string(4 << 20, ' '), kToken).status, 400u);
}

TEST_F(ServerTest, ReloadsOrganisationsAndServesTls) {
  const net::test::Certificate certificate;
  program.stop(SIGTERM);
  program.scheme = "https";
  program.configure(sink.port(), "tls_certificate = \"" + certificate.certificate() + "\"\ntls_key = \"" +
                                     certificate.key() + "\"\n");
  program.start();
  ApiClient https(program, certificate.trust());
  const auto reply = https.get("/v1/server");
  ASSERT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.headers.find("Strict-Transport-Security"), "max-age=63072000");
  EXPECT_EQ(https.get("/v1/events", kToken).status, 200u);

  program.set_more("");
  program.configure(sink.port(), "");
  program.signal(SIGHUP);
  program.wait_for_log("server.reloaded");
  EXPECT_EQ(https.get("/v1/events", kToken).status, 401u);
  // A broken configuration changes nothing.
  program.set_more("nonsense");
  program.configure(sink.port(), "");
  program.signal(SIGHUP);
  program.wait_for_log("reload.failed");
  EXPECT_EQ(https.get("/v1/health").status, 200u);
}

TEST(ServerCheck, ReadsTheCertificates) {
  const net::test::Certificate certificate;
  Settings settings;
  EXPECT_TRUE(Server::check(settings));
  settings.tls = TlsFiles{certificate.certificate(), certificate.key()};
  EXPECT_TRUE(Server::check(settings));
  settings.tls->key = "/nonexistent/key.pem";
  EXPECT_FALSE(Server::check(settings));
  settings.tls.reset();
  settings.mail.ca_file = "/nonexistent/ca.pem";
  EXPECT_TRUE(Server::check(settings)) << "it is for `required` alone";
  settings.mail.tls = smtp::TlsPolicy::kRequired;
  EXPECT_FALSE(Server::check(settings));
}

TEST_F(ServerTest, RefusesAKeyFolderThatDoesNotBelongToTheDatabase) {
  program.stop(SIGTERM);
  std::filesystem::rename(program.folder() / "keys", program.folder() / "old");
  EXPECT_THROW(program.start(), std::runtime_error);
  EXPECT_EQ(WEXITSTATUS(program.stop(SIGKILL)), 1);
  EXPECT_FALSE(std::filesystem::exists(program.folder() / "keys"));
  // Keys of another server.
  ASSERT_TRUE(open_key_folder(program.folder() / "keys", true, random));
  EXPECT_THROW(program.start(), std::runtime_error);
  program.stop(SIGKILL);
  std::filesystem::remove_all(program.folder() / "keys");
  std::filesystem::rename(program.folder() / "old", program.folder() / "keys");
  program.start();
}

}  // namespace
}  // namespace bulla::keyserver
