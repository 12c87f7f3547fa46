#include "keys/accounts.h"

#include "core/age/header.h"

namespace bulla::keys {
namespace {

std::unexpected<Problem> ticket_gone() {
  return deny(ProblemCode::kGone, "This registration is out of time.", "Ask for a new code.");
}

std::unexpected<Problem> has_account() {
  return deny(ProblemCode::kConflict, "This address is registered already.", "Sign in with its password.");
}

// check_identity makes sure that the wrapped identity is an age file; what is in it is the recipient's alone.
Result<> check_identity(ByteView identity) {
  if (identity.size() > kMaxIdentity) return fail(Code::kInvalid, "identity: more than 4 KiB");
  Reader in(identity);
  if (!age::read_header(in) || in.at_end()) return fail(Code::kInvalid, "identity: this is no age file");
  return {};
}

// check_recipient makes sure that shares can be sealed to the key, before anything depends on it.
Result<age::X25519Recipient> check_recipient(const std::string& text, Random& random) {
  auto recipient = age::X25519Recipient::parse(text);
  if (!recipient) return fail(Code::kInvalid, "recipient: this is no age recipient");
  const ByteArray<kShareSize> nothing{};
  if (auto sealed = seal_share(*recipient, nothing, random); !sealed && sealed.error().code == Code::kInvalid)
    return fail(Code::kInvalid, "recipient: nothing can be sealed to this key");
  return recipient;
}

}  // namespace

Answer<Bytes> Accounts::start(std::string_view ticket, ByteView request, const Asker& asker) const {
  if (const auto wait = world_.limits.verify(asker.network, world_.clock.now())) return deny_for(wait);
  auto parsed = opaque::RegistrationRequest::parse(request);
  if (!parsed) return deny(ProblemCode::kBadRequest, "message: this is no OPAQUE registration request");
  BULLA_TRY(const auto address, address_of(ticket));
  std::optional<store::Account> account;
  BULLA_CHECK_OK(world_.store.read([&](store::Reader& r) -> Result<> {
    BULLA_TRY(account, r.account(address));
    return {};
  }));
  if (account) return has_account();
  BULLA_TRY(const auto response, world_.opaque.registration_response(*parsed, as_bytes(address)));
  return response.serialize();
}

Answer<std::string> Accounts::address_of(std::string_view ticket) const {
  std::optional<store::Ticket> row;
  BULLA_CHECK_OK(world_.store.read([&](store::Reader& r) -> Result<> {
    BULLA_TRY(row, r.ticket(world_.secret.digest(Use::kTicketId, {as_bytes(ticket)})));
    return {};
  }));
  if (!row || row->expires <= world_.clock.now()) return ticket_gone();
  return std::move(row->address);
}

Answer<SessionGiven> Accounts::finish(const NewAccount& account, const Asker& asker) const {
  if (const auto wait = world_.limits.verify(asker.network, world_.clock.now())) return deny_for(wait);
  // Without a ticket nobody makes the server calculate, or write.
  BULLA_CHECK_OK(address_of(account.ticket));
  if (!opaque::Record::parse(account.record))
    return deny(ProblemCode::kBadRequest, "message: this is no OPAQUE registration record");
  BULLA_CHECK_OK(check_identity(account.identity));
  BULLA_TRY(const auto recipient, check_recipient(account.recipient, world_.random));

  std::optional<Answer<SessionGiven>> answer;
  auto kept = world_.store.write([&](store::Transaction& t) -> Result<> {
    answer = create(t, account, recipient);
    // Whatever went wrong, nothing of it is kept.
    if (!*answer) return fail(Code::kConflict, "the account was not made");
    return {};
  });
  if (!answer || *answer) BULLA_CHECK_OK(std::move(kept));
  // What was deleted leaves the write-ahead log too. Should that fail, the next sweep does it.
  if (*answer) (void)world_.store.tidy();
  return std::move(*answer);
}

Answer<SessionGiven> Accounts::create(store::Transaction& t, const NewAccount& wanted,
                                      const age::X25519Recipient& recipient) const {
  const Millis now = world_.clock.now();
  BULLA_TRY(auto ticket, t.ticket(world_.secret.digest(Use::kTicketId, {as_bytes(wanted.ticket)})));
  if (!ticket || ticket->expires <= now) return ticket_gone();
  BULLA_TRY(const auto known, t.account(ticket->address));
  if (known) {
    const bool same = ticket->used && known->opaque_record == wanted.record && known->recipient == wanted.recipient &&
                      known->identity == wanted.identity;
    if (!same) return has_account();
  } else {
    if (ticket->used) return ticket_gone();
    BULLA_CHECK_OK(t.add_account({ticket->address, recipient.text(), wanted.identity, wanted.record, now}));
    ticket->used = true;
    BULLA_CHECK_OK(t.put_ticket(*ticket));
    BULLA_CHECK_OK(hand_over_shares(t, ticket->address, recipient));
  }
  BULLA_TRY(auto session, sessions_.open(t, ticket->address));
  return session;
}

Result<> Accounts::hand_over_shares(store::Transaction& t, const std::string& address,
                                    const age::X25519Recipient& recipient) const {
  constexpr int kPage = 200;
  std::optional<store::EnvelopeId> after;
  for (;;) {
    BULLA_TRY(const auto page, t.waiting_shares(address, after, kPage));
    for (const auto& waiting : page) {
      if (waiting.holder != world_.release_key.holder())
        return fail(Code::kInternal, "a share is sealed to a release key that is not here");
      BULLA_TRY(const auto share, world_.release_key.open_share(waiting.stanza));
      BULLA_TRY(auto sealed, seal_share(recipient, share.reveal(), world_.random));
      BULLA_CHECK_OK(t.put_share({waiting.envelope, address, recipient.text(), std::move(sealed)}));
      BULLA_CHECK_OK(t.remove_share(waiting.envelope, address, waiting.holder));
      after = waiting.envelope;
    }
    if (page.size() < kPage) return {};
  }
}

}  // namespace bulla::keys
