// age is the one format for everything that is sealed (C2SP age, v1, binary): seal to recipients, open with identities.
//
//   auto sealed = age::seal(as_bytes("hello"), {&recipient}, random);
//   auto plain  = age::open(*sealed, {&identity});
//
// Everything else in this folder serves these two and their streamed forms, FileSealer and FileOpener. Both kinds
// accept and refuse the same files. There are no options and no other ciphers, and no error says why something did not
// decrypt.
#pragma once

#include <initializer_list>

#include "core/age/header.h"
#include "core/age/stream.h"

namespace bulla::age {

// seal makes a whole file in memory, to one recipient or more.
Result<Bytes> seal(ByteView plaintext, std::initializer_list<const Recipient*> recipients, Random& random);
// open opens a whole file in memory; nothing is returned unless all of it is authentic.
Result<Secret> open(ByteView file, std::initializer_list<const Identity*> identities);

// FileSealer makes a file of plaintext that comes in pieces.
class FileSealer {
 public:
  // start gives the header to the sink.
  static Result<FileSealer> start(std::span<const Recipient* const> recipients, Random& random, Sink sink);
  Result<> write(ByteView plaintext) { return stream_.write(plaintext); }
  Result<> finish() { return stream_.finish(); }

 private:
  explicit FileSealer(StreamSealer stream) : stream_(std::move(stream)) {}
  StreamSealer stream_;
};

// FileOpener opens a file that comes in pieces. See StreamOpener for what the sink may believe. Once it has failed it
// fails with the same error at each call.
class FileOpener {
 public:
  // The identities must outlive the opener.
  FileOpener(std::vector<const Identity*> identities, Sink sink);
  Result<> write(ByteView bytes);
  Result<> finish();
  // The header, once it is complete.
  const std::optional<Header>& header() const { return header_; }

 private:
  Result<> take_header(ByteView bytes);
  std::vector<const Identity*> identities_;
  Sink sink_;
  Bytes pending_;
  HeaderScanner scanner_;
  std::optional<Header> header_;
  std::optional<StreamOpener> stream_;
  std::optional<Error> failed_;
};

}  // namespace bulla::age
