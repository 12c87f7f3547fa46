// Internal to mail/: GMime's objects owned in C++, its initialisation, and strings that come out of it.
#pragma once

#include <gmime/gmime.h>

#include <memory>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/envelope/index.h"

namespace bulla::mail {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using Ref = std::unique_ptr<T, Unref>;

struct Free {
  void operator()(char* text) const { g_free(text); }
};
using CString = std::unique_ptr<char, Free>;

struct FreeFormat {
  void operator()(GMimeFormatOptions* options) const { g_mime_format_options_free(options); }
};
using Format = std::unique_ptr<GMimeFormatOptions, FreeFormat>;

// gmime_ready initialises GMime at the first call, from any thread. message/rfc822 and its like become ordinary leaves
// for this process: Bulla does not look into mails inside of mails.
void gmime_ready();

// crlf_format is how everything is written: CRLF line ends, 7 bit.
Format crlf_format();

// ViewStream is a GMime stream over bytes that somebody else holds: no copy. The bytes must outlive it and all that was
// parsed from it.
class ViewStream {
 public:
  explicit ViewStream(ByteView bytes);
  GMimeStream* stream() const { return stream_.get(); }

 private:
  GByteArray array_;
  Ref<GMimeStream> stream_;
};

// parse_message parses bytes into a tree whose content streams carry their place in them. Null: not within bounds, so
// that neither memory nor time is spent on what cannot be shown.
Ref<GMimeMessage> parse_message(const ViewStream& stream, ByteView bytes);

// parse_addresses reads an address list; what is beyond 1 MiB or a thousand groups is cut off, as is a comment without
// an end behind a domain in brackets. Null: nothing in it.
Ref<InternetAddressList> parse_addresses(std::string text);

// clean_text makes valid UTF-8 of what GMime gives (null: ""), at most `limit` bytes.
std::string clean_text(const char* text, std::size_t limit = envelope::kMaxString);
// one_line is the same with control characters and line ends as spaces, for what is shown or written as one line.
std::string one_line(std::string_view text, std::size_t limit = envelope::kMaxString);

// A tree of text as GMime writes it.
std::string written(GMimeObject* object);

}  // namespace bulla::mail
