// The messages of OPAQUE: what parses is written back as it was, and a server answers whatever parses, or refuses it.
// First byte: which message. The rest: its bytes.
#include "core/base/test_random.h"
#include "core/opaque/client.h"
#include "core/opaque/server.h"
#include "fuzz/fuzzer.h"

using namespace bulla;

namespace {

const opaque::ServerSetup& setup() {
  static const auto made = [] {
    test::FixedRandom random;
    return opaque::ServerSetup::generate(random).value();
  }();
  return made;
}

template <class Message>
std::optional<Message> parse(ByteView bytes) {
  auto parsed = Message::parse(bytes);
  if (!parsed) return std::nullopt;
  fuzz::accepted();
  const auto back = parsed->serialize();
  if constexpr (std::is_same_v<std::remove_cvref_t<decltype(back)>, Secret>)
    BULLA_ASSERT(equal_public(back.reveal(), bytes));
  else
    BULLA_ASSERT(equal_public(back, bytes));
  return std::move(*parsed);
}

// A login that an attacker starts, and answers with a KE2 of his own: it never succeeds.
void attack_client(const opaque::Ke2& ke2) {
  test::FixedRandom random;
  auto start = opaque::start_login(as_bytes("password"), random).value();
  BULLA_ASSERT(!opaque::finish_login(start.state, as_bytes("password"), ke2, {}, opaque::Stretching::none()));
}

// A server of the attacker's may answer a registration: whatever comes of it is a record that can be kept.
void attack_registration(const opaque::RegistrationResponse& response) {
  test::FixedRandom random;
  auto start = opaque::start_registration(as_bytes("password"), random).value();
  const auto done =
      opaque::finish_registration(start.state, as_bytes("password"), response, {}, opaque::Stretching::none(), random);
  if (done) BULLA_ASSERT(opaque::Record::parse(done->record.serialize().reveal()) && done->export_key.size() == 64);
}

// The server's secrets, as they stand in its file.
void use_setup(const opaque::ServerSetup& setup) {
  test::FixedRandom random;
  auto start = opaque::start_registration(as_bytes("password"), random).value();
  BULLA_ASSERT(setup.registration_response(start.request, as_bytes("bob@example.org")));
}

void attack_server(const std::optional<ByteView>& record, const opaque::Ke1& ke1) {
  test::FixedRandom random;
  auto start = setup().start_login(record, ke1, as_bytes("bob@example.org"), {}, random);
  BULLA_ASSERT(start);
  BULLA_ASSERT(opaque::Ke2::parse(start->ke2.serialize()));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto kind = input.byte();
  const auto bytes = input.rest();
  switch (kind % 8) {
    case 0:
      if (auto request = parse<opaque::RegistrationRequest>(bytes))
        BULLA_ASSERT(setup().registration_response(*request, as_bytes("bob@example.org")));
      break;
    case 1:
      if (auto response = parse<opaque::RegistrationResponse>(bytes)) attack_registration(*response);
      break;
    case 2:
      if (parse<opaque::Record>(bytes)) {
        test::FixedRandom random;
        attack_server(bytes, opaque::start_login(as_bytes("password"), random).value().ke1);
      }
      break;
    case 3:
      if (auto ke1 = parse<opaque::Ke1>(bytes)) attack_server(std::nullopt, *ke1);
      break;
    case 4:
      if (auto ke2 = parse<opaque::Ke2>(bytes)) attack_client(*ke2);
      break;
    case 5:
      parse<opaque::Ke3>(bytes);
      break;
    case 6:
      parse<opaque::ServerLogin>(bytes);
      break;
    default:
      if (auto setup = parse<opaque::ServerSetup>(bytes)) use_setup(*setup);
      break;
  }
  return 0;
}
