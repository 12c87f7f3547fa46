// The client of OPAQUE for the host (see core/opaque/client.h), with Argon2id at the cost that accounts use.
#include "core/opaque/client.h"
#include "core/wasm/abi.h"

namespace bulla::wasm {
namespace {

opaque::Parameters parameters(const std::uint8_t* context, std::size_t size) {
  return {std::string(text(context, size)), {}, {}};
}

}  // namespace

// bulla_opaque_register starts a registration: a handle, and behind it the registration request.
BULLA_EXPORT(bulla_opaque_register)(const std::uint8_t* password, std::size_t size) {
  SystemRandom random;
  auto start = opaque::start_registration(view(password, size), random);
  if (!start) return failed(start.error());
  return done_handle(new opaque::RegistrationState(std::move(start->state)), start->request.serialize());
}

// bulla_opaque_register_finish takes the registration response: export key (64), server's public key (32), record
// (192).
BULLA_EXPORT(bulla_opaque_register_finish)(const opaque::RegistrationState* state, const std::uint8_t* password,
                                           std::size_t password_size, const std::uint8_t* response,
                                           std::size_t response_size, const std::uint8_t* context,
                                           std::size_t context_size) {
  auto parsed = opaque::RegistrationResponse::parse(view(response, response_size));
  if (!parsed) return failed(parsed.error());
  SystemRandom random;
  auto result = opaque::finish_registration(*state, view(password, password_size), *parsed,
                                            parameters(context, context_size), opaque::Stretching(), random);
  if (!result) return failed(result.error());
  Bytes out = to_bytes(result->export_key.reveal());
  append(out, result->server_public_key);
  append(out, result->record.serialize().reveal());
  return done(Secret::take(std::move(out)));
}

BULLA_EXPORT(bulla_opaque_register_free)(opaque::RegistrationState* state) {
  delete state;
  return done();
}

// bulla_opaque_login starts a login: a handle, and behind it KE1.
BULLA_EXPORT(bulla_opaque_login)(const std::uint8_t* password, std::size_t size) {
  SystemRandom random;
  auto start = opaque::start_login(view(password, size), random);
  if (!start) return failed(start.error());
  return done_handle(new opaque::LoginState(std::move(start->state)), start->ke1.serialize());
}

// bulla_opaque_login_finish takes KE2: export key (64), session key (64), server's public key (32), KE3 (64).
BULLA_EXPORT(bulla_opaque_login_finish)(const opaque::LoginState* state, const std::uint8_t* password,
                                        std::size_t password_size, const std::uint8_t* ke2, std::size_t ke2_size,
                                        const std::uint8_t* context, std::size_t context_size) {
  auto parsed = opaque::Ke2::parse(view(ke2, ke2_size));
  if (!parsed) return failed(parsed.error());
  auto result = opaque::finish_login(*state, view(password, password_size), *parsed, parameters(context, context_size),
                                     opaque::Stretching());
  if (!result) return failed(result.error());
  Bytes out = to_bytes(result->export_key.reveal());
  append(out, result->session_key.reveal());
  append(out, result->server_public_key);
  append(out, result->ke3.serialize());
  return done(Secret::take(std::move(out)));
}

BULLA_EXPORT(bulla_opaque_login_free)(opaque::LoginState* state) {
  delete state;
  return done();
}

}  // namespace bulla::wasm
