#include "gateway/bodies.h"

namespace bulla::gateway {
namespace {

enum class Part { kHead, kBody, kTail, kEnd };

// next_piece reads a piece on a worker and counts it; an error when there is more or less than was promised.
Result<ByteView> next_piece(queue::Body& body, std::uint64_t& left) {
  BULLA_TRY(const auto piece, body.next());
  if (piece.size() > left || (piece.empty() && left > 0))
    return fail(Code::kInternal, "a body in the queue has another size than it should");
  left -= piece.size();
  return piece;
}

class EnvelopeBody final : public net::BodySource {
 public:
  EnvelopeBody(net::Workers& workers, mail::MailFrame frame, std::unique_ptr<queue::Body> payload, std::uint64_t size)
      : workers_(workers), frame_(std::move(frame)), payload_(std::move(payload)), left_(size) {}

  net::Awaiting<ByteView> next() override {
    if (part_ == Part::kHead) {
      part_ = Part::kBody;
      co_return as_bytes(frame_.head);
    }
    if (part_ == Part::kBody) {
      BULLA_CO_CHECK(co_await workers_.run([this] { return encode_next(); }));
      if (!text_.empty()) co_return as_bytes(text_);
    }
    if (part_ == Part::kTail) {
      part_ = Part::kEnd;
      co_return as_bytes(frame_.tail);
    }
    co_return ByteView();
  }

 private:
  // A small first piece may be all in the encoder still: go on until there is text, or the end.
  Result<> encode_next() {
    text_.clear();
    while (text_.empty() && part_ == Part::kBody) {
      BULLA_TRY(const auto piece, next_piece(*payload_, left_));
      if (!piece.empty()) {
        lines_.append(piece, text_);
        continue;
      }
      lines_.finish(text_);
      part_ = Part::kTail;
    }
    return {};
  }

  net::Workers& workers_;
  mail::MailFrame frame_;
  std::unique_ptr<queue::Body> payload_;
  std::uint64_t left_;
  envelope::Base64Lines lines_;
  std::string text_;
  Part part_ = Part::kHead;
};

class PassedBody final : public net::BodySource {
 public:
  PassedBody(net::Workers& workers, std::string trace, std::unique_ptr<queue::Body> body, std::uint64_t size)
      : workers_(workers), trace_(std::move(trace)), body_(std::move(body)), left_(size) {}

  net::Awaiting<ByteView> next() override {
    if (part_ == Part::kHead) {
      part_ = Part::kBody;
      if (!trace_.empty()) co_return as_bytes(trace_);
    }
    co_return co_await workers_.run([this] { return next_piece(*body_, left_); });
  }

 private:
  net::Workers& workers_;
  std::string trace_;
  std::unique_ptr<queue::Body> body_;
  std::uint64_t left_;
  Part part_ = Part::kHead;
};

}  // namespace

std::unique_ptr<net::BodySource> envelope_body(net::Workers& workers, mail::MailFrame frame,
                                               std::unique_ptr<queue::Body> payload, std::uint64_t payload_size) {
  return std::make_unique<EnvelopeBody>(workers, std::move(frame), std::move(payload), payload_size);
}

std::unique_ptr<net::BodySource> passed_body(net::Workers& workers, std::string trace,
                                             std::unique_ptr<queue::Body> body, std::uint64_t size) {
  return std::make_unique<PassedBody>(workers, std::move(trace), std::move(body), size);
}

}  // namespace bulla::gateway
