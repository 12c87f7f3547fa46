// Reads the committed vectors as any other implementation would, and checks that they are what the generator writes.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "core/base/encoding.h"
#include "core/envelope/open.h"
#include "core/envelope/padme.h"
#include "vectors/scenarios.h"

namespace bulla::vectors {
namespace {

namespace json = boost::json;

const std::string kFolder = std::string(BULLA_SOURCE_DIR) + "/vectors/";

std::string read(const std::string& name) {
  std::ifstream in(kFolder + name, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> envelope_files() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder + "envelope"))
    out.push_back("envelope/" + entry.path().filename().string());
  std::ranges::sort(out);
  return out;
}

Bytes bytes_of(const json::value& value) {
  return decode_base64url(std::string(value.as_string())).value();
}

envelope::Release release_of(const json::object& vector) {
  const auto& release = vector.at("release").as_object();
  envelope::Release out{.id = envelope::EnvelopeId::parse(std::string(release.at("id").as_string())).value(),
                        .share = Secret::take(bytes_of(release.at("share"))),
                        .signing_keys = {},
                        .domains = {}};
  for (const auto& key : release.at("signing_keys").as_array()) {
    crypto::Ed25519Public bytes{};
    std::ranges::copy(bytes_of(key), bytes.begin());
    out.signing_keys.push_back(bytes);
  }
  for (const auto& domain : release.at("domains").as_array()) out.domains.emplace_back(domain.as_string());
  return out;
}

TEST(Vectors, AreWhatTheGeneratorWrites) {
  std::set<std::string> written;
  for (const auto& file : all_files()) {
    EXPECT_TRUE(read(file.name) == file.text) << file.name << ": run vectors_generate, and look at the difference";
    written.insert(file.name);
  }
  for (const auto& name : envelope_files()) EXPECT_TRUE(written.contains(name)) << name << " is not generated";
}

// The first check that a file does not pass, taken step by step in the format's order; "" when it passes all.
std::string first_failure(const json::object& vector) {
  const auto release = release_of(vector);
  const auto file = bytes_of(vector.at("file"));
  auto opener = envelope::ContentOpener::start(release.id, release.share.reveal(), file.size());
  if (!opener || !(*opener)->write(file)) return "file";
  const auto content = (*opener)->finish();
  if (!content) return "file";
  const auto signer = envelope::find_signer(*content, release.signing_keys);
  if (!signer) return "signature";
  const auto manifest = envelope::parse_manifest(as_text(content->manifest));
  if (!manifest) return "manifest";
  if (manifest->key != *signer) return "key";
  if (manifest->id != release.id) return "id";
  const auto domain = manifest->from.address.substr(manifest->from.address.find('@') + 1);
  if (std::ranges::find(release.domains, domain) == release.domains.end() || domain == manifest->from.address)
    return "domain";
  if (envelope::check_message(*content, manifest->size, manifest->root)) return "";
  // With the root as it is, what is left is the padding.
  const auto message = content->body.first(static_cast<std::size_t>(manifest->size));
  return envelope::root_hash(message) == manifest->root ? "padding" : "root";
}

TEST(Vectors, FailAtTheCheckThatTheyAreFor) {
  for (const auto& name : envelope_files()) {
    const auto vector = json::parse(read(name)).as_object();
    std::string expected = vector.contains("wrong") ? std::string(vector.at("wrong").as_string()) : std::string();
    if (name == "envelope/another-id-asked.json") expected = "file";  // the stanza is of another id
    for (const char* part : {"share", "header", "payload", "content"})
      if (expected == part) expected = "file";
    EXPECT_EQ(first_failure(vector), expected) << name;
  }
}

TEST(Vectors, OpenOrFailAsTheySay) {
  int opened_count = 0, failed_count = 0;
  for (const auto& name : envelope_files()) {
    const auto vector = json::parse(read(name)).as_object();
    const auto opened = envelope::open_envelope(bytes_of(vector.at("file")), release_of(vector));
    ASSERT_EQ(static_cast<bool>(opened), vector.at("opens").as_bool()) << name;
    if (!opened) {
      EXPECT_EQ(opened.error().text, envelope::kNotAsSealed) << name;
      ++failed_count;
      continue;
    }
    ++opened_count;
    EXPECT_TRUE(equal_public(opened->stored(), bytes_of(vector.at("stored")))) << name;
    Bytes original;
    ASSERT_TRUE(opened->original([&](ByteView bytes) -> Result<> {
      append(original, bytes);
      return {};
    }));
    EXPECT_EQ(original, bytes_of(vector.at("original"))) << name;
    EXPECT_EQ(*envelope::parse_manifest(json::serialize(vector.at("manifest"))), opened->manifest()) << name;
  }
  EXPECT_GE(opened_count, 8);
  EXPECT_GE(failed_count, 30);
}

TEST(Vectors, RootHashes) {
  const auto table = json::parse(read("root.json")).as_object();
  for (const auto& row : table.at("rows").as_array()) {
    Bytes message(row.at("size").to_number<std::size_t>());
    for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i % 251);
    EXPECT_EQ(base64url(envelope::root_hash(message)), row.at("root").as_string()) << message.size();
  }
}

TEST(Vectors, Lengths) {
  const auto table = json::parse(read("padme.json")).as_object();
  for (const auto& row : table.at("rows").as_array())
    EXPECT_EQ(envelope::padme(row.at(0).to_number<std::uint64_t>()), row.at(1).to_number<std::uint64_t>());
}

}  // namespace
}  // namespace bulla::vectors
