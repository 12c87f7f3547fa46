// ContentOpener decrypts a sealed file that comes in pieces and holds its content, for the checks that follow.
#pragma once

#include "core/age/file.h"
#include "core/envelope/check.h"
#include "core/envelope/split.h"

namespace bulla::envelope {

class ContentOpener {
 public:
  // `id` is the envelope that was asked for; server_share is what the release gave (kServerShareSize bytes).
  // file_size is an upper bound for the size of the file: memory is taken once, and more than that is refused.
  static Result<std::unique_ptr<ContentOpener>> start(const EnvelopeId& id, ByteView server_share,
                                                      std::uint64_t file_size);
  ~ContentOpener();
  ContentOpener(const ContentOpener&) = delete;
  ContentOpener& operator=(const ContentOpener&) = delete;

  // write takes the next bytes of the file. Every failure, here and in finish, is not_as_sealed().
  Result<> write(ByteView bytes);
  // finish checks that the file is complete and takes its content apart. The view lives as long as the opener.
  Result<ContentView> finish();

 private:
  ContentOpener(const EnvelopeId& id, SplitIdentity&& identity, std::uint64_t file_size);
  Result<> take(ByteView plaintext);
  std::unexpected<Error> failed();

  EnvelopeId id_;
  SplitIdentity identity_;
  std::uint64_t file_size_;
  std::uint64_t taken_ = 0;
  Secret content_;
  std::size_t used_ = 0;
  bool failed_ = false;
  age::FileOpener opener_;
};

}  // namespace bulla::envelope
