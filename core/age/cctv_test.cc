// Every public age vector that applies: whole, streamed in pieces of several sizes, and written again.
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <map>
#include <sstream>

#include "core/age/file.h"
#include "core/age/x25519.h"
#include "core/base/encoding.h"
#include "core/crypto/hash.h"

namespace bulla::age {
namespace {

constexpr auto kHint = "The vectors are the npm package cctv-age 0.2.0, looked for in " BULLA_CCTV_DIR
                       " (CMake variable BULLA_CCTV_DIR). `./dev test` installs it; by hand: npm ci in web/.";

struct Vector {
  std::string name;
  std::multimap<std::string, std::string> fields;  // expect, payload, identity, ...
  Bytes file;                                      // decompressed

  std::string field(const std::string& key) const {
    auto found = fields.find(key);
    return found == fields.end() ? std::string() : found->second;
  }
};

Bytes inflate_all(ByteView packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit(&stream), Z_OK);
  stream.next_in = const_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  Bytes out, piece(1 << 20);
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = piece.data();
    stream.avail_out = static_cast<uInt>(piece.size());
    state = inflate(&stream, Z_NO_FLUSH);
    append(out, ByteView(piece).first(piece.size() - stream.avail_out));
  }
  inflateEnd(&stream);
  EXPECT_EQ(state, Z_STREAM_END);
  return out;
}

// "key: value" lines, an empty line, then the file.
Vector parse_vector(std::string name, const Bytes& text) {
  Vector vector;
  vector.name = std::move(name);
  Reader in(text);
  while (auto line = in.line(10'000)) {
    if (line->empty()) break;
    auto field = to_string(*line);
    auto colon = field.find(": ");
    EXPECT_NE(colon, std::string::npos) << field;
    vector.fields.emplace(field.substr(0, colon), field.substr(colon + 2));
  }
  vector.file = vector.field("compressed") == "zlib" ? inflate_all(in.rest()) : to_bytes(in.rest());
  return vector;
}

// The package is one script, in which each vector stands as
//   // ../testdata/NAME
//   var NAME_default = __toBinary("BASE64");
std::vector<Vector> load_vectors() {
  std::ifstream script(BULLA_CCTV_DIR "/index.js");
  std::vector<Vector> vectors;
  constexpr std::string_view kName = "// ../testdata/", kCall = "__toBinary(\"";
  for (std::string line, name; std::getline(script, line);) {
    if (line.starts_with(kName)) name = line.substr(kName.size());
    auto call = line.find(kCall);
    if (name.empty() || call == std::string::npos) continue;
    auto begin = call + kCall.size();
    auto bytes = decode_base64(std::string_view(line).substr(begin, line.find('"', begin) - begin));
    EXPECT_TRUE(bytes) << name;
    if (bytes) vectors.push_back(parse_vector(name, *bytes));
    name.clear();
  }
  return vectors;
}

// Kind says which vectors apply, and why the others do not.
enum class Kind {
  kApplies,     // binary file, X25519 identities or none
  kArmor,       // ASCII armor: everything of ours is binary, or in the envelope's own base64
  kPassphrase,  // scrypt recipients: a password never opens anything here without the key server
  kHybrid,      // ML-KEM-768 with X25519: the formats leave room for it, this version does not write it
};

Kind kind_of(const Vector& vector) {
  if (vector.field("armored") == "yes") return Kind::kArmor;
  if (!vector.field("passphrase").empty()) return Kind::kPassphrase;
  bool has_identity = false;
  for (auto [begin, end] = vector.fields.equal_range("identity"); begin != end; ++begin) {
    if (begin->second.starts_with("AGE-SECRET-KEY-1")) return Kind::kApplies;
    has_identity = true;
  }
  return has_identity ? Kind::kHybrid : Kind::kApplies;
}

// Outcome is the vector's word for what happened, and what was released before.
struct Outcome {
  std::string expect;
  Bytes released;
};

std::string outcome_of(const Error& error, bool header_done) {
  switch (error.code) {
    case Code::kInvalid:
      return "header failure";
    case Code::kDenied:
      return "no match";
    case Code::kAuthentic:
      return header_done ? "payload failure" : "HMAC failure";
    default:
      return "unexpected: " + error.text;
  }
}

class Cctv : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_FALSE(all().empty()) << kHint; }

  static const std::vector<Vector>& all() {
    static const auto vectors = load_vectors();
    return vectors;
  }
  static std::vector<const Vector*> applicable() {
    std::vector<const Vector*> out;
    for (auto& vector : all())
      if (kind_of(vector) == Kind::kApplies) out.push_back(&vector);
    return out;
  }

  // The X25519 identities of a vector; those of other kinds are not ours.
  static std::vector<X25519Identity> identities(const Vector& vector) {
    std::vector<X25519Identity> out;
    for (auto [begin, end] = vector.fields.equal_range("identity"); begin != end; ++begin) {
      if (!begin->second.starts_with("AGE-SECRET-KEY-1")) continue;
      auto identity = X25519Identity::parse(begin->second);
      EXPECT_TRUE(identity) << begin->second;
      if (identity) out.push_back(std::move(*identity));
    }
    return out;
  }

  static Outcome open_whole(const Vector& vector) {
    const auto keys = identities(vector);
    auto opened = keys.empty() ? open(vector.file, {}) : open(vector.file, {&keys[0]});
    if (opened) return {"success", to_bytes(opened->reveal())};
    Reader in(vector.file);
    auto header = read_header(in);
    std::vector<const Identity*> pointers;
    for (auto& key : keys) pointers.push_back(&key);
    return {outcome_of(opened.error(), header && open_header(*header, pointers)), {}};
  }

  static Outcome open_streamed(const Vector& vector, std::size_t step) {
    const auto keys = identities(vector);
    std::vector<const Identity*> pointers;
    for (auto& key : keys) pointers.push_back(&key);
    Outcome outcome;
    FileOpener opener(pointers, [&](ByteView bytes) -> Result<> {
      append(outcome.released, bytes);
      return {};
    });
    bool header_done = false;
    Result<> result;
    for (ByteView rest = vector.file; !rest.empty() && result;) {
      auto piece = rest.first(std::min(step, rest.size()));
      rest = rest.subspan(piece.size());
      result = opener.write(piece);
      // A MAC that is wrong is reported by the call that completes the header.
      if (result)
        header_done = opener.header().has_value();
      else if (!header_done && opener.header())
        header_done = open_header(*opener.header(), pointers).has_value();
    }
    if (result) result = opener.finish();
    outcome.expect = result ? "success" : outcome_of(result.error(), header_done);
    return outcome;
  }
};

TEST_F(Cctv, EachVectorIsOfAKnownKind) {
  std::map<Kind, int> counts;
  for (auto& vector : all()) ++counts[kind_of(vector)];
  EXPECT_EQ(all().size(), 143u);
  EXPECT_EQ(counts[Kind::kApplies], 68);
  EXPECT_EQ(counts[Kind::kArmor], 33);
  EXPECT_EQ(counts[Kind::kPassphrase], 25);
  EXPECT_EQ(counts[Kind::kHybrid], 17);
}

TEST_F(Cctv, Whole) {
  for (auto* vector : applicable()) {
    SCOPED_TRACE(vector->name);
    auto outcome = open_whole(*vector);
    EXPECT_EQ(outcome.expect, vector->field("expect"));
    if (outcome.expect == "success") EXPECT_EQ(hex(crypto::sha256(outcome.released)), vector->field("payload"));
  }
}

TEST_F(Cctv, Streamed) {
  for (std::size_t step : {1, 7, 4093, 65551, 65552, 65553, 1 << 30}) {
    SCOPED_TRACE(step);
    for (auto* vector : applicable()) {
      if (step < 1000 && vector->file.size() > 1'000'000) continue;  // the other steps have them
      SCOPED_TRACE(vector->name);
      auto outcome = open_streamed(*vector, step);
      EXPECT_EQ(outcome.expect, vector->field("expect"));
      if (vector->field("payload").empty())
        EXPECT_TRUE(outcome.released.empty());
      else  // also when it fails: what was released before is the same in every implementation
        EXPECT_EQ(hex(crypto::sha256(outcome.released)), vector->field("payload"));
    }
  }
}

// Headers of other kinds of recipients too: they parse, and are written again as they were.
TEST_F(Cctv, HeadersAreWrittenAgainAsTheyWere) {
  int count = 0;
  for (auto& vector : all()) {
    if (kind_of(vector) == Kind::kArmor || vector.field("expect") == "header failure") continue;
    SCOPED_TRACE(vector.name);
    Reader in(vector.file);
    auto header = read_header(in);
    ASSERT_TRUE(header) << header.error().text;
    auto file_key = decode_hex(vector.field("file key"));
    ASSERT_TRUE(file_key && file_key->size() == kFileKeySize);
    auto written = write_header(*file_key, header->stanzas);
    auto original = ByteView(vector.file).first(vector.file.size() - in.rest().size());
    if (vector.field("expect") == "HMAC failure")
      EXPECT_TRUE(equal_public(ByteView(written).first(header->maced.size()), header->maced));
    else
      EXPECT_TRUE(equal_public(written, original));
    ++count;
  }
  EXPECT_GE(count, 50);
}

// Gives the nonce of the original, so that the payload must come out the same.
class GivenNonce final : public Random {
 public:
  explicit GivenNonce(ByteView nonce) : nonce_(nonce) {}
  Result<> fill(MutableBytes out) override {
    if (out.size() != nonce_.size()) return fail(Code::kInternal, "asked for something else than the nonce");
    std::copy(nonce_.begin(), nonce_.end(), out.begin());
    return {};
  }

 private:
  ByteView nonce_;
};

TEST_F(Cctv, PayloadsAreSealedAgainAsTheyWere) {
  int count = 0;
  for (auto* vector : applicable()) {
    if (vector->field("expect") != "success") continue;
    SCOPED_TRACE(vector->name);
    Reader in(vector->file);
    ASSERT_TRUE(read_header(in));
    auto payload = in.rest();
    auto plaintext = open_whole(*vector).released;
    GivenNonce random(payload.first(kPayloadNonceSize));
    Bytes sealed;
    auto sealer = StreamSealer::start(*decode_hex(vector->field("file key")), random, [&](ByteView bytes) -> Result<> {
      append(sealed, bytes);
      return {};
    });
    ASSERT_TRUE(sealer);
    ASSERT_TRUE(sealer->write(plaintext));
    ASSERT_TRUE(sealer->finish());
    EXPECT_TRUE(equal_public(sealed, payload));
    ++count;
  }
  EXPECT_GE(count, 14);
}

}  // namespace
}  // namespace bulla::age
