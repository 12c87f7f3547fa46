// The API without HTTP: every route and every error of doc/key-api.md, over a store in memory.
#include "keyserver/handlers.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "core/base/time_text.h"
#include "keys/test_world.h"
#include "keyserver/requests.h"
#include "store/failing_store.h"

namespace bulla::keyserver {
namespace {

namespace json = boost::json;
using keys::test::must;

struct Reply {
  unsigned status = 0;
  json::object body;
  net::HttpHeaders headers;
  std::size_t size = 0;

  std::string text(const char* name) const { return std::string(body.at(name).as_string()); }
  std::string error() const {
    const auto* error = body.if_contains("error");
    return error ? std::string(error->as_object().at("code").as_string()) : "";
  }
};

class HandlersTest : public testing::Test {
 protected:
  Reply ask(net::HttpMethod method, const std::string& path, const std::string& body = {},
            const std::string& token = {}, const std::string& type = "application/json") {
    net::HttpRequest request;
    request.method = method;
    request.target = path;
    request.path = path.substr(0, path.find('?'));
    if (const auto at = path.find('?'); at != std::string::npos) request.query = path.substr(at + 1);
    request.body = to_bytes(body);
    request.remote_address = remote;
    if (!type.empty()) request.headers.set("Content-Type", type);
    if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
    const auto match = find_route(method, request.path);
    if (match.entry == nullptr) throw std::runtime_error("no such route: " + path);
    const auto handled = handlers.handle(match, request);
    last_cause = handled.cause;
    Reply reply{handled.response.status, {}, handled.response.headers, handled.response.body.size()};
    reply.body = json::parse(handled.response.body).as_object();
    return reply;
  }
  Reply post(const std::string& path, const json::object& body, const std::string& token = {}) {
    return ask(net::HttpMethod::kPost, path, json::serialize(body), token);
  }

  static std::string id_text(std::uint8_t id) { return base64url(keys::test::envelope_id(id)); }
  json::object envelope_json(std::uint8_t id, const std::string& to) {
    const auto recipient = t.recipient(to, share);
    return {
        {"id", id_text(id)},
        {"sender", "ann@acme.example"},
        {"sender_name", "Ann"},
        {"date", rfc3339(keys::test::kStart)},
        {"expires", rfc3339(keys::test::kStart + 90 * kDay)},
        {"recipients",
         json::array{json::object{
             {"address", to},
             {"shares", json::array{json::object{{"to", recipient.share.to}, {"stanza", recipient.share.stanza}}}}}}}};
  }
  Reply register_envelope(std::uint8_t id, const std::string& to) {
    return post("/v1/envelopes", {{"envelopes", json::array{envelope_json(id, to)}}}, "token of acme");
  }
  // From nothing to a session, by HTTP alone.
  std::string register_person(keys::test::Person& person, const std::string& address) {
    const auto issued = post("/v1/codes", {{"address", address}});
    const auto proved = post("/v1/codes/verify", {{"request", issued.text("request")}, {"code", t.mailed_code()}});
    const auto account = person.make_account(proved.text("ticket"), t.world);
    const auto done = post("/v1/registration/finish", {{"ticket", account.ticket},
                                                       {"message", base64url(account.record)},
                                                       {"recipient", account.recipient},
                                                       {"identity", base64url(account.identity)}});
    EXPECT_EQ(done.status, 201u);
    return done.text("session");
  }

  keys::test::TestWorld t;
  store::FailingStore failing{t.memory};
  int rung = 0;
  std::string remote = "192.0.2.7";
  std::string last_cause;
  const ByteArray<16> share{1, 2, 3};
  Handlers handlers{t.with_store(failing), "9.9.9", "https://keys.example", [this] { ++rung; }};
};

TEST_F(HandlersTest, ServerSaysWhatItIs) {
  const auto reply = ask(net::HttpMethod::kGet, "/v1/server");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.text("name"), "bulla-keyserver");
  EXPECT_EQ(reply.text("version"), "9.9.9");
  EXPECT_EQ(reply.text("origin"), "https://keys.example");
  EXPECT_EQ(reply.text("time"), rfc3339(t.clock.now()));
  EXPECT_EQ(reply.body.at("release_key").at("id").as_string(), t.release_key.id());
  EXPECT_EQ(reply.body.at("release_key").at("recipient").as_string(), t.release_key.recipient());
  EXPECT_EQ(reply.headers.find("Cache-Control"), "no-store");
}

TEST_F(HandlersTest, HealthIsTheStores) {
  EXPECT_EQ(ask(net::HttpMethod::kGet, "/v1/health").status, 200u);
  failing.fail_at(0);
  const auto reply = ask(net::HttpMethod::kGet, "/v1/health");
  EXPECT_EQ(reply.status, 503u);
  EXPECT_EQ(reply.error(), "unavailable");
  EXPECT_EQ(reply.headers.find("Retry-After"), "30");
  EXPECT_NE(last_cause, "");
}

TEST_F(HandlersTest, GatewaysNeedTheirToken) {
  struct Row {
    net::HttpMethod method;
    const char* path;
  };
  const Row rows[] = {{net::HttpMethod::kPost, "/v1/directory"},
                      {net::HttpMethod::kPost, "/v1/envelopes"},
                      {net::HttpMethod::kGet, "/v1/events"}};
  for (const auto& row : rows) {
    for (const char* token : {"", "wrong", "token of nobody"}) {
      const auto reply = ask(row.method, row.path, "{}", token);
      EXPECT_EQ(reply.status, 401u) << row.path;
      EXPECT_EQ(reply.error(), "gateway-token") << row.path;
      EXPECT_EQ(reply.headers.find("WWW-Authenticate"), "Bearer");
    }
  }
}

TEST_F(HandlersTest, RegisteringTellsAResultForEachRecipient) {
  const auto reply = register_envelope(1, "Bob@Example.org");
  ASSERT_EQ(reply.status, 200u);
  const auto& result = reply.body.at("results").as_array().at(0).as_object();
  EXPECT_EQ(result.at("id").as_string(), id_text(1));
  const auto& recipient = result.at("recipients").as_array().at(0).as_object();
  EXPECT_EQ(recipient.at("address").as_string(), "Bob@Example.org");
  EXPECT_EQ(recipient.at("status").as_string(), "registered");
  EXPECT_EQ(recipient.at("reason").as_string(), "");
  EXPECT_EQ(register_envelope(1, "Bob@Example.org").body.at("results"), reply.body.at("results"));
}

TEST_F(HandlersTest, TheWholeWayFromCodeToReceipt) {
  register_envelope(1, "bob@example.org");
  EXPECT_EQ(post("/v1/opening/look", {{"envelope", id_text(1)}, {"address", "bob@example.org"}}).text("state"),
            "register");
  const auto issued = post("/v1/codes", {{"address", "Bob@example.org"}});
  EXPECT_EQ(issued.status, 202u);
  EXPECT_EQ(issued.body.at("expires_in").as_int64(), 600);
  EXPECT_EQ(rung, 1);

  const auto wrong = post("/v1/codes/verify", {{"request", issued.text("request")},
                                               {"code", t.mailed_code() == "00000000" ? "00000001" : "00000000"}});
  EXPECT_EQ(wrong.status, 403u);
  EXPECT_EQ(wrong.error(), "wrong-code");
  EXPECT_EQ(wrong.body.at("error").at("tries_left").as_int64(), 4);
  const auto proved = post("/v1/codes/verify", {{"request", issued.text("request")}, {"code", t.mailed_code()}});
  EXPECT_EQ(proved.status, 200u);
  EXPECT_EQ(proved.text("address"), "bob@example.org");

  keys::test::Person bob("bob@example.org", "secret");
  SystemRandom random;
  const auto start = must(opaque::start_registration(as_bytes("secret"), random));
  const auto response = post("/v1/registration/start",
                             {{"ticket", proved.text("ticket")}, {"message", base64url(start.request.serialize())}});
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(decode_base64url(response.text("message"))->size(), opaque::RegistrationResponse::kSize);
  const auto account = bob.make_account(proved.text("ticket"), t.world);
  const json::object finish{{"ticket", account.ticket},
                            {"message", base64url(account.record)},
                            {"recipient", account.recipient},
                            {"identity", base64url(account.identity)}};
  const auto registered = post("/v1/registration/finish", finish);
  EXPECT_EQ(registered.status, 201u);
  EXPECT_EQ(registered.text("address"), "bob@example.org");
  EXPECT_EQ(registered.body.at("expires_in").as_int64(), 900);

  EXPECT_EQ(post("/v1/opening/look", {{"envelope", id_text(1)}, {"address", "bob@example.org"}}).text("state"),
            "sign-in");
  const auto login = bob.log_in(t.world, t.asker);
  const auto signed_in =
      post("/v1/session/finish", {{"login", login.started.login}, {"message", base64url(login.ke3)}});
  EXPECT_EQ(signed_in.status, 200u);
  EXPECT_EQ(signed_in.text("recipient"), bob.recipient());
  EXPECT_EQ(signed_in.text("identity"), base64url(account.identity));
  const auto session = signed_in.text("session");

  const auto details = ask(net::HttpMethod::kGet, "/v1/envelopes/" + id_text(1), {}, session);
  EXPECT_EQ(details.status, 200u);
  EXPECT_EQ(details.text("state"), "open");
  EXPECT_EQ(details.text("domain"), "acme.example");
  EXPECT_EQ(details.text("expires"), rfc3339(keys::test::kStart + 90 * kDay));
  EXPECT_EQ(details.body.at("sender").at("name").as_string(), "Ann");
  EXPECT_EQ(details.body.at("organisation").at("name").as_string(), "The acme");

  const auto release = post("/v1/envelopes/" + id_text(1) + "/release", {}, session);
  EXPECT_EQ(release.status, 200u);
  EXPECT_EQ(bob.open(std::string(release.body.at("stanzas").as_array().at(0).as_string())), to_bytes(share));
  EXPECT_EQ(release.body.at("domains").as_array().at(0).as_string(), "acme.example");
  EXPECT_EQ(release.text("address"), "bob@example.org");

  const auto events = ask(net::HttpMethod::kGet, "/v1/events?after=0", {}, "token of acme");
  EXPECT_EQ(events.body.at("last").as_int64(), 1);
  const auto& event = events.body.at("events").as_array().at(0).as_object();
  EXPECT_EQ(event.at("type").as_string(), "released");
  EXPECT_EQ(event.at("envelope").as_string(), id_text(1));
  EXPECT_EQ(event.at("address").as_string(), "bob@example.org");
  EXPECT_TRUE(ask(net::HttpMethod::kGet, "/v1/events", {}, "token of other").body.at("events").as_array().empty());
  EXPECT_EQ(ask(net::HttpMethod::kGet, "/v1/events?after=1", {}, "token of acme").body.at("last").as_int64(), 1);

  const auto directory =
      post("/v1/directory", {{"addresses", json::array{"BOB@example.org", "eve@example.org"}}}, "token of acme");
  EXPECT_EQ(directory.body.at("keys").as_object().size(), 1u);
  EXPECT_EQ(directory.body.at("keys").at("BOB@example.org").as_array().at(0).as_string(), bob.recipient());

  EXPECT_EQ(ask(net::HttpMethod::kDelete, "/v1/session", {}, session).status, 200u);
  EXPECT_EQ(ask(net::HttpMethod::kGet, "/v1/envelopes/" + id_text(1), {}, session).status, 401u);
}

TEST_F(HandlersTest, WithoutASessionNothingIsTold) {
  register_envelope(1, "bob@example.org");
  struct Row {
    net::HttpMethod method;
    std::string path;
  };
  const Row rows[] = {{net::HttpMethod::kGet, "/v1/envelopes/" + id_text(1)},
                      {net::HttpMethod::kPost, "/v1/envelopes/" + id_text(1) + "/release"},
                      {net::HttpMethod::kDelete, "/v1/session"}};
  for (const auto& row : rows) {
    for (const char* token : {"", "wrong", "token of acme"}) {
      const auto reply = ask(row.method, row.path, "{}", token);
      EXPECT_EQ(reply.status, 401u) << row.path;
      EXPECT_EQ(reply.error(), "sign-in") << row.path;
    }
  }
}

TEST_F(HandlersTest, AnotherPersonsEnvelopeLooksLikeNone) {
  register_envelope(1, "bob@example.org");
  register_envelope(2, "eve@example.org");
  keys::test::Person eve("eve@example.org", "x");
  const auto session = register_person(eve, "eve@example.org");
  const auto get = [&](const std::string& id) {
    return ask(net::HttpMethod::kGet, "/v1/envelopes/" + id, {}, session);
  };
  const auto release = [&](const std::string& id) { return post("/v1/envelopes/" + id + "/release", {}, session); };
  EXPECT_EQ(get(id_text(2)).status, 200u);
  EXPECT_EQ(get(id_text(1)).status, 404u);
  EXPECT_EQ(get(id_text(1)).body, get(id_text(9)).body);
  EXPECT_EQ(release(id_text(1)).status, 404u);
  EXPECT_EQ(release(id_text(1)).body, release(id_text(9)).body);
  EXPECT_EQ(get("nonsense").status, 404u);
  EXPECT_EQ(release("nonsense").status, 404u);
}

TEST_F(HandlersTest, LockedAndExpiredAreGoneWithTheirState) {
  register_envelope(1, "bob@example.org");
  keys::test::Person bob("bob@example.org", "x");
  auto session = register_person(bob, "bob@example.org");
  const auto release = [&] { return post("/v1/envelopes/" + id_text(1) + "/release", {}, session); };
  must(t.memory.write([](store::Transaction& tx) { return tx.set_locked(keys::test::envelope_id(1), true); }));
  EXPECT_EQ(release().status, 410u);
  EXPECT_EQ(release().error(), "gone");
  EXPECT_EQ(release().body.at("error").at("state").as_string(), "locked");
  t.clock.advance(90 * kDay);
  const auto login = bob.log_in(t.world, t.asker);
  session =
      post("/v1/session/finish", {{"login", login.started.login}, {"message", base64url(login.ke3)}}).text("session");
  EXPECT_EQ(release().body.at("error").at("state").as_string(), "expired");
}

TEST_F(HandlersTest, AWrongPasswordAndALostSessionLookAlike) {
  register_envelope(1, "bob@example.org");
  keys::test::Person bob("bob@example.org", "x");
  register_person(bob, "bob@example.org");
  const auto login = bob.log_in(t.world, t.asker, "wrong");
  const auto wrong = post("/v1/session/finish", {{"login", login.started.login}, {"message", base64url(Bytes(64, 1))}});
  EXPECT_EQ(wrong.status, 401u);
  EXPECT_EQ(wrong.error(), "sign-in");
  const auto garbage = post("/v1/session/finish", {{"login", "AAAA"}, {"message", base64url(Bytes(64, 1))}});
  EXPECT_EQ(garbage.body, wrong.body);
}

// What a stranger can learn about an address: nothing, by status, names, sizes or headers.
TEST_F(HandlersTest, ListedRegisteredAndUnknownAddressesCannotBeToldApart) {
  register_envelope(1, "bob@example.org");
  register_envelope(1, "eve@example.org");
  keys::test::Person eve("eve@example.org", "x");
  register_person(eve, "eve@example.org");
  SystemRandom random;
  const auto ke1 = base64url(must(opaque::start_login(as_bytes("guess"), random)).ke1.serialize());

  const auto shape = [](const Reply& reply) {
    std::string out = std::to_string(reply.status) + " " + std::to_string(reply.size);
    for (const auto& member : reply.body) out += " " + std::string(member.key());
    for (const auto& field : reply.headers.fields()) out += " " + field.name + "=" + field.value;
    return out;
  };
  // All of one length, since lengths may depend on what was asked.
  const std::string addresses[] = {"bob@example.org", "eve@example.org", "non@example.org"};
  std::set<std::string> codes;
  std::set<std::string> verifications;
  std::set<std::string> logins;
  std::set<std::string> looks;
  for (const auto& address : addresses) {
    const auto issued = post("/v1/codes", {{"address", address}});
    codes.insert(shape(issued));
    verifications.insert(shape(post("/v1/codes/verify", {{"request", issued.text("request")}, {"code", "00000000"}})));
    logins.insert(shape(post("/v1/session/start", {{"address", address}, {"message", ke1}})));
    looks.insert(shape(post("/v1/opening/look", {{"envelope", id_text(9)}, {"address", address}})));
  }
  EXPECT_EQ(codes.size(), 1u);
  EXPECT_EQ(verifications.size(), 1u);
  EXPECT_EQ(logins.size(), 1u);
  EXPECT_EQ(looks.size(), 1u);
  // Nor can an unlisted address of an envelope be told from an envelope that does not exist.
  EXPECT_EQ(shape(post("/v1/opening/look", {{"envelope", id_text(1)}, {"address", "non@example.org"}})),
            *looks.begin());
  EXPECT_EQ(rung, 4);
}

// A page of another site may send a request, but its scripts see nothing of the answer (Fetch standard, CORS).
TEST_F(HandlersTest, NoOtherSiteMayReadAnAnswer) {
  register_envelope(1, "bob@example.org");
  const Reply replies[] = {ask(net::HttpMethod::kGet, "/v1/server"),
                           post("/v1/codes", {{"address", "bob@example.org"}}),
                           post("/v1/opening/look", {{"envelope", id_text(1)}, {"address", "bob@example.org"}}),
                           ask(net::HttpMethod::kGet, "/v1/envelopes/" + id_text(1), {}, "wrong")};
  for (const auto& reply : replies) {
    for (const auto& field : reply.headers.fields())
      EXPECT_FALSE(field.name.starts_with("Access-Control-")) << reply.status << " " << field.name;
  }
}

TEST_F(HandlersTest, TooManyIsTooManyWithATime) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(post("/v1/codes", {{"address", "bob@example.org"}}).status, 202u);
  const auto reply = post("/v1/codes", {{"address", "bob@example.org"}});
  EXPECT_EQ(reply.status, 429u);
  EXPECT_EQ(reply.error(), "too-many");
  EXPECT_EQ(reply.headers.find("Retry-After"), "900");
  EXPECT_EQ(rung, 5);
}

TEST_F(HandlersTest, BodiesAreJson) {
  struct Row {
    const char* title;
    std::string type;
    std::string body;
    unsigned status;
  };
  const std::vector<Row> rows = {
      {"no type", "", R"({"address":"a@example.org"})", 415},
      {"form", "application/x-www-form-urlencoded", "address=a@example.org", 415},
      {"text", "text/plain", R"({"address":"a@example.org"})", 415},
      {"json with charset", "Application/JSON; charset=utf-8", R"({"address":"a@example.org"})", 202},
      {"empty", "application/json", "", 400},
      {"cut", "application/json", R"({"address":"a@exam)", 400},
      {"something behind it", "application/json", R"({"address":"a@example.org"} x)", 400},
      {"array", "application/json", R"(["address"])", 400},
      {"no UTF-8", "application/json", "{\"address\":\"a\xff@example.org\"}", 400},
      {"too deep", "application/json", std::string(1000, '[') + std::string(1000, ']'), 400},
      {"unknown names", "application/json", R"({"address":"a@example.org","x":[1,{}],"y":null})", 202},
  };
  for (const auto& row : rows)
    EXPECT_EQ(ask(net::HttpMethod::kPost, "/v1/codes", row.body, {}, row.type).status, row.status) << row.title;
}

TEST_F(HandlersTest, AStoreThatFailsIsUnavailableEverywhere) {
  register_envelope(1, "bob@example.org");
  keys::test::Person bob("bob@example.org", "x");
  const auto session = register_person(bob, "bob@example.org");
  const auto login = bob.log_in(t.world, t.asker);
  SystemRandom random;
  const auto ke1 = base64url(must(opaque::start_login(as_bytes("guess"), random)).ke1.serialize());
  const std::vector<std::function<Reply()>> requests = {
      [&] { return register_envelope(2, "bob@example.org"); },
      [&] { return post("/v1/directory", {{"addresses", json::array{"bob@example.org"}}}, "token of acme"); },
      [&] { return ask(net::HttpMethod::kGet, "/v1/events", {}, "token of acme"); },
      [&] { return post("/v1/codes", {{"address", "new@example.org"}}); },
      [&] { return post("/v1/codes/verify", {{"request", "x"}, {"code", "12345678"}}); },
      [&] { return post("/v1/session/start", {{"address", "bob@example.org"}, {"message", ke1}}); },
      [&] { return post("/v1/session/finish", {{"login", login.started.login}, {"message", base64url(login.ke3)}}); },
      [&] { return post("/v1/opening/look", {{"envelope", id_text(1)}, {"address", "bob@example.org"}}); },
      [&] { return ask(net::HttpMethod::kGet, "/v1/envelopes/" + id_text(1), {}, session); },
      [&] { return post("/v1/envelopes/" + id_text(1) + "/release", {}, session); },
      [&] { return ask(net::HttpMethod::kDelete, "/v1/session", {}, session); },
  };
  for (std::size_t i = 0; i < requests.size(); ++i) {
    failing.fail_at(0);
    const auto reply = requests[i]();
    EXPECT_EQ(reply.status, 503u) << i;
    EXPECT_EQ(reply.error(), "unavailable") << i;
    EXPECT_EQ(json::serialize(reply.body).find("told to"), std::string::npos) << "the cause is for the log";
  }
}

}  // namespace
}  // namespace bulla::keyserver
