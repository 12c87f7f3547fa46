#include "net/http_reader.h"

#include <gtest/gtest.h>

namespace bulla::net {
namespace {

constexpr std::size_t kMaxHeader = 100;
constexpr std::uint64_t kMaxBody = 20;

// Gives a reader's function the text in pieces of `step`, until it has an answer that is not "more".
template <class Read>
std::string in_pieces(std::string_view text, std::size_t step, Bytes& input, const Read& read) {
  while (true) {
    if (auto answer = read(input); answer != "more") return answer;
    if (text.empty()) return "more";
    append(input, text.substr(0, step));
    text.remove_prefix(std::min(step, text.size()));
  }
}

// What the server's side makes of a text: method, target and body, or the status of the refusal, or "more".
std::string request_of(std::string_view text, std::size_t step) {
  HttpRequestReader reader(kMaxHeader);
  std::optional<HttpRequest> request;
  Bytes input;
  auto read = [&](Bytes& in) -> std::string {
    if (!request) {
      auto head = reader.read_head(in);
      if (!head) return std::to_string(head.error().status);
      if (!*head) return "more";
      request = std::move(**head);
      if (const auto limited = reader.limit_body(kMaxBody); !limited) return std::to_string(limited.error().status);
    }
    const auto done = reader.read_body(in);
    if (!done) return std::to_string(done.error().status);
    if (!*done) return "more";
    return std::string(method_name(request->method)) + ' ' + request->target + ' ' + to_string(reader.take_body());
  };
  return in_pieces(text, step, input, read);
}

// The same of the client's side.
std::string response_of(std::string_view text, std::size_t step, bool ends = false) {
  HttpResponseReader reader(false, kMaxHeader, kMaxBody);
  Bytes input;
  auto answer = [&] {
    const auto response = reader.take();
    return std::to_string(response.status) + ' ' + response.body;
  };
  auto out = in_pieces(text, step, input, [&](Bytes& in) -> std::string {
    const auto done = reader.read(in);
    if (!done) return "refused";
    return *done ? answer() : "more";
  });
  if (out == "more" && ends && reader.end()) return answer();
  return out;
}

// A head of exactly this size.
std::string head_of(std::string start, std::size_t size) {
  start += "X: ";
  start.resize(size - 4, 'x');
  return start + "\r\n\r\n";
}

const std::string kPost = "POST /p HTTP/1.1\r\nHost: x\r\n";
const std::string kChunked = "Transfer-Encoding: chunked\r\n\r\n";
const std::string kOk = "HTTP/1.1 200 OK\r\n";

struct Row {
  const char* title;
  std::string text;
  std::string answer;
};

TEST(HttpReader, RequestsAreTheSameInAnyPieces) {
  const Row rows[] = {
      {"no body", "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a?b "},
      {"length", kPost + "Content-Length: 5\r\n\r\nhello", "POST /p hello"},
      {"chunks", kPost + kChunked + "3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nT: 1\r\n\r\n", "POST /p abcd"},
      {"no chunk but the last", kPost + kChunked + "0\r\n\r\n", "POST /p "},
      {"cut behind the last chunk", kPost + kChunked + "0\r\n", "more"},
      {"size of a chunk is none", kPost + kChunked + "xyz\r\n0\r\n\r\n", "400"},
      {"large body", kPost + kChunked + "15\r\n" + std::string(21, 'x') + "\r\n0\r\n\r\n", "413"},
      {"header at its limit", head_of("GET /l HTTP/1.1\r\nHost: x\r\n", kMaxHeader), "GET /l "},
      {"header beyond it", head_of("GET /l HTTP/1.1\r\nHost: x\r\n", kMaxHeader + 1), "431"},
      {"target beyond it", "GET /" + std::string(kMaxHeader, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", "431"},
      {"chunk header at its limit", kPost + kChunked + "1;" + std::string(96, 'x') + "\r\nd\r\n0\r\n\r\n", "POST /p d"},
      {"chunk header beyond it", kPost + kChunked + "1;" + std::string(97, 'x') + "\r\nd\r\n0\r\n\r\n", "400"},
      {"trailer at its limit", kPost + kChunked + "0\r\n" + head_of("", 97), "POST /p "},
      {"trailer beyond it", kPost + kChunked + "0\r\n" + head_of("", 98), "400"},
  };
  for (const auto& row : rows)
    for (std::size_t step = 1; step <= row.text.size(); ++step)
      ASSERT_EQ(request_of(row.text, step), row.answer) << row.title << ", in pieces of " << step;
}

TEST(HttpReader, ResponsesAreTheSameInAnyPieces) {
  const Row rows[] = {
      {"length", kOk + "Content-Length: 5\r\n\r\nhello", "200 hello"},
      {"chunks", kOk + kChunked + "3\r\nabc\r\n0\r\n\r\n", "200 abc"},
      {"no chunk but the last", kOk + kChunked + "0\r\n\r\n", "200 "},
      {"behind others", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" + kOk + "Content-Length: 1\r\n\r\na",
       "200 a"},
      {"large body", kOk + "Content-Length: 21\r\n\r\n" + std::string(21, 'x'), "refused"},
      {"header at its limit", head_of(kOk + "Content-Length: 0\r\n", kMaxHeader), "200 "},
      {"header beyond it", head_of(kOk + "Content-Length: 0\r\n", kMaxHeader + 1), "refused"},
      {"trailer beyond it", kOk + kChunked + "0\r\n" + head_of("", 98), "refused"},
      {"up to the end", kOk + "\r\nuntil the end", "more"},
  };
  for (const auto& row : rows)
    for (std::size_t step = 1; step <= row.text.size(); ++step)
      ASSERT_EQ(response_of(row.text, step), row.answer) << row.title << ", in pieces of " << step;
}

TEST(HttpReader, OnlyABodyWithoutALengthEndsWithTheConnection) {
  const Row rows[] = {
      {"no length", kOk + "\r\nuntil the end", "200 until the end"},
      {"cut body", kOk + "Content-Length: 9\r\n\r\nhalf", "more"},
      {"cut chunks", kOk + kChunked + "4\r\nhalf\r\n", "more"},
      {"cut header", kOk + "Content-Le", "more"},
      {"an answer before the answer", "HTTP/1.1 103 Early\r\n\r\n", "more"},
      {"nothing", "", "more"},
  };
  for (const auto& row : rows)
    for (std::size_t step = 1; step <= row.text.size() + 1; ++step)
      ASSERT_EQ(response_of(row.text, step, true), row.answer) << row.title << ", in pieces of " << step;
}

TEST(HttpReader, LeavesWhatBelongsToTheNextRequest) {
  HttpRequestReader reader(kMaxHeader);
  Bytes input = to_bytes(kPost + "Content-Length: 2\r\n\r\nokGET /next");
  ASSERT_TRUE(reader.read_head(input).value());
  ASSERT_TRUE(reader.limit_body(kMaxBody));
  ASSERT_TRUE(reader.read_body(input).value());
  EXPECT_EQ(to_string(reader.take_body()), "ok");
  EXPECT_EQ(to_string(input), "GET /next");
}

}  // namespace
}  // namespace bulla::net
