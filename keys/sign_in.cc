#include "keys/sign_in.h"

#include "core/base/encoding.h"
#include "core/base/writer.h"

namespace bulla::keys {
namespace {

// LoginState is what the login token seals.
struct LoginState {
  Millis expires = 0;
  std::string address;
  opaque::ServerLogin login;
};

// expires (8) ‖ server login (128) ‖ address
Secret write_state(const LoginState& state) {
  Bytes out;
  append_u64_be(out, static_cast<std::uint64_t>(state.expires));
  append(out, state.login.serialize().reveal());
  append(out, state.address);
  return Secret::take(std::move(out));
}

Result<LoginState> read_state(ByteView bytes) {
  Reader in(bytes);
  const auto expires = in.u64_be();
  const auto login = in.take(opaque::ServerLogin::kSize);
  if (!expires || !login) return fail(Code::kInvalid, "a login token is too short");
  LoginState state;
  state.expires = static_cast<Millis>(*expires);
  BULLA_TRY(state.login, opaque::ServerLogin::parse(*login));
  state.address = as_text(in.rest());
  return state;
}

}  // namespace

Answer<LoginStarted> SignIn::start(const mail::Address& address, ByteView message, const Asker& asker) const {
  auto ke1 = opaque::Ke1::parse(message);
  if (!ke1) return deny(ProblemCode::kBadRequest, "message: this is no OPAQUE KE1");
  const Millis now = world_.clock.now();
  if (const auto wait = world_.limits.sign_in(address.text(), asker.network, now)) return deny_for(wait);

  std::optional<store::Account> account;
  BULLA_CHECK_OK(world_.store.read([&](store::Reader& r) -> Result<> {
    BULLA_TRY(account, r.account(address.text()));
    return {};
  }));
  std::optional<ByteView> record;
  if (account) record = account->opaque_record;
  BULLA_TRY(auto started, world_.opaque.start_login(record, *ke1, as_bytes(address.text()), {}, world_.random));
  const auto state = write_state({now + kLoginLife, address.text(), std::move(started.state)});
  BULLA_TRY(const auto token, world_.secret.seal(Use::kLogin, state.reveal(), world_.random));
  return LoginStarted{base64url(token), started.ke2.serialize()};
}

Answer<SignedIn> SignIn::finish(std::string_view login, ByteView message) const {
  const auto token = decode_base64url(login);
  auto opened = token ? world_.secret.open(Use::kLogin, *token) : fail(Code::kAuthentic, "no login token");
  if (!opened) return deny_sign_in();
  BULLA_TRY(const auto state, read_state(opened->reveal()));
  auto ke3 = opaque::Ke3::parse(message);
  if (!ke3) return deny(ProblemCode::kBadRequest, "message: this is no OPAQUE KE3");
  if (state.expires <= world_.clock.now() || !opaque::finish_login(state.login, *ke3)) return deny_sign_in();

  SignedIn out;
  auto kept = world_.store.write([&](store::Transaction& t) -> Result<> {
    BULLA_TRY(const auto account, t.account(state.address));
    if (!account) return fail(Code::kConflict, "the account is gone");
    BULLA_TRY(out.session, sessions_.reopen(t, state.address, *token));
    out.recipient = account->recipient;
    out.identity = account->identity;
    return {};
  });
  if (!kept && kept.error().code == Code::kConflict) return deny_sign_in();
  BULLA_CHECK_OK(std::move(kept));
  return out;
}

}  // namespace bulla::keys
