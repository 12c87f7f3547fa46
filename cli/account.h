// Account: registering and signing in. The password never leaves this program (OPAQUE, RFC 9807); the account's
// identity is made here, and the key server keeps it wrapped under a key that only the password gives.
#pragma once

#include <string>

#include "cli/key_server.h"
#include "core/age/x25519.h"
#include "core/base/random.h"

namespace bulla::cli {

// Session is a signed-in account: the token for the key server, and the identity that opens its shares.
struct Session {
  Secret token;
  std::string address;
  age::X25519Identity identity;
};

// wrap_identity and unwrap_identity: the account's identity under the OPAQUE export key (key-api.md, Wrapped identity).
Result<Bytes> wrap_identity(const age::X25519Identity& identity, const Secret& export_key, Random& random);
Result<age::X25519Identity> unwrap_identity(ByteView wrapped, const Secret& export_key);

// request_code asks for a code to be mailed and returns the request that it belongs to.
Result<std::string> request_code(KeyServer& server, std::string_view address);
// verify_code gives the ticket to register with. kDenied and kInvalid: the code is wrong, and another may be tried;
// kTooMany: it was the last try.
Result<std::string> verify_code(KeyServer& server, std::string_view request, const Secret& code);
// register_account makes a new identity and registers it under the password.
Result<Session> register_account(KeyServer& server, std::string_view ticket, const Secret& password, Random& random);
// sign_in: kDenied for a wrong password and for an address without an account alike.
Result<Session> sign_in(KeyServer& server, std::string_view address, const Secret& password, Random& random);

}  // namespace bulla::cli
