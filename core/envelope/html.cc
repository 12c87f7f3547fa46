#include "core/envelope/html.h"

#include <algorithm>

#include "core/base/encoding.h"
#include "core/envelope/base64_codec.h"
#include "core/envelope/base64_lines.h"
#include "core/envelope/utf8.h"

namespace bulla::envelope {
namespace {

constexpr std::size_t kMaxLine = 998;
constexpr std::size_t kMaxTemplate = 4 * 1024 * 1024;
constexpr std::string_view kEnd = "</script>";

// The places in the order of HtmlTemplate::Place, without kText.
constexpr std::string_view kPlaces[] = {"<!--bulla:notice-->", "<!--bulla:data-->", "<!--bulla:header-->",
                                        "<!--bulla:payload-->"};
constexpr std::string_view kDataTag = "<script type=\"application/json\" id=\"bulla-data\">";
constexpr std::string_view kHeaderTag = "<script type=\"text/plain\" id=\"bulla-header\">";
constexpr std::string_view kPayloadTag = "<script type=\"text/plain\" id=\"bulla-payload\">";

bool mailable(std::string_view line) {
  return line.size() <= kMaxLine &&
         std::ranges::all_of(line, [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\t'; });
}

// with_crlf gives a text CRLF line ends; false if a line does not fit a 7-bit mail.
bool with_crlf(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const auto size = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!mailable(line)) return false;
    out += line;
    out += "\r\n";
  }
  return true;
}

// A reader looks for the tags, so nothing else may hold them.
bool imitates_block(std::string_view text) {
  return std::ranges::any_of(std::array{kDataTag, kHeaderTag, kPayloadTag},
                             [&](auto tag) { return text.find(tag) != std::string_view::npos; });
}

// The text of a block: what follows its tag, which is there once, up to the next end of a script.
std::optional<std::string_view> block(std::string_view html, std::string_view tag) {
  const auto at = html.find(tag);
  if (at == std::string_view::npos || html.find(tag, at + 1) != std::string_view::npos) return std::nullopt;
  const auto rest = html.substr(at + tag.size());
  const auto end = rest.find(kEnd);
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

std::optional<Bytes> block_bytes(std::string_view html, std::string_view tag) {
  const auto text = block(html, tag);
  if (!text) return std::nullopt;
  Bytes dense;
  dense.reserve(text->size());
  std::ranges::copy_if(as_bytes(*text), std::back_inserter(dense),
                       [](auto c) { return c != '\r' && c != '\n' && c != ' ' && c != '\t'; });
  if (dense.empty()) return Bytes();
  if (dense.size() % 4 != 0) return std::nullopt;
  // All groups but the last are without padding.
  Bytes out((dense.size() - 4) / 4 * 3);
  if (!decode_groups(ByteView(dense).first(dense.size() - 4), out.data())) return std::nullopt;
  const auto last = decode_base64(as_text(ByteView(dense).last(4)));
  if (!last) return std::nullopt;
  append(out, *last);
  return out;
}

}  // namespace

Result<HtmlTemplate> HtmlTemplate::parse(std::string_view text) {
  const auto malformed = [](const std::string& what) {
    return fail(Code::kInvalid, "the envelope's template " + what);
  };
  if (text.size() > kMaxTemplate) return malformed("is too large");
  std::string lines;
  if (!with_crlf(text, lines)) return malformed("has a line that is too long or not plain ASCII");
  HtmlTemplate out;
  std::string_view rest = lines;
  int seen[std::size(kPlaces)] = {};
  std::string plain;
  while (!rest.empty()) {
    const auto size = rest.find('\n') + 1;
    const auto line = rest.substr(0, size - 2);
    const auto* place = std::ranges::find(kPlaces, line);
    if (place == std::end(kPlaces)) {
      plain += rest.substr(0, size);
    } else {
      const auto number = static_cast<std::size_t>(place - std::begin(kPlaces));
      ++seen[number];
      out.pieces_.push_back({Place::kText, std::exchange(plain, {})});
      out.pieces_.push_back({static_cast<Place>(number + 1), {}});
    }
    rest.remove_prefix(size);
  }
  out.pieces_.push_back({Place::kText, std::move(plain)});
  for (std::size_t i = 0; i < std::size(seen); ++i)
    if (seen[i] != 1)
      return malformed("has the line " + std::string(kPlaces[i]) + " " + std::to_string(seen[i]) + " times, not once");
  for (const auto& piece : out.pieces_)
    if (imitates_block(piece.text)) return malformed("holds what imitates a block");
  return out;
}

Result<HtmlFrame> HtmlTemplate::fill(std::string_view notice_html, std::string_view data_json,
                                     ByteView age_header) const {
  if (imitates_block(notice_html) || data_json.find_first_of("<>&") != std::string_view::npos)
    return fail(Code::kInvalid, "the notice or the data of an envelope holds what would end its place");
  std::string notice, data, header;
  if (!with_crlf(notice_html, notice) || !with_crlf(data_json, data))
    return fail(Code::kInvalid, "the notice or the data of an envelope has a line that cannot be mailed");
  Base64Lines lines;
  lines.append(age_header, header);
  lines.finish(header);
  HtmlFrame out;
  std::string* to = &out.head;
  for (const auto& piece : pieces_) {
    switch (piece.place) {
      case Place::kText:
        *to += piece.text;
        break;
      case Place::kNotice:
        *to += notice;
        break;
      case Place::kData:
        *to += std::string(kDataTag) + "\r\n" + data + "</script>\r\n";
        break;
      case Place::kHeader:
        *to += std::string(kHeaderTag) + "\r\n" + header + "\r\n</script>\r\n";
        break;
      case Place::kPayload:
        *to += std::string(kPayloadTag) + "\r\n";
        to = &out.tail;
        *to += "\r\n</script>\r\n";
        break;
    }
  }
  return out;
}

Result<std::string> HtmlTemplate::fill(std::string_view notice_html, std::string_view data_json, ByteView age_header,
                                       ByteView payload) const {
  BULLA_TRY(auto frame, fill(notice_html, data_json, age_header));
  auto out = std::move(frame.head);
  Base64Lines lines;
  lines.append(payload, out);
  lines.finish(out);
  return out + frame.tail;
}

Result<FoundEnvelope> find_envelope(std::string_view html) {
  const auto data = block(html, kDataTag);
  auto header = block_bytes(html, kHeaderTag);
  auto payload = block_bytes(html, kPayloadTag);
  if (!data || !header || !payload)
    return fail(Code::kInvalid, "this is not an envelope, or it was damaged",
                "Save the attachment secure-message.html again and use that file.");
  return FoundEnvelope{std::string(*data), std::move(*header), std::move(*payload)};
}

std::string html_text(std::string_view utf8) {
  std::string out;
  while (!utf8.empty()) {
    auto c = next_code_point(utf8);
    if ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0)) c = kReplacement;
    if (c > 0x7e || c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
      out += "&#" + std::to_string(static_cast<std::uint32_t>(c)) + ";";
    else
      out += static_cast<char>(c);
  }
  return out;
}

}  // namespace bulla::envelope
