#include "core/envelope/seal.h"

#include <algorithm>

#include "core/base/check.h"

namespace bulla::envelope {
namespace {

Manifest describe(const SealRequest& request, const EnvelopeId& id, Millis now) {
  const auto& index = *request.index;
  Manifest manifest{.id = id};
  manifest.key = request.signing_key->public_key();
  manifest.organisation = request.organisation;
  manifest.from = index.from;
  manifest.sender = index.sender;
  manifest.to = index.to;
  manifest.cc = index.cc;
  manifest.subject = index.subject;
  manifest.date = index.date.value_or(now);
  manifest.sealed = now;
  manifest.expires = request.expires;
  manifest.may = request.may;
  manifest.reply = request.reply;
  manifest.archive = request.archive;
  manifest.original_size = request.message.size();
  manifest.runs = index.runs;
  manifest.parts = index.parts;
  manifest.body = index.body;
  manifest.complete = index.complete;
  return manifest;
}

}  // namespace

Result<SealedMessage> seal_message(const SealRequest& request, const Clock& clock, Random& random,
                                   const age::Sink& payload) {
  BULLA_ASSERT(request.index != nullptr && request.signing_key != nullptr);
  BULLA_TRY(const auto id, EnvelopeId::make(clock, random));
  BULLA_TRY(auto file_key, random_secret(random, age::kFileKeySize));
  auto manifest = describe(request, id, id.time());
  BULLA_TRY(auto sealer, ContentSealer::start(file_key.reveal(), random, payload, request.workers));
  BULLA_CHECK_OK(store(request.message, manifest.runs, [&](ByteView piece) { return sealer.write(piece); }));
  auto make_manifest = [&](const ContentSealer::Total& total) {
    manifest.size = total.size;
    manifest.root = total.root;
    return write_manifest(manifest);
  };
  BULLA_CHECK_OK(sealer.finish(make_manifest, *request.signing_key));
  return SealedMessage{id, std::move(file_key), std::move(manifest), sealer.payload_size()};
}

}  // namespace bulla::envelope
