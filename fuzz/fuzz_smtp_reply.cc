// A client's session survives any server: it ends with one result for each recipient, and never says anything but
// well-formed commands. The first bytes choose the pieces and the policy.
#include "fuzz/fuzzer.h"
#include "smtp/client_session.h"

using namespace bulla;
using namespace bulla::smtp;

namespace {

struct Talk {
  std::string said;
  std::optional<TransactionResult> result;
  bool body = false;
  bool tls = false;
};

Transaction transaction() {
  Transaction out;
  out.sender = Mailbox{"a", "x.org"};
  out.recipients = {{"b", "y.org"}, {"c d", "y.org"}, {"e", "y.org>\r\nDATA"}};
  out.size = 100;
  return out;
}

Talk talk(ClientConfig config, ByteView input, std::size_t step) {
  Talk talk;
  ClientSession session(std::move(config));
  session.begin(transaction());
  // At most: two handshakes' worth of steps, and as many reads as there are pieces.
  const std::size_t turns = input.size() + 1000;
  for (std::size_t turn = 0; turn < turns; ++turn) {
    auto action = session.next();
    talk.said += session.take_output();
    if (std::holds_alternative<ClientNeedInput>(action)) {
      if (input.empty()) session.connection_lost("gone");
      const auto piece = input.first(std::min(step, input.size()));
      input = input.subspan(piece.size());
      session.feed(piece);
    } else if (std::holds_alternative<ClientStartTls>(action)) {
      talk.tls = true;
      session.tls_started();
    } else if (std::holds_alternative<ClientSendBody>(action)) {
      talk.body = true;
      session.body_sent();
    } else if (auto* end = std::get_if<ClientFinished>(&action)) {
      talk.result = std::move(end->result);
    } else {
      return talk;
    }
  }
  BULLA_ASSERT(false && "the session goes in circles");
  return talk;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t step = 1 + input.byte() % 64;
  const auto policy = static_cast<TlsPolicy>(input.byte() % 3);
  const auto done = talk({"fuzz.example", policy, 1 + input.below(4)}, input.rest(), step);
  BULLA_ASSERT(done.result && done.result->recipients.size() == 3);
  const auto& recipients = done.result->recipients;
  BULLA_ASSERT(recipients[2].outcome != Outcome::kDelivered && !done.said.contains("DATA\r\nDATA"));
  for (const auto& one : recipients) {
    BULLA_ASSERT(one.reply.code == 0 || (one.reply.code >= 200 && one.reply.code < 600));
    if (one.outcome == Outcome::kDelivered) fuzz::accepted();
    if (one.outcome == Outcome::kDelivered) BULLA_ASSERT(done.body && one.reply.code / 100 == 2);
    if (one.outcome == Outcome::kPermanent) BULLA_ASSERT(one.reply.code >= 500 || one.reply.enhanced.starts_with('5'));
    for (const char c : one.reply.text) BULLA_ASSERT(c == '\n' || (c >= 0x20 && c < 0x7f));
  }
  if (policy == TlsPolicy::kRequired && !done.tls) BULLA_ASSERT(!done.said.contains("MAIL FROM"));
  if (done.result->uncertain) BULLA_ASSERT(done.body);
  return 0;
}
