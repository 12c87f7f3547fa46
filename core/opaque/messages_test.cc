#include "core/opaque/messages.h"

#include <gtest/gtest.h>

#include <functional>

#include "core/base/encoding.h"
#include "core/base/test_random.h"
#include "core/opaque/oprf.h"
#include "core/opaque/server.h"

namespace bulla::opaque {
namespace {

Element some_element(std::uint8_t seed) {
  return derive_key_pair(Bytes(32, seed), "test").public_key;
}

// Encodings that are no element of the group, or the one element that must not be used (RFC 9496 §A.2 and §4.3.1).
struct BadElement {
  const char* title;
  const char* hex;
};
const BadElement kBadElements[] = {
    {"the identity", "0000000000000000000000000000000000000000000000000000000000000000"},
    {"not reduced: p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"not reduced: p + 2", "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"the identity with the highest bit", "0000000000000000000000000000000000000000000000000000000000000080"},
    {"the generator with the highest bit", "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2df6"},
    {"even, with the highest bit", "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {"all ones", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {"negative: 1", "0100000000000000000000000000000000000000000000000000000000000000"},
    {"negative: p - 2", "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"no square", "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"},
    {"a negative product", "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e"},
    {"y is zero", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
};

// How to parse each message, and where its elements stand.
struct Message {
  const char* title;
  std::size_t size;
  std::vector<std::size_t> elements;
  std::function<std::optional<Bytes>(ByteView)> round_trip;  // parse, then serialize
};

template <class T>
std::function<std::optional<Bytes>(ByteView)> round_trip() {
  return [](ByteView bytes) -> std::optional<Bytes> {
    auto parsed = T::parse(bytes);
    if (!parsed) return std::nullopt;
    auto out = parsed->serialize();
    if constexpr (std::is_same_v<decltype(out), Secret>)
      return to_bytes(out.reveal());
    else
      return out;
  };
}

const Message kMessages[] = {
    {"registration request", 32, {0}, round_trip<RegistrationRequest>()},
    {"registration response", 64, {0, 32}, round_trip<RegistrationResponse>()},
    {"record", 192, {0}, round_trip<Record>()},
    {"KE1", 96, {0, 64}, round_trip<Ke1>()},
    {"KE2", 320, {0, 224}, round_trip<Ke2>()},
    {"KE3", 64, {}, round_trip<Ke3>()},
    {"login state", 128, {}, round_trip<ServerLogin>()},
};

Bytes sample(const Message& message) {
  Bytes bytes(message.size);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + 1);
  for (auto at : message.elements) {
    auto element = some_element(static_cast<std::uint8_t>(at));
    std::ranges::copy(element, bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return bytes;
}

TEST(OpaqueMessages, ComeBackAsTheyWere) {
  for (const auto& message : kMessages) {
    const auto bytes = sample(message);
    auto back = message.round_trip(bytes);
    ASSERT_TRUE(back) << message.title;
    EXPECT_EQ(hex(*back), hex(bytes)) << message.title;
  }
}

TEST(OpaqueMessages, HaveOneSize) {
  for (const auto& message : kMessages) {
    const auto bytes = sample(message);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(message.round_trip(ByteView(bytes).first(size))) << message.title << " cut to " << size;
    auto longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(message.round_trip(longer)) << message.title << ", one byte more";
  }
}

TEST(OpaqueMessages, RefuseWhatIsNoElement) {
  for (const auto& message : kMessages) {
    for (auto at : message.elements) {
      for (const auto& bad : kBadElements) {
        auto bytes = sample(message);
        std::ranges::copy(*decode_hex(bad.hex), bytes.begin() + static_cast<std::ptrdiff_t>(at));
        EXPECT_FALSE(message.round_trip(bytes)) << message.title << " at " << at << ": " << bad.title;
      }
    }
  }
}

TEST(OpaqueGroup, RefusesToMultiplyWhatIsNoElement) {
  test::FixedRandom random;
  const auto scalar = random_scalar(random).value();
  for (const auto& bad : kBadElements) {
    Element element{};
    std::ranges::copy(*decode_hex(bad.hex), element.begin());
    EXPECT_FALSE(is_element(element)) << bad.title;
    EXPECT_FALSE(multiply(scalar, element)) << bad.title;
    EXPECT_FALSE(oprf_evaluate(scalar, element)) << bad.title;
    EXPECT_FALSE(oprf_finalize(as_bytes("x"), scalar, element)) << bad.title;
  }
}

TEST(OpaqueGroup, MultipliesTheGeneratorAsAnyElement) {
  Secret one(kScalarSize);
  one.writable()[0] = 1;
  const auto generator = multiply_generator(one);
  EXPECT_EQ(hex(generator), "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76");
  test::FixedRandom random;
  const auto scalar = random_scalar(random).value();
  EXPECT_EQ(hex(multiply_generator(scalar)), hex(multiply(scalar, generator).value()));
  EXPECT_EQ(hex(multiply(invert(scalar), multiply_generator(scalar)).value()), hex(generator));
}

TEST(OpaqueGroup, TakesReducedScalarsOnly) {
  const Bytes zero(kScalarSize);
  const auto order = *decode_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  auto less = order;
  less[0] -= 1;
  EXPECT_FALSE(is_scalar(zero));
  EXPECT_FALSE(is_scalar(order));
  EXPECT_TRUE(is_scalar(less));
  EXPECT_FALSE(is_scalar(ByteView(less).first(31)));
}

TEST(OpaqueGroup, GivesUpOnRandomnessThatIsZero) {
  class Zeros final : public Random {
    Result<> fill(MutableBytes out) override {
      std::ranges::fill(out, std::uint8_t{0});
      return {};
    }
  } zeros;
  EXPECT_EQ(random_scalar(zeros).error().code, Code::kUnavailable);
}

// RFC 9497 §A.1.1: OPRF(ristretto255, SHA-512), mode OPRF.
TEST(Oprf, AgreesWithItsVectors) {
  auto key =
      derive_key_pair(*decode_hex("a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3"), "test key");
  EXPECT_EQ(hex(key.private_key.reveal()), "5ebcea5ee37023ccb9fc2d2019f9d7737be85591ae8652ffa9ef0f4d37063b0e");
  struct Row {
    const char *input, *blinded, *evaluated, *output;
  };
  const Row rows[] = {
      {"00", "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c",
       "7ec6578ae5120958eb2db1745758ff379e77cb64fe77b0b2d8cc917ea0869c7e",
       "527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3ab9135e3bd69955851de4b1f9fe8a0973396719b7912ba9"
       "ee8"
       "aa7d0b5e24bcf6"},
      {"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418",
       "b4cbf5a4f1eeda5a63ce7b77c7d23f461db3fcab0dd28e4e17cecb5c90d02c25",
       "f4a74c9c592497375e796aa837e907b1a045d34306a749db9f34221f7e750cb4f2a6413a6bf6fa5e19ba6348eb673934a722a7ede2e7621"
       "306"
       "d18951e7cf2c73"},
  };
  auto blind = *decode_hex("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706");
  for (const auto& row : rows) {
    const auto input = *decode_hex(row.input);
    class Scripted final : public Random {
     public:
      explicit Scripted(Bytes bytes) : bytes_(std::move(bytes)) { bytes_.resize(64); }
      Result<> fill(MutableBytes out) override {
        std::ranges::copy(bytes_, out.begin());
        return {};
      }

     private:
      Bytes bytes_;
    } random(blind);
    auto blinded = oprf_blind(input, random).value();
    EXPECT_EQ(hex(blinded.element), row.blinded);
    auto evaluated = oprf_evaluate(key.private_key, blinded.element).value();
    EXPECT_EQ(hex(evaluated), row.evaluated);
    EXPECT_EQ(hex(oprf_finalize(input, blinded.blind, evaluated).value().reveal()), row.output);
  }
}

}  // namespace
}  // namespace bulla::opaque
