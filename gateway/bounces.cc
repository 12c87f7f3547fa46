#include "gateway/bounces.h"

#include "mail/compose.h"

namespace bulla::gateway {
namespace {

std::string text_for_people(const Record& record, const std::vector<Failure>& failures) {
  std::string text = "Your message could not be delivered to:\n\n";
  for (const auto& failure : failures) {
    text += "  " + failure.recipient.text() + "\n";
    if (!failure.diagnostic.empty()) text += "    " + failure.diagnostic + "\n";
  }
  text += record.sealed ? "\nIt was a secure message. The copies for these recipients have been deleted here.\n"
                        : "\nIt has been deleted here.\n";
  return text;
}

mail::Bounce make_bounce(const House& house, const Record& record, Millis accepted,
                         const std::vector<Failure>& failures) {
  const auto& host = house.settings.hostname;
  mail::Bounce bounce;
  bounce.from = {"MAILER-DAEMON@" + host, "Mail delivery"};
  bounce.to = record.sender->text();
  bounce.reporting_mta = host;
  bounce.subject = "Not delivered: your message";
  bounce.text = text_for_people(record, failures);
  bounce.date = house.clock.now();
  bounce.arrived = accepted;
  for (const auto& failure : failures)
    bounce.recipients.push_back({failure.recipient.text(), failure.status, failure.diagnostic, ""});
  bounce.original_fields = record.fields + record.subject;
  bounce.message_id_domain = host;
  return bounce;
}

}  // namespace

Failure failure_of(const smtp::Mailbox& recipient, const smtp::Reply& reply) {
  // An enhanced code only counts when it says the same as the reply; a failure is always 5.
  const bool usable = reply.enhanced.size() >= 5 && (reply.enhanced[0] == '5' || reply.enhanced[0] == '4');
  return {recipient, usable ? "5" + reply.enhanced.substr(1) : "5.0.0", reply.line()};
}

Result<> queue_bounce(const House& house, const Record& record, Millis accepted, const std::vector<Failure>& failures) {
  if (!record.sender || record.report) {
    house.log.warn("bounce.dropped", {{"recipients", failures.size()}, {"reason", "there is nobody to tell"}});
    return {};
  }
  BULLA_TRY(const auto text, mail::compose_bounce(make_bounce(house, record, accepted, failures), house.random));
  Record bounce;
  bounce.report = true;
  bounce.size = text.size();
  bounce.recipients.push_back({*record.sender, {}, {}});
  BULLA_TRY(const auto draft, house.queue.create(queue::BodyForm::kPlain, text.size()));
  BULLA_CHECK_OK(draft->write(as_bytes(text)));
  const std::vector stages = {queue::Stage::kDeliver};
  BULLA_CHECK_OK(draft->commit(encode(bounce).reveal(), stages));
  house.log.info("bounce.queued", {{"queue_id", draft->id().text()}, {"recipients", failures.size()}});
  return {};
}

}  // namespace bulla::gateway
