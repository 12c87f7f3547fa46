#include "store/sqlite_transaction.h"

namespace bulla::store {
namespace {

// one reads at most one row with `read`, all reads every row.
template <class T, class Read>
Result<std::optional<T>> one(Query& query, const Read& read) {
  BULLA_TRY(const bool row, query.step());
  if (!row) return std::optional<T>();
  std::optional<T> value = read(query);
  BULLA_CHECK_OK(query.valid());
  return value;
}

template <class T, class Read>
Result<std::vector<T>> all(Query& query, const Read& read) {
  std::vector<T> rows;
  for (;;) {
    BULLA_TRY(const bool row, query.step());
    if (!row) return rows;
    rows.push_back(read(query));
    BULLA_CHECK_OK(query.valid());
  }
}

// changed_one runs a statement that must change a row.
Result<> changed_one(Query& query, const char* what) {
  BULLA_TRY(const int changed, query.run());
  if (changed == 0) return fail(Code::kNotFound, std::string("no such ") + what);
  return {};
}

Result<> done(Query& query) {
  BULLA_CHECK_OK(query.run());
  return {};
}

Share read_share(Query& row) {
  return {row.array<22>(0), row.text(1), row.text(2), row.text(3)};
}

Event read_event(Query& row) {
  return {row.text(0), row.integer(1), row.text(2), row.array<22>(3), row.text(4), row.integer(5)};
}

OutboxMail read_mail(Query& row) {
  return {row.integer(0),
          row.text(1),
          static_cast<MailKind>(row.integer(2)),
          row.blob(3),
          static_cast<int>(row.integer(4)),
          row.integer(5),
          row.integer(6)};
}

}  // namespace

Result<std::optional<Envelope>> SqliteTransaction::envelope(const EnvelopeId& id) {
  Query query(c_,
              "SELECT id, organisation, sender, sender_name, date, expires, registered, locked FROM envelopes"
              " WHERE id = ?");
  return one<Envelope>(query.bind(id), [](Query& row) {
    return Envelope{row.array<22>(0),        row.text(1),    row.text(2),        row.text(3), row.integer(4),
                    row.optional_integer(5), row.integer(6), row.integer(7) != 0};
  });
}

Result<std::optional<Listing>> SqliteTransaction::listing(const EnvelopeId& id, const std::string& address) {
  Query query(c_,
              "SELECT envelope, address, share_digest, registered FROM listings WHERE envelope = ? AND address = ?");
  return one<Listing>(query.bind(id, address), [](Query& row) {
    const auto digest = row.is_null(2) ? std::nullopt : std::optional(row.array<32>(2));
    return Listing{row.array<22>(0), row.text(1), digest, row.integer(3)};
  });
}

Result<bool> SqliteTransaction::is_listed(const std::string& address, Millis now) {
  Query query(c_,
              "SELECT 1 FROM listings JOIN envelopes ON envelopes.id = listings.envelope"
              " WHERE listings.address = ? AND locked = 0 AND (expires IS NULL OR expires > ?) LIMIT 1");
  return query.bind(address, now).step();
}

Result<std::vector<Share>> SqliteTransaction::shares(const EnvelopeId& id, const std::string& address) {
  Query query(
      c_, "SELECT envelope, address, holder, stanza FROM shares WHERE envelope = ? AND address = ? ORDER BY holder");
  return all<Share>(query.bind(id, address), read_share);
}

Result<std::vector<Share>> SqliteTransaction::waiting_shares(const std::string& address,
                                                             const std::optional<EnvelopeId>& after, int limit) {
  Query query(c_,
              "SELECT envelope, address, holder, stanza FROM shares"
              " WHERE address = ? AND envelope > ? AND holder >= 'release:' AND holder < 'release;'"
              " ORDER BY envelope LIMIT ?");
  // The empty blob comes before each identifier.
  return all<Share>(query.bind(address, after ? ByteView(*after) : ByteView(), limit), read_share);
}

Result<std::optional<Account>> SqliteTransaction::account(const std::string& address) {
  Query query(c_, "SELECT address, recipient, identity, opaque_record, created FROM accounts WHERE address = ?");
  return one<Account>(query.bind(address), [](Query& row) {
    return Account{row.text(0), row.text(1), row.blob(2), row.blob(3), row.integer(4)};
  });
}

Result<std::optional<CodeRequest>> SqliteTransaction::code_request(const Digest& id) {
  Query query(c_,
              "SELECT id, address, network, kind, code, created, expires, tries_left, verified FROM code_requests"
              " WHERE id = ?");
  return one<CodeRequest>(query.bind(id), [](Query& row) {
    return CodeRequest{row.array<32>(0),   row.text(1),    row.array<32>(2), static_cast<MailKind>(row.integer(3)),
                       row.array<32>(4),   row.integer(5), row.integer(6),   static_cast<int>(row.integer(7)),
                       row.integer(8) != 0};
  });
}

Result<CodeCounts> SqliteTransaction::count_codes(const std::string& address, const Digest& network, Millis hour_ago,
                                                  Millis day_ago) {
  Query query(c_,
              "SELECT (SELECT count(*) FROM code_requests WHERE address = ? AND created > ?),"
              "       (SELECT count(*) FROM code_requests WHERE address = ? AND created > ?),"
              "       (SELECT count(*) FROM code_requests WHERE network = ? AND created > ?)");
  BULLA_CHECK_OK(query.bind(address, hour_ago, address, day_ago, network, hour_ago).step());
  return CodeCounts{static_cast<int>(query.integer(0)), static_cast<int>(query.integer(1)),
                    static_cast<int>(query.integer(2))};
}

Result<std::optional<Ticket>> SqliteTransaction::ticket(const Digest& id) {
  Query query(c_, "SELECT id, address, expires, used FROM tickets WHERE id = ?");
  return one<Ticket>(query.bind(id), [](Query& row) {
    return Ticket{row.array<32>(0), row.text(1), row.integer(2), row.integer(3) != 0};
  });
}

Result<std::optional<Session>> SqliteTransaction::session(const Digest& id) {
  Query query(c_, "SELECT id, address, created, used, ended FROM sessions WHERE id = ?");
  return one<Session>(query.bind(id), [](Query& row) {
    return Session{row.array<32>(0), row.text(1), row.integer(2), row.integer(3), row.integer(4) != 0};
  });
}

Result<std::vector<Event>> SqliteTransaction::events(const std::string& organisation, std::int64_t after, int limit) {
  Query query(c_,
              "SELECT organisation, number, type, envelope, address, time FROM events"
              " WHERE organisation = ? AND number > ? ORDER BY number LIMIT ?");
  return all<Event>(query.bind(organisation, after, limit), read_event);
}

Result<std::vector<OutboxMail>> SqliteTransaction::outbox(Millis now, int limit) {
  Query query(c_,
              "SELECT number, address, kind, body, attempts, next_try, expires FROM outbox"
              " WHERE next_try <= ? ORDER BY next_try, number LIMIT ?");
  return all<OutboxMail>(query.bind(now, limit), read_mail);
}

Result<std::optional<Millis>> SqliteTransaction::outbox_next() {
  Query query(c_, "SELECT min(next_try) FROM outbox");
  BULLA_CHECK_OK(query.step());
  return query.optional_integer(0);
}

Result<std::optional<Bytes>> SqliteTransaction::setting(const std::string& name) {
  Query query(c_, "SELECT value FROM settings WHERE name = ?");
  return one<Bytes>(query.bind(name), [](Query& row) { return row.blob(0); });
}

Result<> SqliteTransaction::add_envelope(const Envelope& envelope) {
  Query query(c_,
              "INSERT INTO envelopes (id, organisation, sender, sender_name, date, expires, registered, locked)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  query.bind(envelope.id, envelope.organisation, envelope.sender, envelope.sender_name, envelope.date, envelope.expires,
             envelope.registered, envelope.locked);
  return done(query);
}

Result<> SqliteTransaction::set_locked(const EnvelopeId& id, bool locked) {
  Query query(c_, "UPDATE envelopes SET locked = ? WHERE id = ?");
  return changed_one(query.bind(locked, id), "envelope");
}

Result<> SqliteTransaction::put_listing(const Listing& listing) {
  Query query(c_,
              "INSERT INTO listings (envelope, address, share_digest, registered) VALUES (?, ?, ?, ?)"
              " ON CONFLICT DO UPDATE SET share_digest = excluded.share_digest, registered = excluded.registered");
  return done(query.bind(listing.envelope, listing.address, listing.share_digest, listing.registered));
}

Result<> SqliteTransaction::put_share(const Share& share) {
  Query query(c_,
              "INSERT INTO shares (envelope, address, holder, stanza) VALUES (?, ?, ?, ?)"
              " ON CONFLICT DO UPDATE SET stanza = excluded.stanza");
  return done(query.bind(share.envelope, share.address, share.holder, share.stanza));
}

Result<> SqliteTransaction::remove_share(const EnvelopeId& id, const std::string& address, const std::string& holder) {
  Query query(c_, "DELETE FROM shares WHERE envelope = ? AND address = ? AND holder = ?");
  return changed_one(query.bind(id, address, holder), "share");
}

Result<> SqliteTransaction::add_account(const Account& account) {
  Query query(c_, "INSERT INTO accounts (address, recipient, identity, opaque_record, created) VALUES (?, ?, ?, ?, ?)");
  return done(query.bind(account.address, account.recipient, account.identity, account.opaque_record, account.created));
}

Result<> SqliteTransaction::add_code_request(const CodeRequest& request) {
  Query query(c_,
              "INSERT INTO code_requests (id, address, network, kind, code, created, expires, tries_left, verified)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  query.bind(request.id, request.address, request.network, static_cast<int>(request.kind), request.code,
             request.created, request.expires, request.tries_left, request.verified);
  return done(query);
}

Result<> SqliteTransaction::set_code_request(const Digest& id, int tries_left, bool verified) {
  Query query(c_, "UPDATE code_requests SET tries_left = ?, verified = ? WHERE id = ?");
  return changed_one(query.bind(tries_left, verified, id), "code request");
}

Result<> SqliteTransaction::put_ticket(const Ticket& ticket) {
  Query query(
      c_,
      "INSERT INTO tickets (id, address, expires, used) VALUES (?, ?, ?, ?)"
      " ON CONFLICT DO UPDATE SET address = excluded.address, expires = excluded.expires, used = excluded.used");
  return done(query.bind(ticket.id, ticket.address, ticket.expires, ticket.used));
}

Result<> SqliteTransaction::put_session(const Session& session) {
  Query query(c_,
              "INSERT INTO sessions (id, address, created, used, ended) VALUES (?, ?, ?, ?, ?)"
              " ON CONFLICT DO UPDATE SET address = excluded.address, created = excluded.created,"
              " used = excluded.used, ended = excluded.ended");
  return done(query.bind(session.id, session.address, session.created, session.used, session.ended));
}

Result<std::int64_t> SqliteTransaction::append_event(const Event& event) {
  Query last(c_, "SELECT coalesce(max(number), 0) FROM events WHERE organisation = ?");
  BULLA_CHECK_OK(last.bind(event.organisation).step());
  const std::int64_t number = last.integer(0) + 1;
  Query query(c_, "INSERT INTO events (organisation, number, type, envelope, address, time) VALUES (?, ?, ?, ?, ?, ?)");
  BULLA_CHECK_OK(done(query.bind(event.organisation, number, event.type, event.envelope, event.address, event.time)));
  return number;
}

Result<std::int64_t> SqliteTransaction::add_mail(const OutboxMail& mail) {
  Query query(c_,
              "INSERT INTO outbox (address, kind, body, attempts, next_try, expires) VALUES (?, ?, ?, ?, ?, ?)"
              " RETURNING number");
  query.bind(mail.address, static_cast<int>(mail.kind), mail.body, mail.attempts, mail.next_try, mail.expires);
  BULLA_CHECK_OK(query.step());
  return query.integer(0);
}

Result<> SqliteTransaction::postpone_mail(std::int64_t number, int attempts, Millis next_try) {
  Query query(c_, "UPDATE outbox SET attempts = ?, next_try = ? WHERE number = ?");
  return changed_one(query.bind(attempts, next_try, number), "mail");
}

Result<> SqliteTransaction::remove_mail(std::int64_t number) {
  Query query(c_, "DELETE FROM outbox WHERE number = ?");
  return changed_one(query.bind(number), "mail");
}

Result<> SqliteTransaction::put_setting(const std::string& name, const Bytes& value) {
  Query query(c_, "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  return done(query.bind(name, value));
}

Result<int> SqliteTransaction::forget(Millis before, int limit) {
  Query codes(c_,
              "DELETE FROM code_requests WHERE id IN"
              " (SELECT id FROM code_requests WHERE created < ? ORDER BY created LIMIT ?)");
  BULLA_TRY(const int code_requests, codes.bind(before, limit).run());
  Query over(c_, "DELETE FROM tickets WHERE id IN (SELECT id FROM tickets WHERE expires < ? ORDER BY expires LIMIT ?)");
  BULLA_TRY(const int tickets, over.bind(before, limit).run());
  Query unused(c_, "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE used < ? ORDER BY used LIMIT ?)");
  BULLA_TRY(const int sessions, unused.bind(before, limit).run());
  return code_requests + tickets + sessions;
}

Result<int> SqliteTransaction::expire(Millis now, int limit) {
  std::vector<EnvelopeId> ids;
  {
    Query query(c_, "SELECT id FROM envelopes WHERE expires <= ? AND cleared = 0 ORDER BY expires LIMIT ?");
    BULLA_TRY(ids, all<EnvelopeId>(query.bind(now, limit), [](Query& row) { return row.array<22>(0); }));
  }
  for (const auto& id : ids) {
    Query shares(c_, "DELETE FROM shares WHERE envelope = ?");
    BULLA_CHECK_OK(done(shares.bind(id)));
    Query mark(c_, "UPDATE envelopes SET cleared = 1 WHERE id = ?");
    BULLA_CHECK_OK(done(mark.bind(id)));
  }
  return static_cast<int>(ids.size());
}

}  // namespace bulla::store
