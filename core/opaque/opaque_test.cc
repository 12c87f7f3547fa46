#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <deque>
#include <fstream>
#include <sstream>

#include "core/base/encoding.h"
#include "core/base/test_random.h"
#include "core/opaque/client.h"
#include "core/opaque/credentials.h"
#include "core/opaque/server.h"

namespace bulla::opaque {
namespace {

// ScriptedRandom gives what the test says, draw by draw.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(std::deque<Bytes> draws) : draws_(std::move(draws)) {}
  Result<> fill(MutableBytes out) override {
    if (draws_.empty() || draws_.front().size() != out.size()) return fail(Code::kUnavailable, "not in the script");
    std::ranges::copy(draws_.front(), out.begin());
    draws_.pop_front();
    return {};
  }

 private:
  std::deque<Bytes> draws_;
};

// One vector of RFC 9807, Appendix C.
class Vector {
 public:
  explicit Vector(const boost::json::value& value) : value_(value) {}
  Bytes input(const char* name) const { return read("inputs", name).value(); }
  std::optional<Bytes> optional_input(const char* name) const { return read("inputs", name); }
  std::string intermediate(const char* name) const { return hex(read("intermediates", name).value()); }
  std::string output(const char* name) const { return hex(read("outputs", name).value()); }

  // A scalar as a draw of 64 bytes, which reduces to itself.
  Bytes blind(const char* name) const {
    auto bytes = input(name);
    bytes.resize(64);
    return bytes;
  }
  Parameters parameters() const {
    return {to_string(*read("config", "Context")), optional_input("client_identity"),
            optional_input("server_identity")};
  }
  ServerSetup setup() const {
    auto bytes = input("oprf_seed");
    append(bytes, input("server_private_key"));
    return ServerSetup::parse(bytes).value();
  }

 private:
  std::optional<Bytes> read(const char* group, const char* name) const {
    const auto* found = value_.at(group).as_object().if_contains(name);
    if (found == nullptr) return std::nullopt;
    return decode_hex(std::string_view(found->as_string()));
  }
  const boost::json::value& value_;
};

const boost::json::value& vectors() {
  static const auto parsed = [] {
    std::ifstream file(BULLA_SOURCE_DIR "/vectors/opaque-rfc9807.json");
    std::stringstream text;
    text << file.rdbuf();
    return boost::json::parse(text.str());
  }();
  return parsed.at("vectors");
}

std::string hex_of(const Secret& secret) {
  return hex(secret.reveal());
}

TEST(OpaqueVectors, Registration) {
  for (std::size_t i : {0u, 1u}) {
    const Vector v(vectors().at(i));
    const auto password = v.input("password");
    ScriptedRandom random({v.blind("blind_registration"), v.input("envelope_nonce")});
    auto start = start_registration(password, random).value();
    EXPECT_EQ(hex(start.request.serialize()), v.output("registration_request"));

    const auto setup = v.setup();
    EXPECT_EQ(hex(setup.public_key()), hex(v.input("server_public_key")));
    auto response = setup.registration_response(start.request, v.input("credential_identifier")).value();
    EXPECT_EQ(hex(response.serialize()), v.output("registration_response"));

    auto randomized = randomized_password(password, start.state.blind, response.evaluated, Stretching::none()).value();
    EXPECT_EQ(hex_of(randomized), v.intermediate("randomized_password"));
    auto done =
        finish_registration(start.state, password, response, v.parameters(), Stretching::none(), random).value();
    EXPECT_EQ(hex_of(done.record.serialize()), v.output("registration_upload"));
    EXPECT_EQ(hex(done.record.envelope.serialize()), v.intermediate("envelope"));
    EXPECT_EQ(hex_of(done.export_key), v.output("export_key"));
  }
}

TEST(OpaqueVectors, Login) {
  for (std::size_t i : {0u, 1u}) {
    const Vector v(vectors().at(i));
    const auto password = v.input("password");
    ScriptedRandom client_random({v.blind("blind_login"), v.input("client_nonce"), v.input("client_keyshare_seed")});
    auto client = start_login(password, client_random).value();
    EXPECT_EQ(hex(client.ke1.serialize()), v.output("KE1"));

    ScriptedRandom server_random({v.input("masking_nonce"), v.input("server_nonce"), v.input("server_keyshare_seed")});
    const auto record = *decode_hex(v.output("registration_upload"));
    auto server = v.setup()
                      .start_login(record, client.ke1, v.input("credential_identifier"), v.parameters(), server_random)
                      .value();
    EXPECT_EQ(hex(server.ke2.serialize()), v.output("KE2"));

    auto done = finish_login(client.state, password, server.ke2, v.parameters(), Stretching::none()).value();
    EXPECT_EQ(hex(done.ke3.serialize()), v.output("KE3"));
    EXPECT_EQ(hex_of(done.session_key), v.output("session_key"));
    EXPECT_EQ(hex_of(done.export_key), v.output("export_key"));
    EXPECT_EQ(hex_of(finish_login(server.state, done.ke3).value()), v.output("session_key"));
  }
}

TEST(OpaqueVectors, FakeRecord) {
  const Vector v(vectors().at(2));
  Record fake;
  std::ranges::copy(v.input("client_public_key"), fake.client_public_key.begin());
  fake.masking_key = Secret::copy_of(v.input("masking_key"));
  const auto record = fake.serialize();
  ScriptedRandom random({v.input("masking_nonce"), v.input("server_nonce"), v.input("server_keyshare_seed")});
  auto ke1 = Ke1::parse(v.input("KE1")).value();
  auto start =
      v.setup().start_login(record.reveal(), ke1, v.input("credential_identifier"), v.parameters(), random).value();
  EXPECT_EQ(hex(start.ke2.serialize()), v.output("KE2"));
}

// One account and what both sides do with it; the stretching is left out for speed, but for the test that is about it.
class OpaqueFlow : public testing::Test {
 protected:
  OpaqueFlow() : setup_(ServerSetup::generate(random_).value()) {}

  Registered register_account(std::string_view password, const Parameters& parameters = {}) {
    auto start = start_registration(as_bytes(password), random_).value();
    auto response = setup_.registration_response(start.request, as_bytes("bob@example.org")).value();
    return finish_registration(start.state, as_bytes(password), response, parameters, Stretching::none(), random_)
        .value();
  }

  ServerLoginStart answer(const std::optional<ByteView>& record, const Ke1& ke1, const Parameters& parameters = {}) {
    return setup_.start_login(record, ke1, as_bytes("bob@example.org"), parameters, random_).value();
  }

  Result<LoggedIn> log_in(const Secret& record, std::string_view password, const Parameters& client = {},
                          const Parameters& server = {}) {
    auto start = start_login(as_bytes(password), random_).value();
    auto answered = answer(record.reveal(), start.ke1, server);
    return finish_login(start.state, as_bytes(password), answered.ke2, client, Stretching::none());
  }

  SystemRandom random_;
  ServerSetup setup_;
};

TEST_F(OpaqueFlow, GivesTheSameExportKeyAtEachLoginAndNewSessionKeys) {
  auto registered = register_account("a good password");
  const auto record = registered.record.serialize();
  auto first = log_in(record, "a good password");
  auto second = log_in(record, "a good password");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(hex_of(first->export_key), hex_of(registered.export_key));
  EXPECT_EQ(hex_of(second->export_key), hex_of(registered.export_key));
  EXPECT_NE(hex_of(first->session_key), hex_of(second->session_key));
  EXPECT_EQ(hex(first->server_public_key), hex(setup_.public_key()));
}

TEST_F(OpaqueFlow, WorksWithTheStretchingThatAccountsUse) {
  auto start = start_registration(as_bytes("pass"), random_).value();
  auto response = setup_.registration_response(start.request, as_bytes("bob@example.org")).value();
  auto registered = finish_registration(start.state, as_bytes("pass"), response, {}, Stretching(), random_).value();
  const auto record = registered.record.serialize();
  auto login = start_login(as_bytes("pass"), random_).value();
  auto answered = answer(record.reveal(), login.ke1);
  EXPECT_EQ(hex_of(finish_login(login.state, as_bytes("pass"), answered.ke2, {}, Stretching()).value().export_key),
            hex_of(registered.export_key));
  auto unstretched = finish_login(login.state, as_bytes("pass"), answered.ke2, {}, Stretching::none());
  ASSERT_FALSE(unstretched);
  EXPECT_EQ(unstretched.error().code, Code::kAuthentic);
}

TEST_F(OpaqueFlow, RefusesWhateverDiffers) {
  const auto record = register_account("right").record.serialize();
  struct Row {
    const char* title;
    const char* password;
    Parameters client, server;
  };
  const Row rows[] = {
      {"another password", "Right", {}, {}},
      {"no password", "", {}, {}},
      {"another context at the client", "right", {.context = "x"}, {}},
      {"another context at the server", "right", {}, {.context = "x"}},
      {"a client identity", "right", {.client_identity = to_bytes("bob")}, {.client_identity = to_bytes("bob")}},
      {"a server identity", "right", {.server_identity = to_bytes("s")}, {.server_identity = to_bytes("s")}},
      {"an identity at the server only", "right", {}, {.server_identity = to_bytes("s")}},
  };
  ASSERT_TRUE(log_in(record, "right"));
  for (const auto& row : rows) {
    auto result = log_in(record, row.password, row.client, row.server);
    ASSERT_FALSE(result) << row.title;
    EXPECT_EQ(result.error().code, Code::kAuthentic) << row.title;
  }
}

TEST_F(OpaqueFlow, TakesIdentitiesThatBothSidesName) {
  const Parameters named{"context", to_bytes("bob@example.org"), to_bytes("keys.example.com")};
  const auto record = register_account("right", named).record.serialize();
  EXPECT_TRUE(log_in(record, "right", named, named));
}

TEST_F(OpaqueFlow, RefusesARecordUnderAnotherIdentifierOrAnotherSetup) {
  const auto record = register_account("right").record.serialize();
  const auto other = ServerSetup::generate(random_).value();
  auto start = start_login(as_bytes("right"), random_).value();
  auto elsewhere = setup_.start_login(record.reveal(), start.ke1, as_bytes("eve@example.org"), {}, random_).value();
  EXPECT_FALSE(finish_login(start.state, as_bytes("right"), elsewhere.ke2, {}, Stretching::none()));
  auto stolen = other.start_login(record.reveal(), start.ke1, as_bytes("bob@example.org"), {}, random_).value();
  EXPECT_FALSE(finish_login(start.state, as_bytes("right"), stolen.ke2, {}, Stretching::none()));
}

// Each byte of each message of a login, changed on the way: the login fails, at one side or the other.
TEST_F(OpaqueFlow, RefusesMessagesChangedAtAnyByte) {
  const auto record = register_account("right").record.serialize();
  auto client = start_login(as_bytes("right"), random_).value();
  const auto ke1 = client.ke1.serialize();
  for (std::size_t i = 0; i < ke1.size(); ++i) {
    auto bytes = ke1;
    bytes[i] ^= 1;
    auto changed = Ke1::parse(bytes);
    if (!changed) continue;
    auto server = answer(record.reveal(), *changed);
    EXPECT_FALSE(finish_login(client.state, as_bytes("right"), server.ke2, {}, Stretching::none())) << "KE1 " << i;
  }

  auto server = answer(record.reveal(), client.ke1);
  const auto ke2 = server.ke2.serialize();
  for (std::size_t i = 0; i < ke2.size(); ++i) {
    auto bytes = ke2;
    bytes[i] ^= 0x80;
    auto changed = Ke2::parse(bytes);
    if (!changed) continue;
    EXPECT_FALSE(finish_login(client.state, as_bytes("right"), *changed, {}, Stretching::none())) << "KE2 " << i;
  }

  const auto done = finish_login(client.state, as_bytes("right"), server.ke2, {}, Stretching::none()).value();
  const auto ke3 = done.ke3.serialize();
  for (std::size_t i = 0; i < ke3.size(); ++i) {
    auto bytes = ke3;
    bytes[i] ^= 1;
    EXPECT_FALSE(finish_login(server.state, Ke3::parse(bytes).value())) << "KE3 " << i;
  }
  EXPECT_TRUE(finish_login(server.state, done.ke3));
}

TEST_F(OpaqueFlow, RefusesAKe3OfAnotherLogin) {
  const auto record = register_account("right").record.serialize();
  auto client = start_login(as_bytes("right"), random_).value();
  auto first = answer(record.reveal(), client.ke1);
  auto second = answer(record.reveal(), client.ke1);
  auto done = finish_login(client.state, as_bytes("right"), first.ke2, {}, Stretching::none()).value();
  EXPECT_FALSE(finish_login(second.state, done.ke3));
}

TEST_F(OpaqueFlow, AnswersForAnAccountThatDoesNotExistAsForOneThatDoes) {
  const auto record = register_account("right").record.serialize();
  auto client = start_login(as_bytes("right"), random_).value();
  auto real = answer(record.reveal(), client.ke1);
  auto fake = answer(std::nullopt, client.ke1);
  auto again = answer(std::nullopt, client.ke1);
  EXPECT_EQ(fake.ke2.serialize().size(), real.ke2.serialize().size());
  // The OPRF is the identifier's own, whether or not there is an account; the rest is fresh each time, as in a real
  // one.
  EXPECT_EQ(hex(fake.ke2.response.evaluated), hex(real.ke2.response.evaluated));
  EXPECT_EQ(hex(fake.ke2.response.evaluated), hex(again.ke2.response.evaluated));
  EXPECT_NE(hex(fake.ke2.response.masked), hex(again.ke2.response.masked));
  EXPECT_NE(hex(fake.ke2.server_keyshare), hex(again.ke2.server_keyshare));

  auto result = finish_login(client.state, as_bytes("right"), fake.ke2, {}, Stretching::none());
  auto wrong = log_in(record, "wrong");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, wrong.error().code);
  EXPECT_EQ(result.error().text, wrong.error().text);
}

TEST_F(OpaqueFlow, KeepsItsSetupAndALoginOverARestart) {
  const auto record = register_account("right").record.serialize();
  auto client = start_login(as_bytes("right"), random_).value();
  const auto restored = ServerSetup::parse(setup_.serialize().reveal()).value();
  EXPECT_EQ(hex(restored.public_key()), hex(setup_.public_key()));
  auto start = restored.start_login(record.reveal(), client.ke1, as_bytes("bob@example.org"), {}, random_).value();
  auto done = finish_login(client.state, as_bytes("right"), start.ke2, {}, Stretching::none()).value();
  const auto state = ServerLogin::parse(start.state.serialize().reveal()).value();
  EXPECT_EQ(hex_of(finish_login(state, done.ke3).value()), hex_of(done.session_key));
}

TEST_F(OpaqueFlow, FailsWhenRandomnessDoesAtAnyDraw) {
  const auto record = register_account("right").record.serialize();
  const auto client = start_login(as_bytes("right"), random_).value();
  const auto started = start_registration(as_bytes("right"), random_).value();
  const auto response = setup_.registration_response(started.request, as_bytes("bob@example.org")).value();
  struct Row {
    const char* title;
    int draws;
    std::function<bool(Random&)> run;
  };
  const Row rows[] = {
      {"setup", 2, [&](Random& r) { return ServerSetup::generate(r).has_value(); }},
      {"registration", 1, [&](Random& r) { return start_registration(as_bytes("x"), r).has_value(); }},
      {"its end", 1,
       [&](Random& r) {
         return finish_registration(started.state, as_bytes("right"), response, {}, Stretching::none(), r).has_value();
       }},
      {"login", 3, [&](Random& r) { return start_login(as_bytes("x"), r).has_value(); }},
      {"its answer", 3,
       [&](Random& r) { return setup_.start_login(record.reveal(), client.ke1, {}, {}, r).has_value(); }},
  };
  for (const auto& row : rows) {
    for (int good = 0; good <= row.draws; ++good) {
      test::FailingRandom random(good);
      EXPECT_EQ(row.run(random), good == row.draws) << row.title << " after " << good;
    }
  }
}

TEST_F(OpaqueFlow, KeepsItsBounds) {
  const std::string longest(kMaxPassword, 'x');
  EXPECT_TRUE(start_login(as_bytes(longest), random_));
  EXPECT_EQ(start_login(as_bytes(longest + "x"), random_).error().code, Code::kInvalid);
  EXPECT_EQ(start_registration(as_bytes(longest + "x"), random_).error().code, Code::kInvalid);
  auto start = start_registration(as_bytes("x"), random_).value();
  const std::string identifier(kMaxCredentialIdentifier + 1, 'i');
  EXPECT_EQ(setup_.registration_response(start.request, as_bytes(identifier)).error().code, Code::kInvalid);
  const auto ke1 = start_login(as_bytes("x"), random_).value().ke1;
  EXPECT_EQ(setup_.start_login({}, ke1, as_bytes(identifier), {}, random_).error().code, Code::kInvalid);
  const Parameters too_long{std::string(kMaxContext + 1, 'c'), {}, {}};
  EXPECT_EQ(setup_.start_login({}, ke1, {}, too_long, random_).error().code, Code::kInvalid);
  EXPECT_EQ(log_in(register_account("x").record.serialize(), "x", too_long).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace bulla::opaque
