// For tests: mail of all shapes, nasty ones too, made from a seed.
#pragma once

#include <string>

#include "core/base/encoding.h"
#include "core/envelope/testing.h"

namespace bulla::mail::testing {

using envelope::testing::SeededRandom;

// base64 in lines of `width`.
inline std::string base64_lines(ByteView bytes, std::size_t width = 76) {
  const auto text = base64(bytes);
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += width) out += (i == 0 ? "" : "\r\n") + text.substr(i, width);
  return out;
}

// MailGenerator makes a different message each time. Most are ordinary; many are not quite right.
class MailGenerator {
 public:
  explicit MailGenerator(std::string_view seed) : random_(seed) {}

  std::string message() {
    std::string out = pick({"", "Received: from a by b; Tue, 24 Nov 2026 08:00:00 +0000\r\n", "X-Junk\r\n"});
    out += "From: " +
           pick({"Ann <ann@acme.example>", "ann@acme.example", "=?utf-8?B?5bGx55Sw?= <ann@acme.example>",
                 "\"Ann, A.\" <ann@acme.example>"}) +
           "\r\n";
    out += pick({"To: bob@example.org\r\n", "To: Bob <bob@example.org>,\r\n Eve <eve@example.org>\r\n",
                 "to: undisclosed-recipients:;\r\n", "", "To: a@example.org\r\nTo: b@example.org\r\n"});
    out += pick({"Subject: Figures\r\n", "Subject: =?utf-8?Q?F=C3=BCr?=\r\n =?utf-8?Q?_dich?=\r\n", "",
                 "Subject: =?utf-8?B?AAEC?=\r\n", "Subject: 8 bit \xc3\xbc\xff\r\n"});
    out += pick({"Date: Tue, 24 Nov 2026 08:00:00 +0100\r\n", "Date: yesterday\r\n", ""});
    out += "MIME-Version: 1.0\r\n";
    return out + entity(0);
  }

  SeededRandom& random() { return random_; }

 private:
  std::string pick(std::initializer_list<std::string_view> choices) {
    return std::string(*(choices.begin() + static_cast<std::ptrdiff_t>(random_.below(choices.size()))));
  }
  bool one_in(std::size_t n) { return random_.below(n) == 0; }

  std::string entity(int depth) {
    if (depth < 4 && random_.below(10) < 6 - static_cast<std::size_t>(depth)) return multipart(depth);
    if (one_in(12)) return "Content-Type: message/rfc822\r\n\r\n" + inner();
    return leaf();
  }

  std::string inner() { return "Subject: inside\r\n" + entity(3); }

  std::string multipart(int depth) {
    const auto boundary = pick({"b", "=_x", "----=_Part", "with space", "b:c?d"}) + std::to_string(depth) +
                          std::to_string(random_.below(3));
    auto out = "Content-Type: multipart/" + pick({"mixed", "alternative", "related", "signed", "report", "odd"}) +
               ";\r\n boundary=\"" + boundary + "\"\r\n\r\n" + pick({"", "preamble\r\n", "--\r\n"});
    for (auto parts = random_.below(4) + (one_in(20) ? 0 : 1); parts > 0; --parts)
      out += "--" + boundary + pick({"", "", "", " ", "\t "}) + "\r\n" + entity(depth + 1) +
             pick({"\r\n", "\r\n\r\n", "\r\n"});
    if (!one_in(10)) out += "--" + boundary + "--" + pick({"\r\n", "", "\r\nepilogue\r\n", " \r\n"});
    return out;
  }

  std::string leaf() {
    auto out =
        "Content-Type: " +
        pick({"text/plain", "text/plain; charset=utf-8", "text/html; charset=ISO-8859-1", "image/png",
              "application/pdf; name=\"../../etc/passwd\"", "garbage", "application/octet-stream", "TEXT/HTML"}) +
        "\r\n";
    out += pick({"", "", "Content-Disposition: attachment; filename=\"a.pdf\"\r\n",
                 "Content-Disposition: inline\r\nContent-ID: <pic@x>\r\n",
                 "Content-Disposition: attachment; filename*=utf-8''%E5%B1%B1%2E%70df\r\n",
                 "Content-Disposition: attachment; filename=\"=?utf-8?B?5bGx?=\"\r\n", "Content-Disposition: ;;;\r\n"});
    switch (random_.below(4)) {
      case 0:
        return out + "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + text();
      case 1:
        return out + pick({"", "Content-Transfer-Encoding: 8bit\r\n", "Content-Transfer-Encoding: x-odd\r\n"}) +
               "\r\n" + text();
      default:
        return out + "Content-Transfer-Encoding: " + pick({"base64", "BASE64", "base64 "}) + "\r\n\r\n" + base64_body();
    }
  }

  std::string text() {
    return pick(
        {"", "\r\n", "Hello =E4\r\n", "Hello,\r\n\r\nworld", "--b00\r\n", "\xff\xfe\r\n", "<p>hi</p>\r\n\r\n\r\n"});
  }

  // Well-formed and not quite well-formed base64.
  std::string base64_body() {
    const auto bytes = random_.bytes(random_.below(one_in(5) ? 3000 : 120));
    const std::size_t widths[] = {76, 76, 76, 64, 60, 72, 4, 1, 5, 77, 998, 10'000};
    auto out = base64_lines(bytes, widths[random_.below(std::size(widths))]);
    const auto at = random_.below(out.size() + 1);
    switch (random_.below(14)) {
      case 0:
        out.insert(at, " ");
        break;
      case 1:
        out.insert(at, "\r\n");
        break;
      case 2:
        out.insert(at, "(comment)");
        break;
      case 3:
        while (out.ends_with('=')) out.pop_back();
        break;
      case 4:
        out += " \r\n";
        break;
      case 5:
        out += "\r\n\r\n\r\n";
        break;
      case 6:
        out = "\r\n\r\n" + out;
        break;
      case 7:
        if (!out.empty()) out.erase(at < out.size() ? at : 0, 1);
        break;
      case 8:
        out += "=";
        break;
      default:
        break;
    }
    return out;
  }

  SeededRandom random_;
};

}  // namespace bulla::mail::testing
