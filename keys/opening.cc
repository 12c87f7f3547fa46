#include "keys/opening.h"

namespace bulla::keys {
namespace {

std::unexpected<Problem> not_found() {
  return deny(ProblemCode::kNotFound, "There is no such envelope for this address.",
              "Was it sent to another address of yours?");
}

std::unexpected<Problem> closed(std::string state) {
  const char* message = state == "expired" ? "This envelope has expired." : "The sender has locked this envelope.";
  Problem problem(ProblemCode::kGone, message, "Ask the sender to send it again.");
  problem.state = std::move(state);
  return std::unexpected(std::move(problem));
}

// An envelope of an organisation that is no longer served cannot be checked against its signing keys: it is locked.
std::string envelope_state(const store::Envelope& envelope, const Organisation* organisation, Millis now) {
  if (envelope.expired(now)) return "expired";
  return envelope.locked || organisation == nullptr ? "locked" : "open";
}

std::string domain_of(std::string_view address) {
  return std::string(address.substr(address.rfind('@') + 1));
}

}  // namespace

const char* state_name(LookState state) {
  switch (state) {
    case LookState::kUnknown:
      return "unknown";
    case LookState::kRegister:
      return "register";
    case LookState::kSignIn:
      return "sign-in";
    case LookState::kLocked:
      return "locked";
    case LookState::kExpired:
      return "expired";
  }
  return "unknown";
}

Answer<LookState> Opening::look(const store::EnvelopeId& id, const mail::Address& address, const Asker& asker) const {
  const Millis now = world_.clock.now();
  if (const auto wait = world_.limits.look(asker.network, now)) return deny_for(wait);
  // All three questions are asked, whatever the answers: an unlisted address costs what a listed one does.
  std::optional<store::Envelope> envelope;
  std::optional<store::Listing> listing;
  std::optional<store::Account> account;
  BULLA_CHECK_OK(world_.store.read([&](store::Reader& r) -> Result<> {
    BULLA_TRY(envelope, r.envelope(id));
    BULLA_TRY(listing, r.listing(id, address.text()));
    BULLA_TRY(account, r.account(address.text()));
    return {};
  }));
  if (!envelope || !listing) return LookState::kUnknown;
  const auto organisations = world_.organisations.current();
  const auto state = envelope_state(*envelope, organisations->find(envelope->organisation), now);
  if (state == "locked") return LookState::kLocked;
  if (state == "expired") return LookState::kExpired;
  return account ? LookState::kSignIn : LookState::kRegister;
}

Answer<Details> Opening::details(const store::EnvelopeId& id, const std::string& address) const {
  std::optional<store::Envelope> envelope;
  std::optional<store::Listing> listing;
  BULLA_CHECK_OK(world_.store.read([&](store::Reader& r) -> Result<> {
    BULLA_TRY(envelope, r.envelope(id));
    BULLA_TRY(listing, r.listing(id, address));
    return {};
  }));
  if (!envelope || !listing) return not_found();
  const auto organisations = world_.organisations.current();
  const auto* organisation = organisations->find(envelope->organisation);
  Details out;
  out.envelope = *envelope;
  out.address = address;
  out.organisation_name = organisation ? organisation->name : envelope->organisation;
  out.sender_domain = domain_of(envelope->sender);
  out.state = envelope_state(*envelope, organisation, world_.clock.now());
  return out;
}

Answer<Release> Opening::release(const store::EnvelopeId& id, const std::string& address) const {
  const Millis now = world_.clock.now();
  if (const auto wait = world_.limits.release(address, now)) return deny_for(wait);
  Answer<Release> answer = not_found();
  BULLA_CHECK_OK(world_.store.write([&](store::Transaction& t) -> Result<> {
    answer = release_in(t, id, address, now);
    if (!answer && answer.error().code == ProblemCode::kUnavailable)
      return fail(Code::kUnavailable, answer.error().cause);
    return {};
  }));
  return answer;
}

Answer<Release> Opening::release_in(store::Transaction& t, const store::EnvelopeId& id, const std::string& address,
                                    Millis now) const {
  BULLA_TRY(const auto envelope, t.envelope(id));
  BULLA_TRY(const auto listing, t.listing(id, address));
  if (!envelope || !listing) return not_found();
  const auto organisations = world_.organisations.current();
  const auto* organisation = organisations->find(envelope->organisation);
  if (auto state = envelope_state(*envelope, organisation, now); state != "open") return closed(std::move(state));

  BULLA_TRY(const auto shares, t.shares(id, address));
  Release out{id, {}, *organisation, address, now};
  for (const auto& share : shares)
    if (!share.holder.starts_with(store::kReleasePrefix)) out.stanzas.push_back(share.stanza);
  if (out.stanzas.empty()) return std::unexpected(Problem(Error{Code::kInternal, "a listing has no share", {}}));
  BULLA_TRY(const auto number, t.append_event({envelope->organisation, 0, "released", id, address, now}));
  (void)number;
  return out;
}

}  // namespace bulla::keys
