// A key server's decisions over a store in memory, with a clock that the test moves, and a recipient's side of OPAQUE:
// for tests only.
#pragma once

#include <stdexcept>

#include "core/age/file.h"
#include "core/base/encoding.h"
#include "core/crypto/hash.h"
#include "core/opaque/client.h"
#include "keys/accounts.h"
#include "keys/codes.h"
#include "keys/opening.h"
#include "keys/registering.h"
#include "keys/sign_in.h"
#include "store/memory_store.h"

namespace bulla::keys::test {

constexpr Millis kStart = 1'800'000'000'000;

// must returns the value of a Result or an Answer, or throws what it says instead.
template <class Outcome>
auto must(Outcome outcome) {
  if constexpr (requires { outcome.error().message; }) {
    if (!outcome) throw std::runtime_error(outcome.error().message + " " + outcome.error().cause);
  } else {
    if (!outcome) throw std::runtime_error(outcome.error().text);
  }
  if constexpr (!std::is_void_v<typename Outcome::value_type>) return std::move(*outcome);
}

inline mail::Address address(std::string_view text) {
  return mail::Address::parse(text).value();
}

inline store::EnvelopeId envelope_id(std::uint8_t byte) {
  store::EnvelopeId id;
  id.fill(byte);
  return id;
}

inline Organisation organisation(const std::string& id, const std::string& domain) {
  Organisation out{id, "The " + id, {domain}, {base64url(ByteArray<32>{1})}, {}};
  out.token_sha256 = crypto::sha256(as_bytes("token of " + id));
  return out;
}

inline std::shared_ptr<const Organisations> two_organisations() {
  return must(Organisations::make({organisation("acme", "acme.example"), organisation("other", "other.example")}));
}

// TestWorld is all that the decisions need. Another store (one that fails) may stand before the memory.
class TestWorld {
 public:
  explicit TestWorld(store::Store* front = nullptr)
      : release_key(must(age::X25519Identity::generate(random))),
        world{front ? *front : memory, clock, random, secret, release_key, opaque, organisations, *limits} {}

  World with_store(store::Store& other) const {
    return {other,       world.clock,  world.random,        world.secret,
            release_key, world.opaque, world.organisations, world.limits};
  }

  SystemRandom random;
  ManualClock clock{kStart};
  store::MemoryStore memory;
  ServerSecret secret = must(ServerSecret::from_bytes(ByteArray<32>{7}));
  ReleaseKey release_key;
  opaque::ServerSetup opaque = must(opaque::ServerSetup::generate(random));
  OrganisationBook organisations{two_organisations()};
  std::unique_ptr<Limits> limits = must(Limits::make(random));
  World world;
  const Organisation acme = organisation("acme", "acme.example");
  const Asker asker{"192.0.2.0/24"};

  // get asks the store.
  template <class Question>
  auto get(const Question& question) {
    typename decltype(question(std::declval<store::Reader&>()))::value_type out{};
    must(memory.read([&](store::Reader& r) -> Result<> {
      BULLA_TRY(out, question(r));
      return {};
    }));
    return out;
  }

  // The code in the newest mail of the outbox; empty when the mail has none, or there is no mail.
  std::string mailed_code() {
    const auto mails = get([](store::Reader& r) { return r.outbox(INT64_MAX, 1000); });
    if (mails.empty() || mails.back().kind != store::MailKind::kCode) return {};
    return to_string(must(secret.open(Use::kMail, mails.back().body)).reveal());
  }

  // A recipient of an envelope, whose share is sealed to the release key or to a person's.
  NewRecipient recipient(const std::string& to, ByteView share, const std::string& person = {}) {
    const auto key = must(age::X25519Recipient::parse(person.empty() ? release_key.recipient() : person));
    return {to, {person.empty() ? release_key.holder() : person, must(seal_share(key, share, random))}};
  }
  NewEnvelope envelope(std::uint8_t id, std::vector<NewRecipient> recipients) {
    return {envelope_id(id), "Ann@Acme.Example", "Ann", kStart - 5, kStart + 90 * kDay, std::move(recipients)};
  }
  Registration register_one(std::uint8_t id, NewRecipient to) {
    const auto results = must(Registering(world).register_envelopes(acme, {envelope(id, {std::move(to)})}));
    return results.at(0).recipients.at(0).status;
  }
};

// Person is a recipient's browser: it makes an identity, registers with a password, signs in, and opens shares.
class Person {
 public:
  Person(std::string address, std::string password) : address_(std::move(address)), password_(std::move(password)) {}

  std::string recipient() const { return identity_.recipient().text(); }

  // The two halves of a registration, for tests that do something in between.
  NewAccount make_account(const std::string& ticket, const World& world, const Asker& asker = {"home"}) {
    auto started = must(opaque::start_registration(as_bytes(password_), random_));
    const auto response = must(Accounts(world).start(ticket, started.request.serialize(), asker));
    const auto done = must(opaque::finish_registration(started.state, as_bytes(password_),
                                                       must(opaque::RegistrationResponse::parse(response)), {},
                                                       opaque::Stretching::none(), random_));
    return {ticket, to_bytes(done.record.serialize().reveal()), recipient(), wrapped()};
  }
  SessionGiven register_with(const std::string& ticket, const World& world) {
    return must(Accounts(world).finish(make_account(ticket, world), {"home"}));
  }

  struct Login {
    LoginStarted started;
    Bytes ke3;  // empty: the client found that the password is wrong, or there is no account
  };
  Login log_in(const World& world, const Asker& asker, const std::string& password) {
    auto start = must(opaque::start_login(as_bytes(password), random_));
    Login out{must(SignIn(world).start(test::address(address_), start.ke1.serialize(), asker)), {}};
    const auto done = opaque::finish_login(
        start.state, as_bytes(password), must(opaque::Ke2::parse(out.started.message)), {}, opaque::Stretching::none());
    if (done) out.ke3 = done->ke3.serialize();
    return out;
  }
  Login log_in(const World& world, const Asker& asker) { return log_in(world, asker, password_); }

  // The share in a stanza; no value when it is not sealed to this person.
  std::optional<Bytes> open(const std::string& stanza) {
    const auto parsed = must(age::parse_stanza(stanza));
    const auto share = must(identity_.unwrap(std::span(&parsed, 1)));
    return share ? std::optional(to_bytes(share->reveal())) : std::nullopt;
  }

 private:
  // The server looks at its shape only.
  Bytes wrapped() {
    if (wrapped_.empty()) wrapped_ = must(age::seal(identity_.text().reveal(), {&identity_.recipient()}, random_));
    return wrapped_;
  }

  SystemRandom random_;
  std::string address_;
  std::string password_;
  age::X25519Identity identity_ = must(age::X25519Identity::generate(random_));
  Bytes wrapped_;
};

// prove goes from an address to a ticket by way of the mailed code.
inline AddressProved prove(TestWorld& t, std::string_view who) {
  Codes codes(t.world);
  const auto issued = must(codes.request(address(who), t.asker));
  return must(codes.verify(issued.request, t.mailed_code(), t.asker));
}

}  // namespace bulla::keys::test
