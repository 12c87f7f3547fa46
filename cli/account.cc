#include "cli/account.h"

#include "core/age/file.h"
#include "core/base/encoding.h"
#include "core/crypto/hkdf.h"
#include "core/opaque/client.h"

namespace bulla::cli {
namespace {

constexpr std::string_view kIdentityInfo = "bulla/v1/identity";
constexpr std::size_t kMaxWrappedIdentity = 4096;

std::unexpected<Error> cannot_sign_in() {
  return fail(Code::kDenied, "the key server does not know this address with this password",
              "check both; an account is made with: bulla register ADDRESS --server URL");
}

Result<age::X25519Identity> wrapping_identity(const Secret& export_key) {
  const auto scalar = crypto::hkdf_sha256(export_key.reveal(), {}, kIdentityInfo, crypto::kX25519ScalarSize);
  return age::X25519Identity::from_scalar(scalar.reveal());
}

// message_of reads the OPAQUE message of an answer.
template <class Message>
Result<Message> message_of(const JsonObject& answer) {
  BULLA_TRY(const auto bytes, answer.binary("message"));
  return Message::parse(bytes);
}

Result<Session> session_of(const JsonObject& answer, age::X25519Identity identity) {
  BULLA_TRY(auto token, answer.text("session"));
  auto secret = Secret::copy_of(as_bytes(token));
  wipe(token);
  BULLA_TRY(auto address, answer.text("address"));
  return Session{std::move(secret), std::move(address), std::move(identity)};
}

}  // namespace

Result<Bytes> wrap_identity(const age::X25519Identity& identity, const Secret& export_key, Random& random) {
  BULLA_TRY(const auto wrapping, wrapping_identity(export_key));
  const auto text = identity.text();
  return age::seal(text.reveal(), {&wrapping.recipient()}, random);
}

Result<age::X25519Identity> unwrap_identity(ByteView wrapped, const Secret& export_key) {
  if (wrapped.size() > kMaxWrappedIdentity) return fail(Code::kInvalid, "the wrapped identity is too large");
  BULLA_TRY(const auto wrapping, wrapping_identity(export_key));
  BULLA_TRY(const auto text, age::open(wrapped, {&wrapping}));
  return age::X25519Identity::parse(as_text(text.reveal()));
}

Result<std::string> request_code(KeyServer& server, std::string_view address) {
  BULLA_TRY(const auto answer, server.post("/v1/codes", {{"address", address}}));
  return answer.text("request");
}

Result<std::string> verify_code(KeyServer& server, std::string_view request, const Secret& code) {
  // People copy codes with the blank that the mail shows.
  std::string digits;
  for (const char c : as_text(code.reveal())) {
    if (c != ' ' && c != '-') digits.push_back(c);
  }
  BULLA_TRY(const auto answer, server.post("/v1/codes/verify", {{"request", request}, {"code", digits}}));
  return answer.text("ticket");
}

Result<Session> register_account(KeyServer& server, std::string_view ticket, const Secret& password, Random& random) {
  BULLA_TRY(const auto start, opaque::start_registration(password.reveal(), random));
  BULLA_TRY(const auto response, server.post("/v1/registration/start",
                                             {{"ticket", ticket}, {"message", base64url(start.request.serialize())}}));
  BULLA_TRY(const auto message, message_of<opaque::RegistrationResponse>(response));
  BULLA_TRY(const auto done, opaque::finish_registration(start.state, password.reveal(), message, opaque::Parameters{},
                                                         opaque::Stretching{}, random));
  BULLA_TRY(auto identity, age::X25519Identity::generate(random));
  BULLA_TRY(const auto wrapped, wrap_identity(identity, done.export_key, random));
  BULLA_TRY(const auto answer,
            server.post("/v1/registration/finish", {{"ticket", ticket},
                                                    {"message", base64url(done.record.serialize().reveal())},
                                                    {"recipient", identity.recipient().text()},
                                                    {"identity", base64url(wrapped)}}));
  return session_of(answer, std::move(identity));
}

Result<Session> sign_in(KeyServer& server, std::string_view address, const Secret& password, Random& random) {
  BULLA_TRY(const auto start, opaque::start_login(password.reveal(), random));
  BULLA_TRY(const auto response,
            server.post("/v1/session/start", {{"address", address}, {"message", base64url(start.ke1.serialize())}}));
  BULLA_TRY(const auto login, response.text("login"));
  BULLA_TRY(const auto message, message_of<opaque::Ke2>(response));
  const auto done =
      opaque::finish_login(start.state, password.reveal(), message, opaque::Parameters{}, opaque::Stretching{});
  if (!done) return done.error().code == Code::kAuthentic ? cannot_sign_in() : fail(done.error());
  BULLA_TRY(const auto answer,
            server.post("/v1/session/finish", {{"login", login}, {"message", base64url(done->ke3.serialize())}}));
  BULLA_TRY(const auto wrapped, answer.binary("identity"));
  BULLA_TRY(auto identity, unwrap_identity(wrapped, done->export_key));
  return session_of(answer, std::move(identity));
}

}  // namespace bulla::cli
