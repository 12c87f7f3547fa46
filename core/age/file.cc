#include "core/age/file.h"

#include <algorithm>

#include "core/base/check.h"

namespace bulla::age {

Result<Bytes> seal(ByteView plaintext, std::initializer_list<const Recipient*> recipients, Random& random) {
  Bytes out;
  auto sink = [&](ByteView bytes) -> Result<> {
    // Once the header is here, the size of the rest is known.
    if (out.empty()) out.reserve(bytes.size() + static_cast<std::size_t>(sealed_payload_size(plaintext.size())));
    append(out, bytes);
    return {};
  };
  BULLA_TRY(auto sealer, FileSealer::start({recipients.begin(), recipients.size()}, random, sink));
  BULLA_CHECK_OK(sealer.write(plaintext));
  BULLA_CHECK_OK(sealer.finish());
  return out;
}

Result<Secret> open(ByteView file, std::initializer_list<const Identity*> identities) {
  Reader in(file);
  BULLA_TRY(auto header, read_header(in));
  BULLA_TRY(auto file_key, open_header(header, {identities.begin(), identities.size()}));
  auto nonce = in.take(kPayloadNonceSize);
  if (!nonce) return fail(Code::kInvalid, "an age file ends before its payload");
  auto size = plaintext_size(kPayloadNonceSize + in.rest().size());
  if (!size) return fail(Code::kAuthentic, crypto::kDoesNotDecrypt);
  Secret plain(static_cast<std::size_t>(*size));
  crypto::Aead aead(payload_key(file_key.reveal(), *nonce).reveal());
  BULLA_CHECK_OK(open_chunks(aead, 0, in.rest(), true, plain.writable()));
  return plain;
}

Result<FileSealer> FileSealer::start(std::span<const Recipient* const> recipients, Random& random, Sink sink) {
  BULLA_ASSERT(!recipients.empty() && recipients.size() <= kMaxStanzas);
  BULLA_TRY(auto file_key, random_secret(random, kFileKeySize));
  BULLA_TRY(auto header, write_header(file_key.reveal(), recipients, random));
  BULLA_CHECK_OK(sink(header));
  BULLA_TRY(auto stream, StreamSealer::start(file_key.reveal(), random, std::move(sink)));
  return FileSealer(std::move(stream));
}

FileOpener::FileOpener(std::vector<const Identity*> identities, Sink sink)
    : identities_(std::move(identities)), sink_(std::move(sink)) {}

Result<> FileOpener::write(ByteView bytes) {
  if (failed_) return fail(*failed_);
  auto result = stream_ ? stream_->write(bytes) : take_header(bytes);
  if (!result) failed_ = result.error();
  return result;
}

Result<> FileOpener::take_header(ByteView bytes) {
  const auto before = pending_.size();
  append(pending_, bytes.first(std::min(bytes.size(), kMaxHeader + 1 - before)));
  BULLA_TRY(auto size, scanner_.scan(pending_));
  if (!size) return {};
  Reader in{ByteView(pending_).first(*size)};
  BULLA_TRY(header_, read_header(in));
  BULLA_ASSERT(in.at_end());
  pending_ = Bytes();
  BULLA_TRY(auto file_key, open_header(*header_, identities_));
  BULLA_TRY(stream_, StreamOpener::start(file_key.reveal(), std::move(sink_)));
  return stream_->write(bytes.subspan(*size - before));
}

Result<> FileOpener::finish() {
  if (failed_) return fail(*failed_);
  if (!stream_) return fail(Code::kInvalid, "an age file ends before its header does");
  return stream_->finish();
}

}  // namespace bulla::age
