#include "core/envelope/seal.h"

#include <gtest/gtest.h>

#include "core/age/file.h"
#include "core/base/encoding.h"
#include "core/envelope/open.h"
#include "core/envelope/padme.h"
#include "core/envelope/testing.h"

namespace bulla::envelope {
namespace {

using testing::original_of;
using testing::World;

// A message with one base64 body, and its index.
struct Letter {
  explicit Letter(std::string_view attachment) {
    const auto text = [&] {
      std::string out;
      Bytes ignored;
      const auto encoded = base64(as_bytes(attachment));
      for (std::size_t i = 0; i < encoded.size(); i += 76) out += (i == 0 ? "" : "\r\n") + encoded.substr(i, 76);
      return out;
    }();
    mail = to_bytes("From: ann@acme.example\r\n\r\n");
    index = World::index();
    if (!text.empty()) index.runs = {{mail.size(), attachment.size(), 76}};
    append(mail, text);
    append(mail, "\r\nend\r\n");
    index.complete = true;
    index.parts = {{.type = "text/plain", .offset = 0, .size = 10}};
  }
  Bytes mail;
  MessageIndex index;
};

TEST(Seal, OpensForItsRecipient) {
  World world;
  const Letter letter(std::string(5000, 'x'));
  const auto sealed = world.seal(letter.mail, letter.index);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->message.payload_size, sealed->payload.size());
  const auto opened = open_envelope(sealed->file(), world.release(*sealed));
  ASSERT_TRUE(opened);
  EXPECT_EQ(*original_of(*opened), letter.mail);
  EXPECT_EQ(opened->manifest(), sealed->message.manifest);
  EXPECT_EQ(opened->manifest().subject, "Figures");
  EXPECT_EQ(opened->manifest().date, world.clock.now());
  EXPECT_LT(opened->stored().size(), letter.mail.size());
  EXPECT_EQ(opened->part(opened->manifest().parts[0]).size(), 10U);
}

TEST(Seal, AllSizesAroundTheLeavesAndChunks) {
  World world;
  const auto bulk = world.random.bytes(2 * kLeafSize + 3);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, age::kChunkSize - 1, age::kChunkSize, age::kChunkSize + 1, kLeafSize - 1,
        kLeafSize, kLeafSize + 1, 2 * kLeafSize, 2 * kLeafSize + 3}) {
    for (const unsigned workers : {1U, 3U}) {
      const auto mail = ByteView(bulk).first(size);
      const auto sealed = world.seal(mail, World::index(), workers);
      ASSERT_TRUE(sealed) << size;
      const auto opened = open_envelope(sealed->file(), world.release(*sealed));
      ASSERT_TRUE(opened) << size << " " << workers;
      EXPECT_TRUE(equal_public(opened->stored(), mail));
      EXPECT_EQ(opened->manifest().root, root_hash(mail));
    }
  }
}

TEST(Seal, TheSealedLengthIsPadded) {
  World world;
  for (const std::size_t size : {0, 1, 1000, 100'000, 1'500'000}) {
    const auto sealed = *world.seal(Bytes(size), World::index());
    const auto plain = *age::plaintext_size(sealed.payload.size());
    EXPECT_EQ(padme(plain), plain) << size;
    EXPECT_GT(plain, size + kTrailerSize);
  }
}

TEST(ContentSealer, IsTheSameHoweverItIsFed) {
  const auto bulk = testing::SeededRandom("bulk").bytes(3 * kLeafSize + 70'000);
  auto seal = [&](unsigned workers, const std::function<std::size_t()>& piece_size) {
    Bytes out;
    testing::SeededRandom random("sealer");
    const auto sink = [&](ByteView bytes) -> Result<> {
      append(out, bytes);
      return {};
    };
    auto sealer = ContentSealer::start(Bytes(16), random, sink, workers);
    for (ByteView rest = bulk; !rest.empty();) {
      const auto piece = rest.first(std::min(rest.size(), piece_size()));
      EXPECT_TRUE(sealer->write(piece));
      rest = rest.subspan(piece.size());
    }
    EXPECT_TRUE(sealer->finish([](const auto&) { return Result<std::string>("{}"); }, testing::signing_key()));
    return out;
  };
  const auto whole = seal(1, [&] { return bulk.size(); });
  testing::SeededRandom sizes("sizes");
  EXPECT_EQ(seal(2, [&] { return bulk.size(); }), whole);
  EXPECT_EQ(seal(4, [] { return kLeafSize; }), whole);
  EXPECT_EQ(seal(1, [] { return std::size_t{65'537}; }), whole);
  EXPECT_EQ(seal(2, [&] { return 1 + sizes.below(300'000); }), whole);
  EXPECT_EQ(seal(3, [&] { return 1 + sizes.below(3 * kLeafSize); }), whole);
}

TEST(Seal, EveryFailureOnTheWayFailsIt) {
  World world;
  const auto index = World::index();
  const Bytes mail(3 * kLeafSize + 1);
  for (const unsigned workers : {1U, 2U}) {
    for (int good = 0;; ++good) {
      int left = good;
      const SealRequest request{.message = mail,
                                .index = &index,
                                .signing_key = &world.key,
                                .organisation = {"acme", ""},
                                .workers = workers};
      const auto sealed = seal_message(request, world.clock, world.random, [&](ByteView) -> Result<> {
        if (left-- > 0) return {};
        return fail(Code::kUnavailable, "disk full");
      });
      if (sealed) {
        EXPECT_GT(good, 3);
        break;
      }
      EXPECT_EQ(sealed.error().code, Code::kUnavailable);
    }
  }
  for (int good = 0; good < 3; ++good) {
    testing::FailingRandom random(good);
    const SealRequest request{.message = mail, .index = &index, .signing_key = &world.key};
    EXPECT_EQ(seal_message(request, world.clock, random, [](ByteView) { return Result<>(); }).error().code,
              Code::kUnavailable);
  }
}

TEST(Open, EachFlippedBitIsNoticed) {
  World world;
  const Letter letter("attachment");
  const auto sealed = *world.seal(letter.mail, letter.index);
  const auto release = world.release(sealed);
  auto file = sealed.file();
  for (std::size_t i = 0; i < file.size(); ++i) {
    const auto bit = static_cast<std::uint8_t>(1U << (i % 8));
    file[i] ^= bit;
    const auto opened = open_envelope(file, release);
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code, Code::kAuthentic);
    EXPECT_EQ(opened.error().text, kNotAsSealed);
    file[i] ^= bit;
  }
  for (std::size_t size = 0; size < file.size(); size += 7)
    ASSERT_FALSE(open_envelope(ByteView(file).first(size), release)) << size;
  file.push_back(0);
  EXPECT_FALSE(open_envelope(file, release));
}

TEST(Open, TakesOnlyWhatTheReleaseSays) {
  World world;
  const Letter letter("attachment");
  const auto sealed = *world.seal(letter.mail, letter.index);
  const auto other = *world.seal(letter.mail, letter.index);
  using Change = std::function<void(Release&)>;
  struct Row {
    const char* title;
    Change change;
  };
  for (const auto& [title, change] :
       {Row{"another share", [&](Release& r) { r.share = other.shares.server.clone(); }},
        {"a short share", [&](Release& r) { r.share = Secret(15); }},
        {"another message's id", [&](Release& r) { r.id = other.message.id; }},
        {"no signing keys", [](Release& r) { r.signing_keys.clear(); }},
        {"other signing keys", [](Release& r) { r.signing_keys = {testing::signing_key("other").public_key()}; }},
        {"no domains", [](Release& r) { r.domains.clear(); }},
        {"another domain", [](Release& r) { r.domains = {"example"}; }},
        {"a domain above", [](Release& r) { r.domains = {"x.acme.example", "cme.example"}; }}}) {
    auto release = world.release(sealed);
    change(release);
    const auto opened = open_envelope(sealed.file(), release);
    ASSERT_FALSE(opened) << title;
    EXPECT_EQ(opened.error().text, kNotAsSealed) << title;
  }
  EXPECT_TRUE(open_envelope(sealed.file(), world.release(sealed)));
}

TEST(Opener, TakesTheFileInAnyPieces) {
  World world;
  const Letter letter(std::string(200'000, 'x'));
  const auto sealed = *world.seal(letter.mail, letter.index);
  const auto file = sealed.file();
  for (const std::size_t step : {std::size_t{1000}, std::size_t{70'000}, file.size()}) {
    auto opener = *ContentOpener::start(sealed.message.id, sealed.shares.server.reveal(), file.size());
    for (ByteView rest = file; !rest.empty();) {
      const auto piece = rest.first(std::min(rest.size(), step));
      ASSERT_TRUE(opener->write(piece));
      rest = rest.subspan(piece.size());
    }
    EXPECT_TRUE(opener->finish());
  }
  auto opener = *ContentOpener::start(sealed.message.id, sealed.shares.server.reveal(), file.size() - 1);
  EXPECT_FALSE(opener->write(file));
  EXPECT_FALSE(opener->finish());
}

TEST(Open, AStockIdentityBesidesTheSplitOneIsRefused) {
  World world;
  const Letter letter("x");
  const auto sealed = *world.seal(letter.mail, letter.index);
  auto stanza =
      *SplitRecipient(sealed.message.id, sealed.shares.clone()).wrap(sealed.message.file_key.reveal(), world.random);
  const std::vector<age::Stanza> stanzas = {stanza, stanza};
  auto file = age::write_header(sealed.message.file_key.reveal(), stanzas);
  append(file, sealed.payload);
  EXPECT_FALSE(open_envelope(file, world.release(sealed)));
}

}  // namespace
}  // namespace bulla::envelope
