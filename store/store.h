// Store: where a key server keeps what it must not lose. The interface speaks of accounts, envelopes and shares, not of
// SQL, and holds no decisions: those are in keys/.
//
// Engines: sqlite_store.h (the real one), memory_store.h (the model, for tests), failing_store.h (fails where told).
// One suite (store_test.cc) holds for all.
//
// Promises
//   * write() runs its body as one transaction: all of it is kept, or nothing. Transactions happen one after another,
//     and each sees what those before it wrote.
//   * When write() returns success, what it wrote is durable. When it returns an error, nothing of it is kept; only if
//     the disk failed while committing (kUnavailable) may either have happened.
//   * read() sees one consistent state, at least as new as each write that had succeeded before it began.
//   * A body that returns an error undoes the transaction, and that error is returned.
// Threads: any number may call read() and write(). A body must not call the store again.
#pragma once

#include <functional>
#include <vector>

#include "core/base/result.h"
#include "store/records.h"

namespace bulla::store {

// Reader is what can be asked. Absent things are "no value", errors are kUnavailable (or kInternal for a store that
// holds what it cannot hold).
class Reader {
 public:
  virtual ~Reader() = default;

  virtual Result<std::optional<Envelope>> envelope(const EnvelopeId& id) = 0;
  virtual Result<std::optional<Listing>> listing(const EnvelopeId& id, const std::string& address) = 0;
  // is_listed: does an envelope that is neither locked nor expired name this address?
  virtual Result<bool> is_listed(const std::string& address, Millis now) = 0;
  // shares of one listing, ordered by holder.
  virtual Result<std::vector<Share>> shares(const EnvelopeId& id, const std::string& address) = 0;
  // waiting_shares are those of an address that are sealed to a release key: up to `limit`, ordered by envelope, from
  // behind `after`.
  virtual Result<std::vector<Share>> waiting_shares(const std::string& address, const std::optional<EnvelopeId>& after,
                                                    int limit) = 0;

  virtual Result<std::optional<Account>> account(const std::string& address) = 0;
  virtual Result<std::optional<CodeRequest>> code_request(const Digest& id) = 0;
  // count_codes counts the requests of an address since an hour and a day ago, and of a network since an hour ago.
  virtual Result<CodeCounts> count_codes(const std::string& address, const Digest& network, Millis hour_ago,
                                         Millis day_ago) = 0;
  virtual Result<std::optional<Ticket>> ticket(const Digest& id) = 0;
  virtual Result<std::optional<Session>> session(const Digest& id) = 0;

  // events of an organisation with a number above `after`, in order, up to `limit`.
  virtual Result<std::vector<Event>> events(const std::string& organisation, std::int64_t after, int limit) = 0;

  // outbox: up to `limit` mails whose next try is due, the longest due first.
  virtual Result<std::vector<OutboxMail>> outbox(Millis now, int limit) = 0;
  // outbox_next is when the next mail is due; no value when there is none.
  virtual Result<std::optional<Millis>> outbox_next() = 0;

  // A small value of the program's own, by name.
  virtual Result<std::optional<Bytes>> setting(const std::string& name) = 0;
};

// Transaction is what can be done. Adding what exists is kConflict; changing what does not exist is kNotFound.
class Transaction : public Reader {
 public:
  virtual Result<> add_envelope(const Envelope& envelope) = 0;
  virtual Result<> set_locked(const EnvelopeId& id, bool locked) = 0;
  // put_listing adds a listing or replaces it.
  virtual Result<> put_listing(const Listing& listing) = 0;
  // put_share adds a share, or replaces the one of the same holder.
  virtual Result<> put_share(const Share& share) = 0;
  // remove_share overwrites the share's place in the file, too.
  virtual Result<> remove_share(const EnvelopeId& id, const std::string& address, const std::string& holder) = 0;

  virtual Result<> add_account(const Account& account) = 0;
  virtual Result<> add_code_request(const CodeRequest& request) = 0;
  virtual Result<> set_code_request(const Digest& id, int tries_left, bool verified) = 0;
  // put_ticket adds a ticket, or replaces it.
  virtual Result<> put_ticket(const Ticket& ticket) = 0;
  // put_session adds a session, or replaces it.
  virtual Result<> put_session(const Session& session) = 0;

  // append_event gives the event the next number of its organisation, and returns it. `event.number` is not looked at.
  virtual Result<std::int64_t> append_event(const Event& event) = 0;

  // add_mail returns the number it gave; `mail.number` is not looked at.
  virtual Result<std::int64_t> add_mail(const OutboxMail& mail) = 0;
  virtual Result<> postpone_mail(std::int64_t number, int attempts, Millis next_try) = 0;
  virtual Result<> remove_mail(std::int64_t number) = 0;

  virtual Result<> put_setting(const std::string& name, const Bytes& value) = 0;

  // forget removes up to about `limit` rows of each kind that are over: code requests made and tickets that ended
  // before `before`, sessions last used before `before`. Returns how many it removed.
  virtual Result<int> forget(Millis before, int limit) = 0;
  // expire removes the shares of up to `limit` envelopes that have expired. The envelopes stay as a record. Returns
  // how many envelopes it has looked after.
  virtual Result<int> expire(Millis now, int limit) = 0;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual Result<> read(const std::function<Result<>(Reader&)>& body) = 0;
  virtual Result<> write(const std::function<Result<>(Transaction&)>& body) = 0;
  // tidy lets go of old copies of what was removed or changed (a write-ahead log). Call it now and then.
  virtual Result<> tidy() = 0;
};

}  // namespace bulla::store
