#include "store/memory_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>

namespace bulla::store {
namespace {

using ListingKey = std::pair<EnvelopeId, std::string>;
using ShareKey = std::tuple<EnvelopeId, std::string, std::string>;

struct Tables {
  std::map<EnvelopeId, Envelope> envelopes;
  std::map<ListingKey, Listing> listings;
  std::map<ShareKey, Share> shares;
  std::map<std::string, Account> accounts;
  std::map<Digest, CodeRequest> code_requests;
  std::map<Digest, Ticket> tickets;
  std::map<Digest, Session> sessions;
  std::map<std::pair<std::string, std::int64_t>, Event> events;
  std::map<std::int64_t, OutboxMail> outbox;
  std::int64_t last_mail = 0;
  std::map<std::string, Bytes> settings;
};

template <class Map>
std::optional<typename Map::mapped_type> find(const Map& map, const typename Map::key_type& key) {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

bool waits(const Share& share) {
  return share.holder.starts_with(kReleasePrefix);
}

// remove_some removes up to `limit` rows that match, and returns how many.
template <class Map, class Match>
int remove_some(Map& map, int limit, const Match& match) {
  int removed = 0;
  for (auto row = map.begin(); row != map.end() && removed < limit;) {
    if (match(row->second)) {
      row = map.erase(row);
      ++removed;
    } else {
      ++row;
    }
  }
  return removed;
}

class MemoryTransaction final : public Transaction {
 public:
  explicit MemoryTransaction(Tables& tables) : t_(tables) {}

  Result<std::optional<Envelope>> envelope(const EnvelopeId& id) override { return find(t_.envelopes, id); }
  Result<std::optional<Listing>> listing(const EnvelopeId& id, const std::string& address) override {
    return find(t_.listings, {id, address});
  }
  Result<bool> is_listed(const std::string& address, Millis now) override {
    return std::ranges::any_of(t_.listings, [&](const auto& row) {
      if (row.first.second != address) return false;
      const Envelope& envelope = t_.envelopes.at(row.first.first);
      return !envelope.locked && !envelope.expired(now);
    });
  }
  Result<std::vector<Share>> shares(const EnvelopeId& id, const std::string& address) override {
    std::vector<Share> out;
    for (const auto& [key, share] : t_.shares)
      if (share.envelope == id && share.address == address) out.push_back(share);
    return out;
  }
  Result<std::vector<Share>> waiting_shares(const std::string& address, const std::optional<EnvelopeId>& after,
                                            int limit) override {
    std::vector<Share> out;
    for (const auto& [key, share] : t_.shares) {
      if (out.size() == static_cast<std::size_t>(limit)) break;
      if (share.address == address && waits(share) && (!after || share.envelope > *after)) out.push_back(share);
    }
    return out;
  }

  Result<std::optional<Account>> account(const std::string& address) override { return find(t_.accounts, address); }
  Result<std::optional<CodeRequest>> code_request(const Digest& id) override { return find(t_.code_requests, id); }
  Result<CodeCounts> count_codes(const std::string& address, const Digest& network, Millis hour_ago,
                                 Millis day_ago) override {
    CodeCounts counts;
    for (const auto& [id, request] : t_.code_requests) {
      counts.address_hour += request.address == address && request.created > hour_ago;
      counts.address_day += request.address == address && request.created > day_ago;
      counts.network_hour += request.network == network && request.created > hour_ago;
    }
    return counts;
  }
  Result<std::optional<Ticket>> ticket(const Digest& id) override { return find(t_.tickets, id); }
  Result<std::optional<Session>> session(const Digest& id) override { return find(t_.sessions, id); }

  Result<std::vector<Event>> events(const std::string& organisation, std::int64_t after, int limit) override {
    std::vector<Event> out;
    for (auto row = t_.events.upper_bound({organisation, after});
         row != t_.events.end() && row->first.first == organisation && out.size() < static_cast<std::size_t>(limit);
         ++row)
      out.push_back(row->second);
    return out;
  }

  Result<std::vector<OutboxMail>> outbox(Millis now, int limit) override {
    std::vector<OutboxMail> out;
    for (const auto& [number, mail] : t_.outbox)
      if (mail.next_try <= now) out.push_back(mail);
    std::ranges::sort(out, {}, [](const OutboxMail& mail) { return std::pair(mail.next_try, mail.number); });
    if (out.size() > static_cast<std::size_t>(limit)) out.resize(static_cast<std::size_t>(limit));
    return out;
  }
  Result<std::optional<Millis>> outbox_next() override {
    std::optional<Millis> next;
    for (const auto& [number, mail] : t_.outbox)
      if (!next || mail.next_try < *next) next = mail.next_try;
    return next;
  }
  Result<std::optional<Bytes>> setting(const std::string& name) override { return find(t_.settings, name); }

  Result<> add_envelope(const Envelope& envelope) override {
    return add(t_.envelopes, envelope.id, envelope, "envelope");
  }
  Result<> set_locked(const EnvelopeId& id, bool locked) override {
    const auto found = t_.envelopes.find(id);
    if (found == t_.envelopes.end()) return fail(Code::kNotFound, "no such envelope");
    found->second.locked = locked;
    return {};
  }
  Result<> put_listing(const Listing& listing) override {
    if (!t_.envelopes.contains(listing.envelope)) return fail(Code::kNotFound, "no such envelope");
    t_.listings.insert_or_assign({listing.envelope, listing.address}, listing);
    return {};
  }
  Result<> put_share(const Share& share) override {
    if (!t_.listings.contains({share.envelope, share.address})) return fail(Code::kNotFound, "no such listing");
    t_.shares.insert_or_assign({share.envelope, share.address, share.holder}, share);
    return {};
  }
  Result<> remove_share(const EnvelopeId& id, const std::string& address, const std::string& holder) override {
    return remove(t_.shares, {id, address, holder}, "share");
  }

  Result<> add_account(const Account& account) override {
    return add(t_.accounts, account.address, account, "account");
  }
  Result<> add_code_request(const CodeRequest& request) override {
    return add(t_.code_requests, request.id, request, "code request");
  }
  Result<> set_code_request(const Digest& id, int tries_left, bool verified) override {
    const auto found = t_.code_requests.find(id);
    if (found == t_.code_requests.end()) return fail(Code::kNotFound, "no such code request");
    found->second.tries_left = tries_left;
    found->second.verified = verified;
    return {};
  }
  Result<> put_ticket(const Ticket& ticket) override {
    t_.tickets.insert_or_assign(ticket.id, ticket);
    return {};
  }
  Result<> put_session(const Session& session) override {
    t_.sessions.insert_or_assign(session.id, session);
    return {};
  }

  Result<std::int64_t> append_event(const Event& event) override {
    std::int64_t number = 1;
    while (t_.events.contains({event.organisation, number})) ++number;
    Event numbered = event;
    numbered.number = number;
    t_.events.emplace(std::pair{event.organisation, number}, numbered);
    return number;
  }

  Result<std::int64_t> add_mail(const OutboxMail& mail) override {
    OutboxMail numbered = mail;
    numbered.number = ++t_.last_mail;
    t_.outbox.emplace(numbered.number, numbered);
    return numbered.number;
  }
  Result<> postpone_mail(std::int64_t number, int attempts, Millis next_try) override {
    const auto found = t_.outbox.find(number);
    if (found == t_.outbox.end()) return fail(Code::kNotFound, "no such mail");
    found->second.attempts = attempts;
    found->second.next_try = next_try;
    return {};
  }
  Result<> remove_mail(std::int64_t number) override { return remove(t_.outbox, number, "mail"); }

  Result<> put_setting(const std::string& name, const Bytes& value) override {
    t_.settings.insert_or_assign(name, value);
    return {};
  }

  Result<int> forget(Millis before, int limit) override {
    return remove_some(t_.code_requests, limit, [&](const CodeRequest& row) { return row.created < before; }) +
           remove_some(t_.tickets, limit, [&](const Ticket& row) { return row.expires < before; }) +
           remove_some(t_.sessions, limit, [&](const Session& row) { return row.used < before; });
  }
  Result<int> expire(Millis now, int limit) override {
    int envelopes = 0;
    for (const auto& [id, envelope] : t_.envelopes) {
      if (envelopes == limit) break;
      if (!envelope.expired(now)) continue;
      const auto belongs = [&](const Share& share) { return share.envelope == envelope.id; };
      envelopes += remove_some(t_.shares, static_cast<int>(t_.shares.size()), belongs) > 0;
    }
    return envelopes;
  }

 private:
  template <class Map>
  static Result<> add(Map& map, const typename Map::key_type& key, const typename Map::mapped_type& row,
                      const char* what) {
    if (!map.emplace(key, row).second) return fail(Code::kConflict, std::string("this exists already: ") + what);
    return {};
  }
  template <class Map>
  static Result<> remove(Map& map, const typename Map::key_type& key, const char* what) {
    if (map.erase(key) == 0) return fail(Code::kNotFound, std::string("no such ") + what);
    return {};
  }

  Tables& t_;
};

}  // namespace

struct MemoryStore::State {
  std::mutex mutex;
  Tables tables;
};

MemoryStore::MemoryStore() : state_(std::make_unique<State>()) {}
MemoryStore::~MemoryStore() = default;

Result<> MemoryStore::read(const std::function<Result<>(Reader&)>& body) {
  const std::lock_guard lock(state_->mutex);
  MemoryTransaction reader(state_->tables);
  return body(reader);
}

Result<> MemoryStore::write(const std::function<Result<>(Transaction&)>& body) {
  const std::lock_guard lock(state_->mutex);
  Tables copy = state_->tables;
  MemoryTransaction transaction(copy);
  BULLA_CHECK_OK(body(transaction));
  state_->tables = std::move(copy);
  return {};
}

}  // namespace bulla::store
