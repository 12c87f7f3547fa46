#include "cli/envelope_file.h"

#include "core/age/header.h"
#include "core/envelope/html.h"
#include "core/envelope/split.h"
#include "mail/find_envelope.h"
#include "program/files.h"

namespace bulla::cli {
namespace {

constexpr std::string_view kAgeMagic = "age-encryption.org/v1\n";

Result<EnvelopeFile> from_age(Bytes file, std::optional<envelope::DataBlock> data) {
  Reader reader(file);
  BULLA_TRY(const auto header, age::read_header(reader));
  BULLA_TRY(const auto id, envelope::sealed_file_id(header));
  if (data && data->id != id) return fail(Code::kInvalid, "the file is put together from two different envelopes");
  return EnvelopeFile{id, std::move(data), std::move(file)};
}

Result<EnvelopeFile> from_html(std::string_view html) {
  BULLA_TRY(auto found, envelope::find_envelope(html));
  BULLA_TRY(auto data, envelope::parse_data_block(found.data_json));
  append(found.header, found.payload);
  return from_age(std::move(found.header), std::move(data));
}

// A mail begins with a field name, HTML with '<' (after blanks or a byte order mark).
bool looks_like_html(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && text[first] == '<';
}

}  // namespace

Result<EnvelopeFile> parse_envelope_file(ByteView bytes) {
  const auto text = as_text(bytes);
  if (text.starts_with(kAgeMagic)) return from_age(to_bytes(bytes), std::nullopt);
  if (looks_like_html(text)) return from_html(text);
  BULLA_TRY(const auto html, mail::find_envelope_html(bytes));
  return from_html(html);
}

Result<EnvelopeFile> read_envelope_file(const std::filesystem::path& path) {
  BULLA_TRY(const auto bytes, program::read_small_file(path, kMaxEnvelopeFile));
  auto parsed = parse_envelope_file(bytes);
  if (!parsed) {
    return fail(parsed.error().code,
                path.string() + " is no envelope that this program can read: " + parsed.error().text,
                "it takes the attached .html file, the whole mail as .eml, or the sealed .age file");
  }
  return parsed;
}

}  // namespace bulla::cli
