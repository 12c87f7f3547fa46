// For tests and for the making of vectors: randomness that is the same each time, and a small world to seal in.
#pragma once

#include <algorithm>
#include <string>

#include "core/base/writer.h"
#include "core/crypto/hash.h"
#include "core/envelope/open.h"
#include "core/envelope/seal.h"

namespace bulla::envelope::testing {

// SeededRandom gives SHA-256(seed ‖ n) for n = 0, 1, 2 … (8 bytes, big-endian), as one stream.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::string_view seed) : seed_(to_bytes(seed)) {}

  Result<> fill(MutableBytes out) override {
    for (auto& byte : out) {
      if (used_ == block_.size()) next();
      byte = block_[used_++];
    }
    return {};
  }
  // A number below `limit`, good enough for tests.
  std::size_t below(std::size_t limit) {
    ByteArray<8> bytes{};
    (void)fill(bytes);
    std::uint64_t value = 0;
    for (auto byte : bytes) value = value << 8 | byte;
    return static_cast<std::size_t>(value % limit);
  }
  Bytes bytes(std::size_t size) {
    Bytes out(size);
    (void)fill(out);
    return out;
  }

 private:
  void next() {
    auto input = seed_;
    append_u64_be(input, counter_++);
    block_ = crypto::sha256(input);
    used_ = 0;
  }
  Bytes seed_;
  std::uint64_t counter_ = 0;
  crypto::Sha256Digest block_{};
  std::size_t used_ = block_.size();
};

// FailingRandom works `good` times.
class FailingRandom final : public Random {
 public:
  explicit FailingRandom(int good) : left_(good) {}
  Result<> fill(MutableBytes out) override {
    if (left_-- <= 0) return fail_now();
    std::ranges::fill(out, std::uint8_t{7});
    return {};
  }

 private:
  static std::unexpected<Error> fail_now() { return bulla::fail(Code::kUnavailable, "no randomness"); }
  int left_;
};

inline crypto::Ed25519Key signing_key(std::string_view seed = "gateway of acme") {
  return std::move(*crypto::Ed25519Key::from_seed(crypto::sha256(as_bytes(seed))));
}

// World is an organisation that seals, and what its key server releases.
struct World {
  ManualClock clock{1'795'507'200'000};  // 2026-11-24T08:00:00Z
  SeededRandom random{"world"};
  crypto::Ed25519Key key = signing_key();

  struct Sealed {
    SealedMessage message;
    Bytes payload;
    Shares shares;
    Bytes header;
    Bytes file() const {
      auto out = header;
      append(out, payload);
      return out;
    }
  };

  static MessageIndex index() {
    MessageIndex out;
    out.from = {"ann@acme.example", "Ann"};
    out.to = {{"bob@example.org", "Bob"}};
    out.subject = "Figures";
    return out;
  }

  Result<Sealed> seal(ByteView mail, const MessageIndex& index, unsigned workers = 1) {
    Bytes payload;
    const auto sink = [&](ByteView bytes) -> Result<> {
      append(payload, bytes);
      return {};
    };
    BULLA_TRY(auto message, seal_message({.message = mail,
                                          .index = &index,
                                          .signing_key = &key,
                                          .organisation = {"acme", "Acme Ltd"},
                                          .expires = {},
                                          .may = {.reply = true},
                                          .reply = {},
                                          .archive = {},
                                          .workers = workers},
                                         clock, random, sink));
    BULLA_TRY(auto shares, Shares::make(random));
    BULLA_TRY(auto header, recipient_header(message.file_key.reveal(), message.id, shares.clone(), random));
    return Sealed{std::move(message), std::move(payload), std::move(shares), std::move(header)};
  }

  Release release(const Sealed& sealed) const {
    return {.id = sealed.message.id,
            .share = sealed.shares.server.clone(),
            .signing_keys = {signing_key("older").public_key(), key.public_key()},
            .domains = {"acme.example"}};
  }
};

inline Result<Bytes> original_of(const OpenEnvelope& opened) {
  Bytes out;
  BULLA_CHECK_OK(opened.original([&](ByteView bytes) -> Result<> {
    append(out, bytes);
    return {};
  }));
  return out;
}

}  // namespace bulla::envelope::testing
