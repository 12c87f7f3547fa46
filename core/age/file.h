// age is the one format for everything that is sealed (C2SP age, v1, binary): seal to recipients, open with identities.
//
//   auto sealed = age::seal(as_bytes("hello"), {&recipient}, random);
//   auto plain  = age::open(*sealed, {&identity});
//
// Everything else in this folder serves these two and their streamed forms, FileOpener and StreamSealer.
#pragma once

#include <initializer_list>

#include "core/age/header.h"
#include "core/age/stream.h"

namespace bulla::age {

// seal makes a whole file in memory.
Result<Bytes> seal(ByteView plaintext, std::initializer_list<const Recipient*> recipients, Random& random);
// open opens a whole file in memory; nothing is returned unless all of it is authentic.
Result<Secret> open(ByteView file, std::initializer_list<const Identity*> identities);

// FileOpener opens a file that comes in pieces. See StreamOpener for what the sink may believe.
class FileOpener {
 public:
  // The identities must outlive the opener.
  FileOpener(std::vector<const Identity*> identities, Sink sink);
  Result<> write(ByteView bytes);
  Result<> finish();
  // The header, once it is complete.
  const std::optional<Header>& header() const { return header_; }

 private:
  std::vector<const Identity*> identities_;
  Sink sink_;
  Bytes pending_;
  std::optional<Header> header_;
  std::optional<StreamOpener> stream_;
};

}  // namespace bulla::age
