// bench_mail WHAT SECONDS: what the gateway does to one mail, on one core; prints seconds for each and bytes per
// second.
//   index-large     a mail of 10 MB, one attachment: taken apart by GMime, its base64 decoded and compared
//   gmime-large     the same, GMime's part alone (the attachment is not declared as base64)
//   index-small     a multipart of 3 KB
//   store           the stored form of the large mail: decoding
//   encode          base64 in lines of 76, as a delivery needs it
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "core/base/check.h"
#include "core/envelope/base64_lines.h"
#include "mail/index_message.h"
#include "mail/testing.h"

namespace {

using namespace bulla;

std::string mail_of(std::size_t attachment, const std::string& encoding) {
  mail::testing::SeededRandom random("bench");
  return "From: ann@acme.example\r\nTo: bob@example.org\r\nSubject: Figures\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; "
         "boundary=a\r\n\r\n"
         "--a\r\nContent-Type: text/plain\r\n\r\n" +
         std::string(1000, 'x') + "\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>" + std::string(1000, 'x') +
         "\r\n--a--\r\n\r\n--m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
         "Content-Transfer-Encoding: " +
         encoding + "\r\n\r\n" + mail::testing::base64_lines(random.bytes(attachment)) + "\r\n--m--\r\n";
}

template <class Work>
void measure(double seconds, std::size_t bytes, const Work& work) {
  // Processor time: other programs on the machine do not count.
  const auto now = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  const auto start = now();
  double passed = 0;
  long rounds = 0;
  while (passed < seconds) {
    work();
    ++rounds;
    passed = now() - start;
  }
  const auto each = passed / static_cast<double>(rounds);
  std::printf("%.6f %.0f\n", each, static_cast<double>(bytes) / each);
}

void index(double seconds, const std::string& mail) {
  measure(seconds, mail.size(), [&] { BULLA_ASSERT(mail::index_message(as_bytes(mail)).complete); });
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  const double seconds = count > 2 ? std::atof(arguments[2]) : 1;
  constexpr std::size_t kLarge = 7'300'000;  // 10 MB of base64
  if (what == "index-large") return index(seconds, mail_of(kLarge, "base64")), 0;
  if (what == "gmime-large") return index(seconds, mail_of(kLarge, "7bit")), 0;
  if (what == "index-small") return index(seconds, mail_of(300, "base64")), 0;
  if (what == "store") {
    const auto mail = mail_of(kLarge, "base64");
    const auto runs = mail::index_message(as_bytes(mail)).runs;
    measure(seconds, mail.size(),
            [&] { BULLA_ASSERT(envelope::store(as_bytes(mail), runs, [](ByteView) { return Result<>(); })); });
    return 0;
  }
  if (what == "encode") {
    const auto bytes = mail::testing::SeededRandom("encode").bytes(kLarge);
    std::string out;
    measure(seconds, bytes.size(), [&] {
      envelope::Base64Lines lines;
      for (ByteView rest = bytes; !rest.empty();) {
        const auto piece = rest.first(std::min<std::size_t>(rest.size(), 64 * 1024));
        out.clear();
        lines.append(piece, out);
        rest = rest.subspan(piece.size());
      }
    });
    return 0;
  }
  std::fputs("usage: bench_mail index-large|gmime-large|index-small|store|encode SECONDS\n", stderr);
  return 2;
}
