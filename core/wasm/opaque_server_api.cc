// The server of OPAQUE for the host: in testing.wasm only, to be tried against clients that others wrote.
#include "core/opaque/server.h"
#include "core/wasm/abi.h"

namespace bulla::wasm {

// bulla_opaque_setup makes a server's setup: 96 bytes.
BULLA_EXPORT(bulla_opaque_setup)() {
  SystemRandom random;
  auto setup = opaque::ServerSetup::generate(random);
  return setup ? done(setup->serialize()) : failed(setup.error());
}

// bulla_opaque_setup_key returns the server's public key: 32 bytes.
BULLA_EXPORT(bulla_opaque_setup_key)(const std::uint8_t* setup_data, std::size_t setup_size) {
  auto setup = opaque::ServerSetup::parse(view(setup_data, setup_size));
  return setup ? done(setup->public_key()) : failed(setup.error());
}

// bulla_opaque_registration_response answers a registration request.
BULLA_EXPORT(bulla_opaque_registration_response)(const std::uint8_t* setup_data, std::size_t setup_size,
                                                 const std::uint8_t* identifier, std::size_t identifier_size,
                                                 const std::uint8_t* request, std::size_t request_size) {
  auto setup = opaque::ServerSetup::parse(view(setup_data, setup_size));
  if (!setup) return failed(setup.error());
  auto parsed = opaque::RegistrationRequest::parse(view(request, request_size));
  if (!parsed) return failed(parsed.error());
  auto response = setup->registration_response(*parsed, view(identifier, identifier_size));
  return response ? done(response->serialize()) : failed(response.error());
}

// bulla_opaque_start_login answers KE1; an empty record means that there is no account: login state (128), KE2 (320).
BULLA_EXPORT(bulla_opaque_start_login)(const std::uint8_t* setup_data, std::size_t setup_size,
                                       const std::uint8_t* identifier, std::size_t identifier_size,
                                       const std::uint8_t* record, std::size_t record_size, const std::uint8_t* ke1,
                                       std::size_t ke1_size, const std::uint8_t* context, std::size_t context_size) {
  auto setup = opaque::ServerSetup::parse(view(setup_data, setup_size));
  if (!setup) return failed(setup.error());
  auto parsed = opaque::Ke1::parse(view(ke1, ke1_size));
  if (!parsed) return failed(parsed.error());
  const auto stored = record_size == 0 ? std::optional<ByteView>() : view(record, record_size);
  SystemRandom random;
  auto start = setup->start_login(stored, *parsed, view(identifier, identifier_size),
                                  {std::string(text(context, context_size)), {}, {}}, random);
  if (!start) return failed(start.error());
  Bytes out = to_bytes(start->state.serialize().reveal());
  append(out, start->ke2.serialize());
  return done(Secret::take(std::move(out)));
}

// bulla_opaque_finish_login checks KE3: the session key.
BULLA_EXPORT(bulla_opaque_finish_login)(const std::uint8_t* state, std::size_t state_size, const std::uint8_t* ke3,
                                        std::size_t ke3_size) {
  auto login = opaque::ServerLogin::parse(view(state, state_size));
  if (!login) return failed(login.error());
  auto parsed = opaque::Ke3::parse(view(ke3, ke3_size));
  if (!parsed) return failed(parsed.error());
  return finish(opaque::finish_login(*login, *parsed));
}

}  // namespace bulla::wasm
