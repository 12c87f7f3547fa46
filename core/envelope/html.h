// The HTML file of an envelope (envelope-format §7): a release's template with four places filled in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace bulla::envelope {

// An HTML file with its payload left out: head ‖ base64 of the payload in lines of 76 (Base64Lines) ‖ tail. A payload
// of any size is thus encoded while it is sent, and the file is never in memory as a whole.
struct HtmlFrame {
  std::string head;
  std::string tail;
};

class HtmlTemplate {
 public:
  // parse takes the text of a template; line ends become CRLF. kInvalid: a place is missing or there twice, a line is
  // longer than 998 characters, or something is beyond ASCII.
  static Result<HtmlTemplate> parse(std::string_view text);

  // fill puts in the notice (HTML, ASCII), the data block (JSON as data_block_json writes it) and the age header.
  // kInvalid: the notice or the data holds what would end or imitate a place.
  Result<HtmlFrame> fill(std::string_view notice_html, std::string_view data_json, ByteView age_header) const;
  // The same for a small payload: the whole file.
  Result<std::string> fill(std::string_view notice_html, std::string_view data_json, ByteView age_header,
                           ByteView payload) const;

 private:
  HtmlTemplate() = default;
  enum class Place { kText, kNotice, kData, kHeader, kPayload };
  struct Piece {
    Place place = Place::kText;
    std::string text;
  };
  std::vector<Piece> pieces_;
};

// What find_envelope takes out of an HTML file. Line ends may have been changed on the way.
struct FoundEnvelope {
  std::string data_json;  // not checked
  Bytes header;
  Bytes payload;
};
// find_envelope: kInvalid unless each of the three blocks is there exactly once and the base64 is strict but for
// white space.
Result<FoundEnvelope> find_envelope(std::string_view html);

// html_text escapes text for HTML content and attributes, everything beyond ASCII as character references. Invalid
// UTF-8 and control characters become U+FFFD.
std::string html_text(std::string_view utf8);

}  // namespace bulla::envelope
