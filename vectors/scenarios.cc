#include "vectors/scenarios.h"

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include "core/age/header.h"
#include "core/base/encoding.h"
#include "core/envelope/padme.h"
#include "core/envelope/testing.h"
#include "mail/index_message.h"
#include "mail/testing.h"

namespace bulla::vectors {
namespace {

namespace json = boost::json;
using namespace envelope;
using envelope::testing::SeededRandom;
using envelope::testing::signing_key;

constexpr Millis kNow = 1'795'507'200'000;  // 2026-11-24T08:00:00Z

const std::string kText =
    "From: Ann Lee <ann@acme.example>\r\nTo: Bob <bob@example.org>\r\nSubject: Figures\r\n"
    "Date: Tue, 24 Nov 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    "The figures are fine.\r\n";

// A letter with an inline picture and an attachment, both stored decoded, and a base64 part that stays as it is.
std::string with_runs() {
  SeededRandom random("attachments");
  auto lines = [&](std::size_t size, std::size_t width) {
    const auto text = base64(random.bytes(size));
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += width) out += text.substr(i, width) + "\r\n";
    return out;
  };
  return "From: =?utf-8?Q?J=C3=BCrgen?= <ann@acme.example>\r\nTo: bob@example.org\r\nCc: Eve <eve@example.org>\r\n"
         "Subject: =?utf-8?B?5bGx55Sw?=\r\nDate: Tue, 24 Nov 2026 09:00:00 +0100\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"
         "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n"
         "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
         "quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n"
         "--a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html; "
         "charset=utf-8\r\n\r\n"
         "<p>Gr\xc3\xbc\xc3\x9f"
         "e <img src=\"cid:pic@acme\"></p>\r\n--r\r\nContent-Type: image/png\r\nContent-ID: <pic@acme>\r\n"
         "Content-Disposition: inline; filename=pic.png\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
         lines(100, 76) +
         "--r--\r\n\r\n--a--\r\n\r\n--m\r\nContent-Type: application/pdf\r\n"
         "Content-Disposition: attachment; filename*=utf-8''%E5%B1%B1.pdf\r\nContent-Transfer-Encoding: "
         "base64\r\n\r\n" +
         lines(301, 60) +
         "--m\r\nContent-Type: application/octet-stream; name=odd.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n"
         "QUJD REVG\r\nR0hJ\r\n--m--\r\n";
}

// Draft is a sealed file on its way: each part may be changed before the next is made of it.
struct Draft {
  explicit Draft(const std::string& seed) : random(seed) {}

  SeededRandom random;
  crypto::Ed25519Key key = signing_key();
  std::string mail = kText;
  std::function<void(MessageIndex&)> change_index = [](auto&) {};
  std::function<void(Manifest&)> change_manifest = [](auto&) {};
  std::function<void(std::string&)> change_manifest_text = [](auto&) {};  // before it is signed
  std::function<void(Bytes&)> change_content = [](auto&) {};              // by somebody who knows the file key
  std::function<std::uint64_t(std::uint64_t)> pad = padme;
  std::function<void(std::vector<age::Stanza>&)> change_stanzas = [](auto&) {};
  std::function<void(Bytes&)> change_file = [](auto&) {};

  // What came out.
  EnvelopeId id = *EnvelopeId::make(ManualClock(kNow), random);
  Shares shares = *Shares::make(random);
  Secret file_key = *random_secret(random, age::kFileKeySize);
  Bytes stored, content, file;
  std::string manifest_text;

  void make() {
    auto index = mail::index_message(as_bytes(mail));
    change_index(index);
    auto manifest = describe(index);
    change_manifest(manifest);
    manifest_text = manifest_json(manifest);
    change_manifest_text(manifest_text);
    make_content();
    change_content(content);
    SplitRecipient recipient(id, shares.clone());
    std::vector<age::Stanza> stanzas = {*recipient.wrap(file_key.reveal(), random)};
    change_stanzas(stanzas);
    file = age::write_header(file_key.reveal(), stanzas);
    seal_content();
    change_file(file);
  }

 private:
  Manifest describe(const MessageIndex& index) {
    (void)store(as_bytes(mail), index.runs, [&](ByteView bytes) -> Result<> {
      append(stored, bytes);
      return {};
    });
    Manifest out{.id = id};
    out.key = key.public_key();
    out.organisation = {"acme", "Acme Ltd"};
    out.from = index.from;
    out.sender = index.sender;
    out.to = index.to;
    out.cc = index.cc;
    out.subject = index.subject;
    out.date = index.date.value_or(kNow);
    out.sealed = kNow;
    out.may.reply = true;
    out.size = stored.size();
    out.original_size = mail.size();
    out.root = root_hash(stored);
    out.runs = index.runs;
    out.parts = index.parts;
    out.body = index.body;
    out.complete = index.complete;
    return out;
  }

  static std::string manifest_json(const Manifest& manifest) {
    auto text = write_manifest(manifest);
    return text ? *text : std::string("(a scenario that cannot be written: ") + text.error().text + ")";
  }

  void make_content() {
    content = stored;
    const auto fixed = manifest_text.size() + kTrailerSize;
    content.resize(static_cast<std::size_t>(pad(stored.size() + fixed)) - fixed);
    append(content, manifest_text);
    append(content, key.sign(signed_bytes(as_bytes(manifest_text))));
    append_u32_be(content, static_cast<std::uint32_t>(manifest_text.size()));
  }

  void seal_content() {
    auto sealer = *age::StreamSealer::start(file_key.reveal(), random, [&](ByteView bytes) -> Result<> {
      append(file, bytes);
      return {};
    });
    (void)sealer.write(content);
    (void)sealer.finish();
  }
};

void replace(std::string& text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  text.replace(at, from.size(), to);
}

struct Scenario {
  const char* name;
  const char* title;
  const char* wrong;  // which check it is for; "" when it opens
  std::function<void(Draft&)> prepare = [](auto&) {};
  std::function<void(Draft&, json::object&)> change_release = [](auto&, auto&) {};
};

json::object release_of(const Draft& draft) {
  return {{"id", draft.id.text()},
          {"share", base64url(draft.shares.server.reveal())},
          {"signing_keys",
           {base64url(signing_key("older key of acme").public_key()), base64url(signing_key().public_key())}},
          {"domains", {"acme.example", "acme.test"}}};
}

// One member a line, so that a change can be read.
std::string pretty(const json::object& object) {
  std::string out = "{\n";
  std::size_t left = object.size();
  for (const auto& member : object) {
    out += "  " + json::serialize(json::value(member.key())) + ": " + json::serialize(member.value());
    out += --left > 0 ? ",\n" : "\n";
  }
  return out + "}\n";
}

File file_of(const Scenario& scenario) {
  Draft draft(scenario.name);
  scenario.prepare(draft);
  draft.make();
  auto release = release_of(draft);
  scenario.change_release(draft, release);
  json::object out;
  out["title"] = scenario.title;
  const bool opens = *scenario.wrong == '\0';
  out["opens"] = opens;
  if (!opens) out["wrong"] = scenario.wrong;
  out["release"] = release;
  out["file"] = base64url(draft.file);
  if (opens) {
    out["file_key"] = base64url(draft.file_key.reveal());
    out["content"] = base64url(draft.content);
    out["manifest"] = json::parse(draft.manifest_text);
    out["stored"] = base64url(draft.stored);
    out["original"] = base64url(as_bytes(draft.mail));
  }
  return {"envelope/" + std::string(scenario.name) + ".json", pretty(out)};
}

std::vector<Scenario> good() {
  return {
      {"text-only", "a letter of plain text", ""},
      {"with-runs", "text, HTML, picture and attachments; two base64 bodies stored decoded, one not", "",
       [](Draft& d) { d.mail = with_runs(); }},
      {"empty-message", "a message of no bytes at all: no leaves, no parts", "",
       [](Draft& d) {
         d.mail.clear();
         d.change_index = [](auto& index) { index.from = {"ann@acme.example", ""}; };
       }},
      {"without-name", "the author has no name, the message no subject and no date", "",
       [](Draft& d) { d.mail = "From: ann@acme.example\r\n\r\nHello\r\n"; }},
      {"bcc", "the copy of a recipient who stands neither in `to` nor in `cc`", "",
       [](Draft& d) { replace(d.mail, "To: Bob <bob@example.org>\r\n", "To: undisclosed-recipients:;\r\n"); }},
      {"index-none", "a message that could not be taken apart", "",
       [](Draft& d) {
         d.change_index = [](auto& index) {
           index.complete = false;
           index.parts.clear();
           index.body.clear();
         };
       }},
      {"all-members", "every optional member is there, and members of a later version, which are ignored", "",
       [](Draft& d) {
         d.change_manifest = [](auto& m) {
           m.sender = Mailbox{"desk@acme.example", "Desk"};
           m.expires = kNow + 90 * kDay;
           m.may = {.reply = true, .reply_all = true, .forward = true};
           m.reply = ReplyTo{"age1reply", "dG9rZW4"};
           m.archive = "age1archive";
         };
         d.change_manifest_text = [](auto& text) { replace(text, "{\"v\":1", "{\"later\":{\"v\":[2]},\"v\":1"); };
       }},
      {"other-domain", "the author's domain is the second that is proved", "",
       [](Draft& d) { replace(d.mail, "ann@acme.example", "ann@acme.test"); }},
  };
}

std::vector<Scenario> wrong_keys() {
  const auto nothing = [](auto&) {};
  return {
      {"wrong-share", "a share of one flipped bit", "share", nothing,
       [](Draft& d, json::object& release) {
         auto share = d.shares.server.clone();
         share.writable()[0] ^= 1;
         release["share"] = base64url(share.reveal());
       }},
      {"another-recipients-share", "the share of another recipient of the same message", "share", nothing,
       [](Draft& d, json::object& release) { release["share"] = base64url(Shares::make(d.random)->server.reveal()); }},
      {"short-share", "a share of 15 bytes", "share", nothing,
       [](Draft& d, json::object& release) { release["share"] = base64url(d.shares.server.reveal().first(15)); }},
      {"another-id-asked", "the release is for another envelope", "id", nothing,
       [](Draft& d, json::object& release) { release["id"] = EnvelopeId::make(ManualClock(kNow), d.random)->text(); }},
      {"id-mismatch", "the manifest is another envelope's", "id",
       [](Draft& d) { d.change_manifest = [&d](auto& m) { m.id = *EnvelopeId::make(ManualClock(kNow), d.random); }; }},
      {"other-signing-key", "signed with a key that is not the organisation's", "signature",
       [](Draft& d) { d.key = signing_key("somebody else"); }},
      {"key-mismatch", "the manifest names another key of the organisation than the one that signed", "key",
       [](Draft& d) { d.change_manifest = [](auto& m) { m.key = signing_key("older key of acme").public_key(); }; }},
      {"domain-not-proved", "the author's domain is not the organisation's", "domain",
       [](Draft& d) { replace(d.mail, "ann@acme.example", "ann@victim.example"); }},
      {"domain-looks-alike", "the author's domain only ends like the organisation's", "domain",
       [](Draft& d) { replace(d.mail, "ann@acme.example", "ann@notacme.example"); }},
      {"no-domain", "the author's address has no domain", "domain",
       [](Draft& d) { d.change_manifest = [](auto& m) { m.from.address = "acme.example"; }; }},
      {"two-stanzas", "the header has a second stanza", "header",
       [](Draft& d) { d.change_stanzas = [](auto& stanzas) { stanzas.push_back(stanzas[0]); }; }},
      {"passphrase-salt", "the stanza's third argument is not `-`", "header",
       [](Draft& d) { d.change_stanzas = [](auto& stanzas) { stanzas[0].args[2] = "c2FsdHNhbHRzYWx0c2FsdA"; }; }},
  };
}

std::vector<Scenario> wrong_bytes() {
  return {
      {"truncated", "the last byte is missing", "payload",
       [](Draft& d) { d.change_file = [](auto& file) { file.pop_back(); }; }},
      {"extended", "a byte too many", "payload",
       [](Draft& d) { d.change_file = [](auto& file) { file.push_back(0); }; }},
      {"payload-changed", "a flipped bit in the payload", "payload",
       [](Draft& d) { d.change_file = [](auto& file) { file[file.size() - 100] ^= 1; }; }},
      {"header-changed", "a flipped bit in the header's MAC", "header",
       [](Draft& d) {
         d.change_file = [](auto& file) { file[static_cast<std::size_t>(as_text(file).find("\n---")) + 6] ^= 1; };
       }},
      {"bad-signature", "a flipped bit in the signature, encrypted again by somebody who knows the file key",
       "signature", [](Draft& d) { d.change_content = [](auto& content) { content[content.size() - 10] ^= 1; }; }},
      {"leaf-changed", "a changed byte of the message, encrypted again by somebody who knows the file key", "root",
       [](Draft& d) { d.change_content = [](auto& content) { content[content.size() > 200 ? 200 : 0] ^= 1; }; }},
      {"manifest-changed", "another subject in the manifest, encrypted again by somebody who knows the file key",
       "signature",
       [](Draft& d) {
         d.change_content = [](auto& content) {
           const auto at = as_text(content).rfind("Figures");
           content[at] = 'f';
         };
       }},
      {"content-too-short", "a content of 67 bytes", "content",
       [](Draft& d) { d.change_content = [](auto& content) { content.assign(67, 0); }; }},
      {"manifest-too-long", "the manifest's length is more than the content has", "content",
       [](Draft& d) { d.change_content = [](auto& content) { content[content.size() - 2] = 0xff; }; }},
      {"padding-not-zero", "a padding byte that is not zero", "padding",
       [](Draft& d) {
         d.mail = kText + std::string(1000, 'x') + "\r\n";
         d.change_content = [&d](auto& content) { content[d.stored.size()] = 1; };
       }},
      {"padding-too-long", "padded to the next step but one", "padding",
       [](Draft& d) { d.pad = [](auto length) { return padme(padme(length) + 1); }; }},
      {"padding-missing", "not padded", "padding",
       [](Draft& d) {
         d.mail = kText + std::string(1000, 'x') + "\r\n";
         d.pad = [](auto length) { return length; };
       }},
  };
}

// Manifests that are signed but malformed: texts to be replaced.
std::vector<Scenario> wrong_manifests() {
  const auto changed = [](const char* name, const char* title, const char* from, const char* to) {
    return Scenario{name, title, "manifest", [from, to](Draft& d) {
                      d.mail = with_runs();
                      d.change_manifest_text = [from, to](auto& text) { replace(text, from, to); };
                    }};
  };
  return {
      changed("manifest-duplicate-name", "a name is there twice", "{\"v\":1", "{\"v\":1,\"subject\":\"Another\""),
      changed("manifest-duplicate-name-escaped", "a name is there twice, once with an escape", "{\"v\":1",
              "{\"v\":1,\"s\\u0075bject\":\"Another\""),
      changed("manifest-version", "version 2", "{\"v\":1", "{\"v\":2"),
      changed("manifest-type", "a number where a text belongs", "\"cid\":\"\"", "\"cid\":0"),
      changed("manifest-missing", "a member is missing", "\"index\":\"complete\"", "\"later\":\"complete\""),
      changed("manifest-word", "an encoding that the format does not know", "\"quoted-printable\"", "\"uuencode\""),
      changed("manifest-not-json", "not JSON", "{\"v\":1", "{v:1"),
      changed("run-out-of-bounds", "a run behind the end of the message", "\"runs\":[[", "\"runs\":[[9"),
      changed("run-width-zero", "a run of width 0", ",76],", ",0],"),
      changed("part-out-of-bounds", "a part behind the end of the message", "\"parts\":[{\"type\":\"text/plain\",",
              "\"parts\":[{\"type\":\"text/plain\",\"offset\":99999,\"x\":0,"),
      changed("body-out-of-bounds", "a body that names a part which is not there", "\"body\":[{\"text\":0",
              "\"body\":[{\"text\":99"),
      changed("size-contradicts", "the sizes contradict each other", "\"original_size\":", "\"original_size\":1"),
      changed("manifest-nested-deep", "17 levels, in a member of a later version", "{\"v\":1",
              "{\"later\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],\"v\":1"),
      changed("run-overlap", "a run begins inside of the one before", "],[934,", "],[700,"),
      changed("body-shows-part-twice", "two bodies show the same part", "\"body\":[{\"text\":0",
              "\"body\":[{\"text\":0},{\"text\":0"),
      changed("body-text-and-html-one-part", "a body shows one part as text and as HTML", "\"body\":[{\"text\":0",
              "\"body\":[{\"text\":1"),
      changed("index-none-with-parts", "parts of a message that could not be taken apart", "\"index\":\"complete\"",
              "\"index\":\"none\""),
      changed("author-two-ats", "another address stands in front of the author's domain", "\"ann@acme.example\"",
              "\"ceo@victim.example@acme.example\""),
      changed("author-hidden", "something in the author's address is not seen (U+3164)", "\"ann@acme.example\"",
              "\"ann\\u3164@acme.example\""),
      changed("sender-turns", "the sender's address turns the text around it (U+202E)", "{\"v\":1",
              "{\"v\":1,\"sender\":{\"address\":\"desk\\u202e@acme.example\",\"name\":\"\"}"),
  };
}

// Mails that are made to break what reads them, by their names.
std::map<std::string, std::string> hostile_mails() {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(BULLA_SOURCE_DIR "/tests/corpus")) {
    std::ifstream file(entry.path(), std::ios::binary);
    out[entry.path().stem().string()] = {std::istreambuf_iterator<char>(file), {}};
  }
  mail::testing::MailGenerator generator("hostile");
  for (int i = 10; i < 28; ++i) out["generated-" + std::to_string(i)] = generator.message();
  return out;
}

File hostile() {
  json::object rows;
  for (const auto& [name, mail] : hostile_mails()) {
    Draft draft(name);
    draft.mail = mail;
    // A gateway refuses what has no author whom it can tell; here it is about the parts.
    draft.change_manifest = [](Manifest& manifest) { manifest.from = {"ann@acme.example", "Ann"}; };
    draft.make();
    rows[name] = json::object{{"manifest", draft.manifest_text},
                              {"stored", base64url(draft.stored)},
                              {"original", base64url(as_bytes(mail))}};
  }
  return {"hostile.json", pretty(rows)};
}

File roots() {
  json::array rows;
  for (const std::uint64_t size : {0, 1, 1'048'575, 1'048'576, 1'048'577, 2'097'152, 3'000'000}) {
    Bytes message(size);
    for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i % 251);
    rows.push_back(json::object{{"size", size}, {"root", base64url(root_hash(message))}});
  }
  return {"root.json", pretty({{"title", "root hashes of messages whose byte i is i mod 251"}, {"rows", rows}})};
}

File lengths() {
  json::array rows;
  for (const std::uint64_t length : {0, 1, 2, 3, 8, 9, 15, 17, 100, 255, 257, 1000, 1023, 1025, 65'535, 65'537,
                                     1'000'000, 50'000'000, 1'099'511'627}) {
    rows.push_back(json::array{length, padme(length)});
  }
  return {"padme.json", pretty({{"title", "lengths and what they are padded to"}, {"rows", rows}})};
}

}  // namespace

std::vector<File> all_files() {
  std::vector<File> out;
  for (const auto& list : {good(), wrong_keys(), wrong_bytes(), wrong_manifests()})
    for (const auto& scenario : list) out.push_back(file_of(scenario));
  out.push_back(hostile());
  out.push_back(roots());
  out.push_back(lengths());
  return out;
}

}  // namespace bulla::vectors
