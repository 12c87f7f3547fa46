#include "core/opaque/messages.h"

#include <algorithm>

#include "core/base/reader.h"

namespace bulla::opaque {
namespace {

// Fields reads a message of one exact size, field by field; what goes wrong on the way is told at the end.
class Fields {
 public:
  Fields(ByteView bytes, std::size_t size) : reader_(bytes), good_(bytes.size() == size) {}

  template <std::size_t N>
  void bytes(ByteArray<N>& out) {
    if (auto taken = take(N)) std::ranges::copy(*taken, out.begin());
  }
  void element(Element& out) {
    bytes(out);
    good_ = good_ && is_element(out);
  }
  void secret(Secret& out, std::size_t size) {
    if (auto taken = take(size)) out = Secret::copy_of(*taken);
  }

  // complete tells what went wrong, if anything did.
  Result<> complete(const char* name) const {
    if (!good_) return fail(Code::kInvalid, std::string("an OPAQUE message is malformed: ") + name);
    return {};
  }

 private:
  std::optional<ByteView> take(std::size_t size) { return good_ ? reader_.take(size) : std::nullopt; }

  Reader reader_;
  bool good_;
};

template <class... Parts>
Bytes join(const Parts&... parts) {
  Bytes out;
  (append(out, ByteView(parts)), ...);
  return out;
}

}  // namespace

Bytes RegistrationRequest::serialize() const {
  return join(blinded);
}

Result<RegistrationRequest> RegistrationRequest::parse(ByteView bytes) {
  Fields in(bytes, kSize);
  RegistrationRequest out;
  in.element(out.blinded);
  BULLA_CHECK_OK(in.complete("registration request"));
  return out;
}

Bytes RegistrationResponse::serialize() const {
  return join(evaluated, server_public_key);
}

Result<RegistrationResponse> RegistrationResponse::parse(ByteView bytes) {
  Fields in(bytes, kSize);
  RegistrationResponse out;
  in.element(out.evaluated);
  in.element(out.server_public_key);
  BULLA_CHECK_OK(in.complete("registration response"));
  return out;
}

Bytes Envelope::serialize() const {
  return join(nonce, auth_tag);
}

Result<Envelope> Envelope::parse(ByteView bytes) {
  Fields in(bytes, kSize);
  Envelope out;
  in.bytes(out.nonce);
  in.bytes(out.auth_tag);
  BULLA_CHECK_OK(in.complete("envelope"));
  return out;
}

Secret Record::serialize() const {
  return Secret::take(join(client_public_key, masking_key.reveal(), envelope.nonce, envelope.auth_tag));
}

Result<Record> Record::parse(ByteView bytes) {
  Fields in(bytes, kSize);
  Record out;
  in.element(out.client_public_key);
  in.secret(out.masking_key, kHashSize);
  in.bytes(out.envelope.nonce);
  in.bytes(out.envelope.auth_tag);
  BULLA_CHECK_OK(in.complete("record"));
  return out;
}

Bytes Ke1::serialize() const {
  return join(blinded, client_nonce, client_keyshare);
}

Result<Ke1> Ke1::parse(ByteView bytes) {
  Fields in(bytes, kSize);
  Ke1 out;
  in.element(out.blinded);
  in.bytes(out.client_nonce);
  in.element(out.client_keyshare);
  BULLA_CHECK_OK(in.complete("KE1"));
  return out;
}

Bytes CredentialResponse::serialize() const {
  return join(evaluated, masking_nonce, masked);
}

Bytes Ke2::serialize() const {
  return join(response.serialize(), server_nonce, server_keyshare, server_mac);
}

Result<Ke2> Ke2::parse(ByteView bytes) {
  Fields in(bytes, kSize);
  Ke2 out;
  in.element(out.response.evaluated);
  in.bytes(out.response.masking_nonce);
  in.bytes(out.response.masked);
  in.bytes(out.server_nonce);
  in.element(out.server_keyshare);
  in.bytes(out.server_mac);
  BULLA_CHECK_OK(in.complete("KE2"));
  return out;
}

Bytes Ke3::serialize() const {
  return join(client_mac);
}

Result<Ke3> Ke3::parse(ByteView bytes) {
  Fields in(bytes, kSize);
  Ke3 out;
  in.bytes(out.client_mac);
  BULLA_CHECK_OK(in.complete("KE3"));
  return out;
}

}  // namespace bulla::opaque
