#include "keys/registering.h"

namespace bulla::keys {
namespace {

constexpr const char* kOutdatedRelease = "the share is sealed to a release key that was replaced";
constexpr const char* kAnotherShare = "another share is registered for this envelope and address";
constexpr const char* kOutdatedPerson = "the share is sealed to a key that is not the recipient's";

RecipientResult result(const NewRecipient& recipient, Registration status, const char* reason = "") {
  return {recipient.address, status, reason};
}

// Seen is a recipient of a batch after all that can be found out without the store.
struct Seen {
  std::optional<mail::Address> address;
  std::string refused;  // why it can never be registered
  bool to_release_key = false;
  std::optional<Secret> share;  // opened, when it came sealed to the current release key
};

// Batch registers the recipients of one envelope inside of a transaction.
class EnvelopeBatch {
 public:
  EnvelopeBatch(const World& world, const Organisation& organisation, const NewEnvelope& envelope)
      : world_(world), organisation_(organisation), envelope_(envelope) {
    for (const auto& recipient : envelope.recipients) seen_.push_back(look_at(recipient));
  }

  Result<EnvelopeResult> run(store::Transaction& t) const {
    EnvelopeResult out{envelope_.id, {}};
    const Millis now = world_.clock.now();
    BULLA_TRY(const auto known, t.envelope(envelope_.id));
    const std::string refused = refusal(known, now);
    bool kept = known.has_value();
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      if (!refused.empty()) {
        out.recipients.push_back(result(envelope_.recipients[i], Registration::kRefused, refused.c_str()));
        continue;
      }
      BULLA_TRY(const auto problem, problem_with(t, envelope_.recipients[i], seen_[i]));
      if (problem) {
        out.recipients.push_back(*problem);
        continue;
      }
      // The envelope is kept when the first of its recipients is.
      if (!kept) BULLA_CHECK_OK(t.add_envelope(row(now)));
      kept = true;
      BULLA_CHECK_OK(keep(t, envelope_.recipients[i], seen_[i], now));
      out.recipients.push_back(result(envelope_.recipients[i], Registration::kRegistered));
    }
    return out;
  }

 private:
  Seen look_at(const NewRecipient& recipient) const {
    Seen seen;
    seen.address = mail::Address::parse(recipient.address);
    if (!seen.address) seen.refused = "the address is malformed";
    if (auto stanza = check_stanza(recipient.share.stanza); !stanza) seen.refused = stanza.error().text;
    seen.to_release_key = recipient.share.to == world_.release_key.holder();
    if (!seen.to_release_key || !seen.refused.empty()) return seen;
    auto share = world_.release_key.open_share(recipient.share.stanza);
    if (share)
      seen.share = std::move(*share);
    else
      seen.refused = "the share does not open with the release key";
    return seen;
  }

  // Why nothing of this envelope can be registered; empty when it can.
  std::string refusal(const std::optional<store::Envelope>& known, Millis now) const {
    const auto sender = mail::Address::parse(envelope_.sender);
    if (!sender) return "the sender's address is malformed";
    if (!organisation_.owns(sender->domain())) return "the sender's domain is not one of this organisation";
    if (known && known->organisation != organisation_.id) return "the envelope's id belongs to another organisation";
    if (known ? known->expired(now) : row(now).expired(now)) return "the envelope has expired";
    return "";
  }

  store::Envelope row(Millis now) const {
    const auto sender = mail::Address::parse(envelope_.sender);
    return {envelope_.id,
            organisation_.id,
            sender ? sender->text() : "",
            envelope_.sender_name,
            envelope_.date,
            envelope_.expires,
            now,
            false};
  }

  // problem_with finds out why a recipient cannot be registered; no value when it can.
  Result<std::optional<RecipientResult>> problem_with(store::Transaction& t, const NewRecipient& recipient,
                                                      const Seen& seen) const {
    using Found = std::optional<RecipientResult>;
    if (!seen.refused.empty()) return Found(result(recipient, Registration::kRefused, seen.refused.c_str()));
    if (seen.to_release_key) {
      BULLA_TRY(const auto listing, t.listing(envelope_.id, seen.address->text()));
      if (listing && listing->share_digest && *listing->share_digest != digest_of(seen))
        return Found(result(recipient, Registration::kRefused, kAnotherShare));
      return Found();
    }
    if (recipient.share.to.starts_with(store::kReleasePrefix))
      return Found(result(recipient, Registration::kOutdated, kOutdatedRelease));
    BULLA_TRY(const auto account, t.account(seen.address->text()));
    if (!account || account->recipient != recipient.share.to)
      return Found(result(recipient, Registration::kOutdated, kOutdatedPerson));
    return Found();
  }

  Result<> keep(store::Transaction& t, const NewRecipient& recipient, const Seen& seen, Millis now) const {
    const std::string& address = seen.address->text();
    BULLA_TRY(const auto listing, t.listing(envelope_.id, address));
    const Millis registered = listing ? listing->registered : now;
    if (!seen.to_release_key) {
      // The server cannot see what is in it, so it cannot compare: the later one counts. A gateway that lost an answer
      // seals the same share again, and each sealing looks different.
      BULLA_CHECK_OK(t.put_listing({envelope_.id, address, std::nullopt, registered}));
      return t.put_share({envelope_.id, address, recipient.share.to, recipient.share.stanza});
    }
    const auto digest = digest_of(seen);
    if (listing && listing->share_digest == digest) return {};  // registered before
    BULLA_CHECK_OK(t.put_listing({envelope_.id, address, digest, registered}));
    BULLA_TRY(const auto account, t.account(address));
    if (!account) return t.put_share({envelope_.id, address, world_.release_key.holder(), recipient.share.stanza});
    // The recipient has registered since the gateway asked: from now on only they can open it.
    BULLA_TRY(const auto key, age::X25519Recipient::parse(account->recipient));
    BULLA_TRY(auto sealed, seal_share(key, seen.share->reveal(), world_.random));
    return t.put_share({envelope_.id, address, account->recipient, std::move(sealed)});
  }

  store::Digest digest_of(const Seen& seen) const {
    return world_.secret.digest(Use::kShare, {envelope_.id, as_bytes(seen.address->text()), seen.share->reveal()});
  }

  const World& world_;
  const Organisation& organisation_;
  const NewEnvelope& envelope_;
  std::vector<Seen> seen_;
};

}  // namespace

const char* registration_name(Registration registration) {
  switch (registration) {
    case Registration::kRegistered:
      return "registered";
    case Registration::kOutdated:
      return "outdated";
    case Registration::kRefused:
      return "refused";
  }
  return "refused";
}

Answer<std::map<std::string, std::vector<std::string>>> Registering::directory(
    const std::vector<std::string>& addresses) const {
  std::map<std::string, std::vector<std::string>> keys;
  BULLA_CHECK_OK(world_.store.read([&](store::Reader& r) -> Result<> {
    for (const auto& asked : addresses) {
      const auto address = mail::Address::parse(asked);
      if (!address) continue;
      BULLA_TRY(const auto account, r.account(address->text()));
      if (account) keys[asked] = {account->recipient};
    }
    return {};
  }));
  return keys;
}

Answer<std::vector<EnvelopeResult>> Registering::register_envelopes(const Organisation& organisation,
                                                                    const std::vector<NewEnvelope>& envelopes) const {
  // Shares are opened and checked before the transaction, which others wait for.
  std::vector<EnvelopeBatch> batches;
  for (const auto& envelope : envelopes) batches.emplace_back(world_, organisation, envelope);
  std::vector<EnvelopeResult> results;
  BULLA_CHECK_OK(world_.store.write([&](store::Transaction& t) -> Result<> {
    for (const auto& batch : batches) {
      BULLA_TRY(auto one, batch.run(t));
      results.push_back(std::move(one));
    }
    return {};
  }));
  return results;
}

Answer<std::vector<store::Event>> Registering::events(const Organisation& organisation, std::int64_t after,
                                                      int limit) const {
  std::vector<store::Event> events;
  BULLA_CHECK_OK(world_.store.read([&](store::Reader& r) -> Result<> {
    BULLA_TRY(events, r.events(organisation.id, after, limit));
    return {};
  }));
  return events;
}

}  // namespace bulla::keys
