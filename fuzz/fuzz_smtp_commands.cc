// A server's session takes any bytes, in any pieces, with the same answers; what it lets through is well-formed, and a
// message never has a bare CR or LF. The first bytes choose the pieces and the settings.
#include "fuzz/fuzzer.h"
#include "smtp/server_session.h"

using namespace bulla;
using namespace bulla::smtp;

namespace {

bool has_bare_line_end(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return true;
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return true;
  }
  return false;
}

// Every line that the server says is a reply, whatever it repeats of what it was sent.
void check_replies(std::string_view said) {
  ReplyReader reader;
  ByteView in = as_bytes(said);
  while (!in.empty()) BULLA_ASSERT(reader.feed(in) == ReplyReader::State::kReply);
}

struct Heard {
  std::string said;
  std::string bodies;
  std::size_t messages = 0;
};

class Owner {
 public:
  explicit Owner(ServerConfig config) : config_(config), session_(config) {}

  Heard run(ByteView input, std::size_t step) {
    while (!closed_ && !input.empty()) {
      const auto piece = input.first(std::min(step, input.size()));
      input = input.subspan(piece.size());
      session_.feed(piece);
      act();
    }
    return std::move(heard_);
  }

 private:
  void act() {
    while (!closed_) {
      auto action = session_.next();
      heard_.said += session_.take_output();
      if (std::holds_alternative<NeedInput>(action)) return;
      if (auto* mail = std::get_if<AskMail>(&action)) {
        BULLA_ASSERT(!mail->mail.sender || valid(*mail->mail.sender));
        session_.answer(answer(Answer::kSenderOk));
      } else if (auto* recipient = std::get_if<AskRecipient>(&action)) {
        BULLA_ASSERT(valid(recipient->recipient));
        session_.answer(answer(Answer::kRecipientOk));
      } else if (auto* piece = std::get_if<BodyPiece>(&action)) {
        BULLA_ASSERT(!piece->bytes.empty());
        body_ += as_text(piece->bytes);
      } else if (auto* end = std::get_if<BodyEnd>(&action)) {
        check_message(end->envelope);
        session_.answer(answer(Answer::kAccepted));
      } else if (std::holds_alternative<StartTls>(action)) {
        session_.tls_started();
      } else {
        closed_ = std::holds_alternative<CloseSession>(action);
        body_.clear();  // BodyBegin, BodyDropped
      }
    }
  }
  void check_message(const Envelope& envelope) {
    BULLA_ASSERT(!envelope.recipients.empty() && envelope.recipients.size() <= config_.max_recipients);
    BULLA_ASSERT(!envelope.helo.empty() && body_.size() <= config_.max_message && !has_bare_line_end(body_));
    heard_.bodies += body_ + '|';
    ++heard_.messages;
    body_.clear();
  }

  ServerConfig config_;
  ServerSession session_;
  Heard heard_;
  std::string body_;
  bool closed_ = false;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t step = 1 + input.byte() % 64;
  ServerConfig config;
  config.host_name = "fuzz.example";
  config.max_message = 4096;
  config.max_text_line = 1024;
  config.max_recipients = 4;
  // With STARTTLS, pieces make a difference: what stands behind it in the same piece is thrown away.
  config.offer_tls = input.byte() % 2 == 1;
  const ByteView rest = input.rest();
  const Heard pieces = Owner(config).run(rest, step);
  const Heard whole = Owner(config).run(rest, rest.size());
  if (whole.messages > 0) fuzz::accepted();
  check_replies(whole.said);
  check_replies(pieces.said);
  if (config.offer_tls) return 0;
  BULLA_ASSERT(pieces.said == whole.said && pieces.bodies == whole.bodies && pieces.messages == whole.messages);
  return 0;
}
