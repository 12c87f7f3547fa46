// HTTP from strangers: requests as the server reads them, responses as the client does. The same bytes mean the same
// in any pieces, up to the byte where each message ends; bodies keep their limit; nothing is taken that says twice how
// long it is. First byte: which side, and the pieces. Second: for responses, whether the request was HEAD, and whether
// the connection ends behind the input.
#include "fuzz/fuzzer.h"
#include "net/http_reader.h"

using namespace bulla;

namespace {

constexpr std::size_t kMaxHeader = 512;
constexpr std::uint64_t kMaxBody = 256;

// What was read of some bytes: a line for each message, the last one perhaps a refusal.
struct Heard {
  std::string text;
  std::size_t used = 0;  // bytes of whole messages
  bool operator==(const Heard&) const = default;
};

// Pieces gives the bytes to a reader: `step` more at each call of more().
struct Pieces {
  ByteView rest;
  std::size_t step;
  Bytes input = {};

  bool more() {
    const auto piece = rest.first(std::min(step, rest.size()));
    append(input, piece);
    rest = rest.subspan(piece.size());
    return !piece.empty();
  }
  std::size_t left() const { return input.size() + rest.size(); }
};

std::string describe(const net::HttpHeaders& headers, ByteView body) {
  std::string out;
  for (const auto& [name, value] : headers.fields()) out += name + ": " + value + "\n";
  return out + "\n" + std::string(as_text(body)) + "\n";
}

std::expected<std::string, net::HttpRefusal> read_request(net::HttpRequestReader& reader, Pieces& pieces) {
  while (true) {
    auto head = reader.read_head(pieces.input);
    if (!head) return std::unexpected(head.error());
    if (!*head) {
      if (!pieces.more()) return "";
      continue;
    }
    const auto& request = **head;
    BULLA_ASSERT(request.path.starts_with('/') && request.target.starts_with(request.path));
    const auto length = request.headers.find("Content-Length");
    const auto coding = request.headers.find("Transfer-Encoding");
    BULLA_ASSERT(!length || !coding);
    if (const auto limited = reader.limit_body(kMaxBody); !limited) return std::unexpected(limited.error());
    while (true) {
      const auto done = reader.read_body(pieces.input);
      if (!done) return std::unexpected(done.error());
      if (*done) break;
      if (!pieces.more()) return "";
    }
    const auto body = reader.take_body();
    fuzz::accepted();
    BULLA_ASSERT(body.size() <= kMaxBody);
    if (!coding) BULLA_ASSERT(body.size() == std::stoull(std::string(length.value_or("0"))));
    return std::string(net::method_name(request.method)) + ' ' + request.target + '\n' +
           describe(request.headers, body);
  }
}

Heard read_requests(ByteView bytes, std::size_t step) {
  Heard heard;
  Pieces pieces{bytes, step};
  for (bool keep = true; keep;) {
    net::HttpRequestReader reader(kMaxHeader);
    const auto request = read_request(reader, pieces);
    if (!request) {
      BULLA_ASSERT(request.error().status >= 400 && request.error().status < 600 && !request.error().text.empty());
      heard.text += "refused";
      return heard;
    }
    if (request->empty()) return heard;
    heard.text += *request;
    heard.used = bytes.size() - pieces.left();
    keep = reader.keep_alive();
  }
  return heard;
}

Heard read_response(ByteView bytes, std::size_t step, bool head, bool ends) {
  Heard heard;
  Pieces pieces{bytes, step};
  net::HttpResponseReader reader(head, kMaxHeader, kMaxBody);
  while (true) {
    const auto done = reader.read(pieces.input);
    if (!done) {
      BULLA_ASSERT(done.error().code == Code::kInvalid && !done.error().text.empty());
      heard.text = "refused";
      return heard;
    }
    if (*done) break;
    if (pieces.more()) continue;
    if (!ends || !reader.end()) return heard;
    break;
  }
  const auto response = reader.take();
  fuzz::accepted();
  BULLA_ASSERT(response.status / 100 != 1 && response.body.size() <= kMaxBody && (!head || response.body.empty()));
  heard.text = std::to_string(response.status) + '\n' + describe(response.headers, as_bytes(response.body));
  heard.used = bytes.size() - pieces.left();
  if (reader.keep_alive()) heard.text += "kept";
  return heard;
}

// The bytes at once, and in pieces. What is refused may be seen to be wrong at once, or only when its line has ended or
// grown too long: then the same must come of it in the end.
template <class Read>
void check_pieces(ByteView bytes, std::size_t step, const Read& read) {
  if (read(bytes, bytes.size() + 1) == read(bytes, step)) return;
  auto more = to_bytes(bytes);
  append(more, "\r\n\r\n" + std::string(2 * kMaxHeader, 'x'));
  BULLA_ASSERT(read(more, more.size()) == read(more, step));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto first = input.byte();
  const std::size_t step = 1 + first / 2 % 64;
  if (first % 2 == 0) {
    check_pieces(input.rest(), step, read_requests);
    return 0;
  }
  const auto how = input.byte();
  const bool head = how & 1, ends = how & 2;
  check_pieces(input.rest(), step, [&](ByteView bytes, std::size_t s) { return read_response(bytes, s, head, ends); });
  return 0;
}
