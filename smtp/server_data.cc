// DATA (RFC 5321 §4.1.1.4): the message, and what becomes of it.
#include "smtp/server_session.h"

namespace bulla::smtp {

ServerSession::Step ServerSession::on_data(const std::string& argument) {
  if (!argument.empty()) return say_error(Answer::kSyntax, "DATA takes none");
  if (!mail_) return say_error(Answer::kBadSequence, "say MAIL first");
  if (recipients_.empty()) return say_error(Answer::kNoRecipients);
  say(smtp::answer(Answer::kSendMessage));
  data_.emplace(config_.max_message, config_.max_text_line);
  return BodyBegin{mail_->size};
}

// A message that is not going to be taken is still read to its end (RFC 5321 §4.2.5 has no other place for a reply).
ServerSession::Step ServerSession::read_body() {
  ByteView in = input();
  const ByteView piece = data_->next(in);
  consume_up_to(in);
  if (!body_dropped_ && (body_refusal_ || !data_->good())) {
    body_dropped_ = true;
    return BodyDropped{};
  }
  if (!piece.empty() && !body_dropped_) return BodyPiece{piece};
  if (data_->done()) return end_body();
  return {};
}

ServerSession::Step ServerSession::end_body() {
  if (!body_dropped_) {
    Envelope envelope{helo_, esmtp_, tls_, std::move(*mail_), std::move(recipients_)};
    mail_.reset();
    data_.reset();
    waiting_ = Waiting::kBody;
    return BodyEnd{std::move(envelope)};
  }
  if (data_->bare_line_end()) {
    say_error(Answer::kMessageBareLineEnd);
  } else if (data_->too_big()) {
    say_error(Answer::kMessageTooBig);
  } else if (data_->line_too_long()) {
    say_error(Answer::kMessageLineTooLong);
  } else {
    say(*body_refusal_);
  }
  reset_transaction();
  return {};
}

void ServerSession::refuse_body(const Reply& reply) {
  body_refusal_ = reply;
}

}  // namespace bulla::smtp
