#include "gateway/intake.h"

#include <algorithm>
#include <set>

#include "core/envelope/seal.h"
#include "gateway/house.h"
#include "mail/address.h"
#include "mail/compose.h"
#include "mail/fields.h"
#include "mail/index_message.h"
#include "policy/subject_flag.h"

namespace bulla::gateway {
namespace {

constexpr std::size_t kMaxReceived = 50;

bool has_eight_bit(ByteView bytes) {
  return std::ranges::any_of(bytes, [](std::uint8_t byte) { return byte > 127; });
}

// key_of is what makes two recipients the same person for the key server, which compares canonical addresses.
std::string key_of(const smtp::Mailbox& mailbox) {
  const auto text = mailbox.text();
  const auto address = mail::Address::parse(text);
  return address ? address->text() : text;
}

}  // namespace

// Plan is what policy has decided: who gets an envelope, and who the message as it is.
struct Intake::Plan {
  std::shared_ptr<const policy::Rules> rules;
  std::vector<smtp::Mailbox> sealed;
  std::vector<smtp::Mailbox> passed;
};

Intake::Intake(const Settings& settings, const Keys& keys, queue::Queue& queue, Random& random, const Clock& clock)
    : settings_(settings), keys_(keys), queue_(queue), random_(random), clock_(clock) {
  set_rules(settings.rules);
}

void Intake::set_rules(policy::Rules rules) {
  auto fresh = std::make_shared<const policy::Rules>(std::move(rules));
  const std::lock_guard lock(mutex_);
  rules_ = std::move(fresh);
}

std::shared_ptr<const policy::Rules> Intake::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

smtp::Reply reply_for(const Error& error) {
  switch (error.code) {
    case Code::kTooMany:
      return smtp::answer(smtp::Answer::kNoRoom);
    case Code::kDenied:
      return smtp::answer(smtp::Answer::kPolicyRefused, error.text);
    case Code::kInvalid:
      return smtp::answer(smtp::Answer::kMessageMalformed, error.text);
    default:
      return smtp::answer(smtp::Answer::kTryLater);
  }
}

IntakeResult Intake::take(const Arrival& arrival, const Secret& message) {
  IntakeResult out;
  const auto decided = plan(arrival, message.reveal(), out);
  // Whoever is named in Bcc stays unknown to the others, sealed or not; no other byte is changed.
  const auto without_bcc = mail::without_bcc(message.reveal());
  const auto text = without_bcc ? without_bcc->reveal() : message.reveal();
  auto done = decided ? queue_all(arrival, text, *decided, out) : Result<>(fail(decided.error()));
  if (!done) {
    out.reply = reply_for(done.error());
    out.reason = done.error().text;
    out.sealed_id.clear();
    out.passed_id.clear();
    return out;
  }
  const auto& id = out.sealed_id.empty() ? out.passed_id : out.sealed_id;
  out.reply = smtp::answer(smtp::Answer::kAccepted, "queued as " + id);
  return out;
}

Result<Intake::Plan> Intake::plan(const Arrival& arrival, ByteView message, IntakeResult& out) const {
  Plan plan;
  plan.rules = rules();
  const bool sent_as_report = !arrival.envelope.mail.sender && arrival.envelope.recipients.size() == 1;
  const auto facts = policy::read_facts(message, sent_as_report, plan.rules->subject_flag);
  if (facts.received > kMaxReceived)
    return fail(Code::kDenied, "this message goes in circles (too many Received fields)");
  std::set<std::string> seen_sealed;
  std::set<std::string> seen_passed;
  for (const auto& recipient : arrival.envelope.recipients) {
    const auto decision = policy::decide(*plan.rules, facts, recipient);
    if (out.reason.empty()) out.reason = policy::reason_name(decision.reason);
    if (decision.action == policy::Action::kRefuse) return fail(Code::kDenied, decision.explanation);
    if (decision.action == policy::Action::kSeal && seen_sealed.insert(key_of(recipient)).second)
      plan.sealed.push_back(recipient);
    if (decision.action == policy::Action::kPass && seen_passed.insert(recipient.text()).second)
      plan.passed.push_back(recipient);
  }
  out.sealed = plan.sealed.size();
  out.passed = plan.passed.size();
  return plan;
}

// queue_all makes both bodies before it commits the first one, so that little can go wrong between the two commits.
Result<> Intake::queue_all(const Arrival& arrival, ByteView message, const Plan& plan, IntakeResult& out) {
  Record sealed_record;
  Record passed_record;
  std::unique_ptr<queue::Draft> sealed;
  std::unique_ptr<queue::Draft> passed;
  if (!plan.sealed.empty()) {
    BULLA_TRY(sealed, seal(message, plan, sealed_record));
  }
  if (!plan.passed.empty()) {
    BULLA_TRY(passed, pass(message, plan.passed, passed_record));
  }
  const auto commit = [&](queue::Draft& draft, Record& record, queue::Stage stage) {
    record.sender = arrival.envelope.mail.sender;
    record.trace = trace(arrival, draft.id().text());
    const std::vector stages(record.recipients.size(), stage);
    return draft.commit(encode(record).reveal(), stages);
  };
  if (sealed) {
    BULLA_CHECK_OK(commit(*sealed, sealed_record, queue::Stage::kRegister));
    out.sealed_id = sealed->id().text();
    out.envelope = log_hash(keys_, sealed_record.sealed->id);
  }
  if (!passed) return {};
  auto committed = commit(*passed, passed_record, queue::Stage::kDeliver);
  if (committed) {
    out.passed_id = passed->id().text();
  } else if (sealed) {
    // The client keeps the message and will send it again: this half must not go out now.
    std::vector<queue::Change> undo;
    for (std::uint32_t i = 0; i < plan.sealed.size(); ++i) undo.push_back({i, {}});
    (void)queue_.update(sealed->id(), undo);
  }
  return committed;
}

Result<std::unique_ptr<queue::Draft>> Intake::seal(ByteView message, const Plan& plan, Record& record) {
  const auto index = mail::index_message(message);
  // Policy has looked at every From; the manifest states this one, so it is looked at again, in the form it is stated.
  const auto from = mail::Address::parse(index.from.address);
  const auto& own = plan.rules->sender_domains;
  if (!from || std::ranges::find(own, from->domain()) == own.end())
    return fail(Code::kDenied,
                "this message is to be sealed, but its From cannot be read as an address of the organisation");

  BULLA_TRY(auto draft, queue_.create(queue::BodyForm::kPayload, message.size()));
  envelope::SealRequest request;
  request.message = message;
  request.index = &index;
  request.signing_key = &keys_.signing;
  request.organisation = settings_.organisation;
  if (settings_.envelope.expires != 0) request.expires = clock_.now() + settings_.envelope.expires;
  const auto to_draft = [&](ByteView bytes) { return draft->write(bytes); };
  BULLA_TRY(const auto sealed, envelope::seal_message(request, clock_, random_, to_draft));

  auto outer = mail::outer_fields(message);
  record.size = sealed.payload_size;
  record.fields = std::move(outer.fields);
  record.subject = outer_subject(outer.subject, index.subject, *plan.rules);
  record.sealed = SealedPart{sealed.id.text(), index.from, sealed.manifest.date, sealed.manifest.expires};
  BULLA_CHECK_OK(add_copies(sealed.file_key.reveal(), sealed.id.text(), plan.sealed, record));
  return draft;
}

Result<> Intake::add_copies(ByteView file_key, const std::string& id, const std::vector<smtp::Mailbox>& recipients,
                            Record& record) {
  const auto envelope_id = envelope::EnvelopeId::parse(id);
  for (const auto& recipient : recipients) {
    BULLA_TRY(auto shares, envelope::Shares::make(random_));
    RecordRecipient copy{recipient, {}, shares.server.clone()};
    BULLA_TRY(auto header, envelope::recipient_header(file_key, *envelope_id, std::move(shares), random_));
    copy.header = Secret::take(std::move(header));
    record.recipients.push_back(std::move(copy));
  }
  return {};
}

Result<std::unique_ptr<queue::Draft>> Intake::pass(ByteView message, const std::vector<smtp::Mailbox>& recipients,
                                                   Record& record) {
  BULLA_TRY(auto draft, queue_.create(queue::BodyForm::kPlain, message.size()));
  BULLA_CHECK_OK(draft->write(message));
  auto outer = mail::outer_fields(message);
  record.size = message.size();
  record.eight_bit = has_eight_bit(message);
  record.fields = std::move(outer.fields);
  record.subject = std::move(outer.subject);
  for (const auto& recipient : recipients) record.recipients.push_back({recipient, {}, {}});
  return draft;
}

std::string Intake::outer_subject(const std::string& field, const std::string& decoded,
                                  const policy::Rules& rules) const {
  if (settings_.envelope.subject) return mail::subject_field(*settings_.envelope.subject);
  const auto visible = policy::without_flag(decoded, rules.subject_flag);
  return visible == decoded ? field : mail::subject_field(visible);
}

std::string Intake::trace(const Arrival& arrival, const std::string& queue_id) const {
  mail::Received received;
  received.from_helo = arrival.envelope.helo;
  received.from_address = arrival.peer;
  received.by = settings_.hostname;
  received.with = arrival.envelope.tls ? "ESMTPS" : arrival.envelope.esmtp ? "ESMTP" : "SMTP";
  received.id = queue_id;
  received.time = clock_.now();
  return mail::received_field(received);
}

}  // namespace bulla::gateway
