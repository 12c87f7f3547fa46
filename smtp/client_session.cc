#include "smtp/client_session.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/base/check.h"

namespace bulla::smtp {
namespace {

Outcome outcome_of(const Reply& reply) {
  return reply.permanent() ? Outcome::kPermanent : Outcome::kTemporary;
}

Reply ours(std::string_view enhanced, std::string text) {
  return {0, std::string(enhanced), std::move(text)};
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

}  // namespace

ClientSession::ClientSession(ClientConfig config) : config_(std::move(config)) {}

void ClientSession::feed(ByteView bytes) {
  if (phase_ != Phase::kClosed) append(input_, bytes);
}

ClientAction ClientSession::next() {
  read_replies();
  if (finished_) return ClientFinished{*std::exchange(finished_, {})};
  if (phase_ == Phase::kReady) start_next();
  if (finished_) return ClientFinished{*std::exchange(finished_, {})};
  switch (phase_) {
    case Phase::kClosed:
      return ClientClose{};
    case Phase::kHandshake:
      return ClientStartTls{};
    case Phase::kReady:
      return ClientReady{};
    case Phase::kBody:
      return ClientSendBody{};
    default:
      return ClientNeedInput{};
  }
}

void ClientSession::read_replies() {
  ByteView in(input_);
  // While the body or the handshake is due, and once a result waits to be taken, replies stay where they are.
  const auto reading = [this] {
    return !finished_ && phase_ != Phase::kClosed && phase_ != Phase::kBody && phase_ != Phase::kHandshake;
  };
  while (!in.empty() && reading()) {
    const auto state = reader_.feed(in);
    if (state == ReplyReader::State::kNeedMore) break;
    if (state == ReplyReader::State::kGarbage) {
      abandon(ours("4.5.0", "the server's answer is not SMTP"));
      break;
    }
    const bool injected = phase_ == Phase::kStartTls && !in.empty();
    on_reply(reader_.take(), injected);
  }
  input_.erase(input_.begin(), input_.end() - static_cast<std::ptrdiff_t>(in.size()));
}

void ClientSession::on_reply(const Reply& reply, bool injected) {
  if (reply.code == 421) return abandon(reply);
  switch (phase_) {
    case Phase::kGreeting:
      return on_greeting(reply);
    case Phase::kEhlo:
      return on_ehlo(reply);
    case Phase::kHelo:
      return reply.positive() ? greeted() : abandon(reply);
    case Phase::kStartTls:
      return injected ? abandon(ours("4.7.0", "the server sent data behind its answer to STARTTLS"))
                      : on_starttls(reply);
    case Phase::kTransaction:
      return on_transaction(reply);
    case Phase::kQuit:
      phase_ = Phase::kClosed;
      return;
    case Phase::kReady:
      return abandon(ours("4.5.0", "the server spoke without being asked: " + reply.line()));
    case Phase::kHandshake:
    case Phase::kBody:
    case Phase::kClosed:
      return;
  }
}

void ClientSession::on_greeting(const Reply& reply) {
  if (reply.code != 220) return abandon(reply);
  send("EHLO " + config_.helo_name);
  phase_ = Phase::kEhlo;
}

void ClientSession::on_ehlo(const Reply& reply) {
  capabilities_ = {};
  if (reply.permanent() && !tls_ && config_.tls != TlsPolicy::kRequired) {
    send("HELO " + config_.helo_name);
    phase_ = Phase::kHelo;
    return;
  }
  if (reply.code != 250) return abandon(reply);
  std::string_view rest = reply.text;
  while (true) {
    const auto end = rest.find('\n');
    note_capability(upper(rest.substr(0, end)));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (tls_ || config_.tls == TlsPolicy::kNone) return greeted();
  if (capabilities_.starttls) {
    send("STARTTLS");
    phase_ = Phase::kStartTls;
  } else if (config_.tls == TlsPolicy::kRequired) {
    abandon(ours("4.7.4", "TLS is required, and the server does not offer it"));
  } else {
    greeted();
  }
}

void ClientSession::note_capability(const std::string& line) {
  if (line == "PIPELINING") capabilities_.pipelining = true;
  if (line == "8BITMIME") capabilities_.eight_bit = true;
  if (line == "STARTTLS") capabilities_.starttls = true;
  if (line != "SIZE" && !line.starts_with("SIZE ")) return;
  capabilities_.size = true;
  std::uint64_t size = 0;
  const char* begin = line.data() + std::min<std::size_t>(5, line.size());
  if (std::from_chars(begin, line.data() + line.size(), size).ec == std::errc() && size > 0)
    capabilities_.max_size = size;
}

void ClientSession::on_starttls(const Reply& reply) {
  if (reply.code == 220) {
    phase_ = Phase::kHandshake;
  } else if (config_.tls == TlsPolicy::kRequired) {
    abandon(ours("4.7.4", "TLS is required, and the server refuses it: " + reply.line()));
  } else {
    greeted();
  }
}

void ClientSession::tls_started() {
  if (phase_ != Phase::kHandshake) return;
  if (!input_.empty()) return abandon(ours("4.7.0", "the server sent data behind its answer to STARTTLS"));
  tls_ = true;
  reader_ = {};
  send("EHLO " + config_.helo_name);
  phase_ = Phase::kEhlo;
}

void ClientSession::tls_failed(const std::string& why) {
  abandon(ours("4.7.5", "TLS failed: " + why));
}

void ClientSession::greeted() {
  phase_ = Phase::kReady;
}

void ClientSession::begin(Transaction transaction) {
  BULLA_ASSERT(!transaction_ && !finished_);
  transaction_ = std::move(transaction);
  results_.assign(transaction_->recipients.size(), std::nullopt);
  next_recipient_ = 0;
  accepted_ = 0;
  mail_sent_ = mail_failed_ = data_sent_ = uncertain_ = false;
  if (phase_ == Phase::kClosed) {
    settle_rest(Outcome::kTemporary, broken_.value_or(ours("4.4.2", "the connection is closed")));
    finish();
  }
}

void ClientSession::quit() {
  quit_ = true;
}

void ClientSession::start_next() {
  if (transaction_) {
    start_transaction();
  } else if (quit_) {
    send("QUIT");
    phase_ = Phase::kQuit;
  }
}

// What can be known to fail before a word is said.
bool ClientSession::check_transaction() {
  const auto& transaction = *transaction_;
  if (transaction.sender && !valid(*transaction.sender)) {
    settle_rest(Outcome::kPermanent, ours("5.1.7", "the sender's address is not valid"));
  } else if (transaction.eight_bit && !capabilities_.eight_bit) {
    settle_rest(Outcome::kPermanent, ours("5.6.3", "the message has 8-bit data, and the server takes 7-bit only"));
  } else if (capabilities_.max_size && transaction.size > *capabilities_.max_size) {
    settle_rest(Outcome::kPermanent, ours("5.3.4", "the message is larger than the server takes (" +
                                                       std::to_string(*capabilities_.max_size) + " bytes)"));
  }
  for (std::size_t i = 0; i < transaction.recipients.size(); ++i)
    if (!results_[i] && !valid(transaction.recipients[i]))
      settle(i, Outcome::kPermanent, ours("5.1.3", "the recipient's address is not valid"));
  return std::ranges::any_of(results_, [](const auto& result) { return !result; });
}

void ClientSession::start_transaction() {
  if (!check_transaction()) return finish();
  phase_ = Phase::kTransaction;
  if (std::exchange(needs_reset_, false)) {
    send("RSET");
    expected_.push_back({Sent::kReset});
  }
  send_more();
}

// Sends what may be on its way now: one command without PIPELINING, a window of them with it.
void ClientSession::send_more() {
  const std::size_t window = capabilities_.pipelining ? std::max<std::size_t>(1, config_.pipeline) : 1;
  while (expected_.size() < window && !mail_failed_ && !data_sent_) {
    if (!mail_sent_) {
      send_mail();
      continue;
    }
    while (next_recipient_ < results_.size() && results_[next_recipient_]) ++next_recipient_;
    if (next_recipient_ < results_.size()) {
      send("RCPT TO:<" + transaction_->recipients[next_recipient_].text() + ">");
      expected_.push_back({Sent::kRecipient, next_recipient_++});
      continue;
    }
    const bool may_be_accepted =
        accepted_ > 0 || std::ranges::find(expected_, Sent::kRecipient, &Expected::what) != expected_.end();
    if (!may_be_accepted) break;
    send("DATA");
    expected_.push_back({Sent::kData});
    data_sent_ = true;
  }
  if (expected_.empty() && phase_ == Phase::kTransaction) finish();
}

void ClientSession::send_mail() {
  std::string line = "MAIL FROM:" + path_text(transaction_->sender);
  if (capabilities_.size && transaction_->size > 0) line += " SIZE=" + std::to_string(transaction_->size);
  if (capabilities_.eight_bit && transaction_->eight_bit) line += " BODY=8BITMIME";
  send(line);
  expected_.push_back({Sent::kMail});
  mail_sent_ = true;
  needs_reset_ = true;
}

void ClientSession::send(std::string_view line) {
  output_ += line;
  output_ += "\r\n";
}

void ClientSession::on_transaction(const Reply& reply) {
  BULLA_ASSERT(!expected_.empty());
  const auto expected = expected_.front();
  expected_.pop_front();
  switch (expected.what) {
    case Sent::kReset:
      // A server that remembers the last transaction might add its recipients to this one.
      if (reply.code / 100 != 2) abandon(ours("4.5.0", "the server does not forget the last transaction"));
      break;
    case Sent::kMail:
      on_mail(reply);
      break;
    case Sent::kRecipient:
      on_recipient(expected.recipient, reply);
      break;
    case Sent::kData:
      on_data(reply);
      break;
    case Sent::kBodyEnd:
      on_body_end(reply);
      break;
  }
  if (phase_ == Phase::kTransaction) send_more();
}

void ClientSession::on_mail(const Reply& reply) {
  if (reply.code / 100 == 2) return;
  mail_failed_ = true;
  settle_rest(outcome_of(reply), reply);
}

void ClientSession::on_recipient(std::size_t index, const Reply& reply) {
  if (mail_failed_) return;
  if (reply.code / 100 == 2) {
    ++accepted_;
    return;
  }
  // 552 here means "too many recipients" from servers that follow RFC 821 (RFC 5321 §4.5.3.1.10).
  settle(index, reply.code == 552 ? Outcome::kTemporary : outcome_of(reply), reply);
}

void ClientSession::on_data(const Reply& reply) {
  if (reply.code != 354) {
    settle_rest(outcome_of(reply), reply);
  } else if (accepted_ == 0 || mail_failed_) {
    // The server wants a message that has no sender or no recipient. RFC 2920 §3.1 would end it with a single dot,
    // which a server that has mistaken somebody for a recipient delivers: an empty mail. A message that never ends is
    // none.
    abandon(ours("4.5.0", "the server wants a message for nobody"));
  } else {
    phase_ = Phase::kBody;
  }
}

void ClientSession::body_sent() {
  if (phase_ != Phase::kBody) return;
  expected_.push_back({Sent::kBodyEnd});
  uncertain_ = true;
  phase_ = Phase::kTransaction;
}

void ClientSession::on_body_end(const Reply& reply) {
  uncertain_ = false;
  needs_reset_ = false;
  const bool delivered = reply.code / 100 == 2;
  settle_rest(delivered ? Outcome::kDelivered : outcome_of(reply), reply);
}

void ClientSession::settle(std::size_t index, Outcome outcome, const Reply& reply) {
  results_[index] = RecipientResult{transaction_->recipients[index], outcome, reply};
}

void ClientSession::settle_rest(Outcome outcome, const Reply& reply) {
  for (std::size_t i = 0; i < results_.size(); ++i)
    if (!results_[i]) settle(i, outcome, reply);
}

void ClientSession::finish() {
  TransactionResult result;
  for (auto& one : results_) result.recipients.push_back(std::move(*one));
  result.tls = tls_;
  result.uncertain = uncertain_;
  finished_ = std::move(result);
  transaction_.reset();
  results_.clear();
  expected_.clear();
  if (phase_ != Phase::kClosed) phase_ = Phase::kReady;
}

// Nothing more can be done on this connection; what is not settled is to be tried again.
void ClientSession::abandon(const Reply& reply) {
  abandon(Outcome::kTemporary, reply);
}

void ClientSession::abandon(Outcome outcome, const Reply& reply) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  broken_ = reply;
  if (reply.code != 0) uncertain_ = false;
  if (!transaction_) return;
  settle_rest(outcome, reply);
  finish();
}

void ClientSession::connection_lost(const std::string& why) {
  abandon(ours("4.4.2", why));
}

void ClientSession::body_failed(const Error& error) {
  const bool permanent = error.code == Code::kInvalid;
  abandon(permanent ? Outcome::kPermanent : Outcome::kTemporary, ours(permanent ? "5.6.0" : "4.3.0", error.text));
}

std::string ClientSession::take_output() {
  return std::exchange(output_, {});
}

ClientSession::Expecting ClientSession::expecting() const {
  if (phase_ == Phase::kGreeting) return Expecting::kGreeting;
  if (phase_ == Phase::kTransaction && !expected_.empty()) {
    if (expected_.front().what == Sent::kData) return Expecting::kDataStart;
    if (expected_.front().what == Sent::kBodyEnd) return Expecting::kDataEnd;
  }
  return Expecting::kReply;
}

}  // namespace bulla::smtp
