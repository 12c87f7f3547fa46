#include "core/envelope/open.h"

#include <algorithm>

#include "core/base/reader.h"

namespace bulla::envelope {
namespace {

std::string_view domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

}  // namespace

Result<> OpenEnvelope::original(const ByteSink& sink) const {
  return restore(message_, manifest_.runs, sink);
}

// The order is the format's (§4).
Result<OpenEnvelope> open_envelope(ByteView file, const Release& release) {
  BULLA_TRY(auto opener, ContentOpener::start(release.id, release.share.reveal(), file.size()));
  BULLA_CHECK_OK(opener->write(file));
  BULLA_TRY(const auto content, opener->finish());
  BULLA_TRY(const auto signer, find_signer(content, release.signing_keys));
  auto manifest = parse_manifest(as_text(content.manifest));
  if (!manifest || manifest->key != signer || manifest->id != release.id) return not_as_sealed();
  const auto domain = domain_of(manifest->from.address);
  if (domain.empty() || std::ranges::find(release.domains, domain) == release.domains.end()) return not_as_sealed();
  BULLA_TRY(const auto message, check_message(content, manifest->size, manifest->root));
  return OpenEnvelope(std::move(opener), std::move(*manifest), message);
}

}  // namespace bulla::envelope
