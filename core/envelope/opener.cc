#include "core/envelope/opener.h"

#include <algorithm>

namespace bulla::envelope {

Result<std::unique_ptr<ContentOpener>> ContentOpener::start(const EnvelopeId& id, ByteView server_share,
                                                            std::uint64_t file_size) {
  auto identity = SplitIdentity::from_share(id, server_share);
  if (!identity || file_size > SIZE_MAX / 2) return not_as_sealed();
  return std::unique_ptr<ContentOpener>(new ContentOpener(id, std::move(*identity), file_size));
}

ContentOpener::ContentOpener(const EnvelopeId& id, SplitIdentity&& identity, std::uint64_t file_size)
    : id_(id),
      identity_(std::move(identity)),
      file_size_(file_size),
      content_(static_cast<std::size_t>(file_size)),
      opener_({&identity_}, [this](ByteView plaintext) { return take(plaintext); }) {}

ContentOpener::~ContentOpener() = default;

// The content is shorter than the file, so it fits.
Result<> ContentOpener::take(ByteView plaintext) {
  if (plaintext.size() > content_.size() - used_) return not_as_sealed();
  std::ranges::copy(plaintext, content_.writable().begin() + static_cast<std::ptrdiff_t>(used_));
  used_ += plaintext.size();
  return {};
}

Result<> ContentOpener::write(ByteView bytes) {
  if (failed_ || bytes.size() > file_size_ - taken_) return failed();
  taken_ += bytes.size();
  if (!opener_.write(bytes)) return failed();
  return {};
}

Result<ContentView> ContentOpener::finish() {
  if (failed_ || !opener_.finish()) return failed();
  auto id = sealed_file_id(*opener_.header());
  if (!id || *id != id_) return failed();
  auto view = split_content(content_.reveal().first(used_));
  if (!view) return failed();
  return *view;
}

std::unexpected<Error> ContentOpener::failed() {
  failed_ = true;
  wipe(content_.writable());
  return not_as_sealed();
}

}  // namespace bulla::envelope
