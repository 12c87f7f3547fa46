#include "gateway/courier.h"

#include <algorithm>

#include "core/base/time_text.h"
#include "core/envelope/data_block.h"
#include "gateway/bodies.h"

namespace bulla::gateway {
namespace {

constexpr Millis kIdle = kMinute;

Ending ending_of(smtp::Outcome outcome) {
  switch (outcome) {
    case smtp::Outcome::kDelivered:
      return Ending::kNext;
    case smtp::Outcome::kTemporary:
      return Ending::kAgain;
    case smtp::Outcome::kPermanent:
      return Ending::kFail;
  }
  return Ending::kAgain;
}

// next_try is when a recipient's turn comes again; nothing when there is no further one.
std::optional<Millis> next_try(const std::vector<queue::Change>& changes, std::size_t recipient) {
  const auto found = std::ranges::find(changes, recipient, &queue::Change::recipient);
  if (found == changes.end() || found->step.stage == queue::Stage::kDone) return std::nullopt;
  return found->step.next;
}

}  // namespace

std::string reason_for_log(const smtp::Reply& reply) {
  if (reply.code != 0) return "the next hop answered " + std::to_string(reply.code);
  const auto is_digit = [&](std::size_t at) {
    return at < reply.text.size() && reply.text[at] >= '0' && reply.text[at] <= '9';
  };
  // Some of our sentences end with a line of the server's, which begins with its code.
  for (auto at = reply.text.find(": "); at != std::string::npos; at = reply.text.find(": ", at + 1)) {
    if (is_digit(at + 2) && is_digit(at + 3) && is_digit(at + 4)) return reply.text.substr(0, at);
  }
  return reply.text;
}

Courier::Courier(const House& house, net::SmtpClient& client, const envelope::HtmlTemplate& html)
    : house_(house), client_(client), html_(html), wake_(house.loop), deliveries_(house.loop) {}

void Courier::stop() {
  stopping_ = true;
  wake_.set();
}

net::Task<> Courier::run() {
  const auto limit = house_.settings.queue.deliveries;
  while (!stopping_) {
    const auto free = limit - std::min(limit, deliveries_.size());
    auto claims = house_.claim(queue::Stage::kDeliver, free);
    for (auto& one : group(std::move(claims))) deliveries_.spawn("delivery", work(std::move(one)));
    const auto due = house_.queue.next_due(queue::Stage::kDeliver);
    const bool full = deliveries_.size() >= limit;
    co_await wake_.wait(due && !full ? std::clamp<Millis>(*due - house_.clock.now(), 1, kIdle) : kIdle);
  }
  co_await deliveries_.wait_empty(kHour);
}

net::Task<> Courier::work(std::vector<queue::Claim> claims) {
  try {
    co_await deliver(claims);
  } catch (...) {
    if (net::was_cancelled(std::current_exception())) throw;
    house_.log.error("delivery.failed",
                     {{"queue_id", claims.front().id.text()}, {"reason", net::describe(std::current_exception())}});
    house_.try_later(claims);
  }
  wake_.set();
}

net::Task<> Courier::deliver(const std::vector<queue::Claim>& claims) {
  auto message = co_await house_.workers.run([&] { return load(house_, claims); });
  if (message && message->record.sealed)
    co_await deliver_sealed(*message);
  else if (message)
    co_await deliver_passed(*message);
}

net::Task<> Courier::deliver_sealed(const Loaded& message) {
  for (const auto& claim : message.claims) {
    const auto& recipient = message.record.recipients[claim.recipient];
    const std::vector one = {claim};
    Result<mail::MailFrame> frame = fail(Code::kInternal, "");
    Result<std::unique_ptr<queue::Body>> payload = nullptr;
    co_await house_.workers.run([&] {
      frame = compose(message.record, recipient);
      payload = house_.queue.body(message.id);
      if (!frame || !payload) failed(message, one, frame ? payload.error() : frame.error());
    });
    if (!frame || !payload) continue;
    smtp::Transaction transaction;
    transaction.sender = message.record.sender;
    transaction.recipients = {recipient.address};
    transaction.size = mail::frame_size(*frame, message.record.size);
    auto body = envelope_body(house_.workers, std::move(*frame), std::move(*payload), message.record.size);
    const auto result = co_await client_.deliver(house_.settings.next_hop, std::move(transaction), std::move(body));
    co_await house_.workers.run([&] { after(message, one, result); });
  }
}

net::Task<> Courier::deliver_passed(const Loaded& message) {
  const auto& record = message.record;
  smtp::Transaction transaction;
  transaction.sender = record.sender;
  for (const auto& claim : message.claims) transaction.recipients.push_back(record.recipients[claim.recipient].address);
  transaction.size = record.trace.size() + record.size;
  transaction.eight_bit = record.eight_bit;
  Result<std::unique_ptr<queue::Body>> stored = nullptr;
  co_await house_.workers.run([&] {
    stored = house_.queue.body(message.id);
    if (!stored) failed(message, message.claims, stored.error());
  });
  if (!stored) co_return;
  auto body = passed_body(house_.workers, record.trace, std::move(*stored), record.size);
  const auto result = co_await client_.deliver(house_.settings.next_hop, std::move(transaction), std::move(body));
  co_await house_.workers.run([&] { after(message, message.claims, result); });
}

Result<mail::MailFrame> Courier::compose(const Record& record, const RecordRecipient& recipient) const {
  const auto& sealed = *record.sealed;
  const auto id = envelope::EnvelopeId::parse(sealed.id);
  if (!id) return fail(Code::kInternal, "a record of the queue has no envelope id");
  const envelope::DataBlock data{*id,         house_.settings.key_server.origin, house_.settings.organisation,
                                 sealed.from, recipient.address.text(),          sealed.date,
                                 record.size};
  mail::EnvelopeMail mail;
  mail.trace = record.trace;
  mail.fields = record.fields;
  mail.subject = record.subject;
  mail.notice = mail::mail_notice(data);
  BULLA_TRY(mail.html, html_.fill(mail::page_notice(data), envelope::data_block_json(data), recipient.header.reveal()));
  return mail::compose_envelope_mail(mail, house_.random);
}

// after runs on a worker: it writes to the disk.
void Courier::after(const Loaded& message, const std::vector<queue::Claim>& claims,
                    const smtp::TransactionResult& result) {
  std::vector<Attempt> attempts;
  for (std::size_t i = 0; i < claims.size() && i < result.recipients.size(); ++i) {
    const auto& one = result.recipients[i];
    const auto failure = failure_of(one.recipient, one.reply);
    attempts.push_back({claims[i], ending_of(one.outcome), failure.status, failure.diagnostic});
  }
  if (result.uncertain) house_.log.warn("mail.uncertain", {{"queue_id", message.id.text()}});
  const auto changes = settle(house_, message, attempts);
  for (std::size_t i = 0; i < attempts.size(); ++i) log_attempt(message, attempts[i], result, i, changes);
}

void Courier::log_attempt(const Loaded& message, const Attempt& attempt, const smtp::TransactionResult& result,
                          std::size_t index, const std::vector<queue::Change>& changes) const {
  const auto& one = result.recipients[index];
  const auto attempts = attempt.claim.step.attempts + 1;
  const bool sealed = message.record.sealed.has_value();
  if (attempt.ending == Ending::kNext) {
    house_.log.info("mail.delivered", {{"queue_id", message.id.text()},
                                       {"domain", one.recipient.domain},
                                       {"sealed", sealed},
                                       {"tls", result.tls},
                                       {"attempts", attempts},
                                       {"reply", one.reply.code},
                                       {"status", one.reply.enhanced}});
    return;
  }
  const auto again = next_try(changes, attempt.claim.recipient);
  house_.log.warn(again ? program::LogName("mail.deferred") : program::LogName("mail.failed"),
                  {{"queue_id", message.id.text()},
                   {"domain", one.recipient.domain},
                   {"sealed", sealed},
                   {"tls", result.tls},
                   {"attempts", attempts},
                   {"reply", one.reply.code},
                   {"status", one.reply.enhanced},
                   {"reason", reason_for_log(one.reply)},
                   {"next_try", again ? rfc3339(*again) : "never"}});
}

void Courier::failed(const Loaded& message, const std::vector<queue::Claim>& claims, const Error& error) {
  house_.log.error("mail.unreadable", error, {{"queue_id", message.id.text()}});
  std::vector<Attempt> attempts;
  for (const auto& claim : claims)
    attempts.push_back({claim, Ending::kAgain, "5.3.0", "the gateway could not read it"});
  settle(house_, message, attempts);
}

}  // namespace bulla::gateway
