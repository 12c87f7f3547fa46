// SqliteTransaction: the SQL behind each question and deed of store.h. Runs inside a transaction that its owner opened.
#pragma once

#include "store/sqlite_connection.h"
#include "store/store.h"

namespace bulla::store {

class SqliteTransaction final : public Transaction {
 public:
  explicit SqliteTransaction(Connection& connection) : c_(connection) {}

  Result<std::optional<Envelope>> envelope(const EnvelopeId& id) override;
  Result<std::optional<Listing>> listing(const EnvelopeId& id, const std::string& address) override;
  Result<bool> is_listed(const std::string& address, Millis now) override;
  Result<std::vector<Share>> shares(const EnvelopeId& id, const std::string& address) override;
  Result<std::vector<Share>> waiting_shares(const std::string& address, const std::optional<EnvelopeId>& after,
                                            int limit) override;
  Result<std::optional<Account>> account(const std::string& address) override;
  Result<std::optional<CodeRequest>> code_request(const Digest& id) override;
  Result<CodeCounts> count_codes(const std::string& address, const Digest& network, Millis hour_ago,
                                 Millis day_ago) override;
  Result<std::optional<Ticket>> ticket(const Digest& id) override;
  Result<std::optional<Session>> session(const Digest& id) override;
  Result<std::vector<Event>> events(const std::string& organisation, std::int64_t after, int limit) override;
  Result<std::vector<OutboxMail>> outbox(Millis now, int limit) override;
  Result<std::optional<Millis>> outbox_next() override;
  Result<std::optional<Bytes>> setting(const std::string& name) override;

  Result<> add_envelope(const Envelope& envelope) override;
  Result<> set_locked(const EnvelopeId& id, bool locked) override;
  Result<> put_listing(const Listing& listing) override;
  Result<> put_share(const Share& share) override;
  Result<> remove_share(const EnvelopeId& id, const std::string& address, const std::string& holder) override;
  Result<> add_account(const Account& account) override;
  Result<> add_code_request(const CodeRequest& request) override;
  Result<> set_code_request(const Digest& id, int tries_left, bool verified) override;
  Result<> put_ticket(const Ticket& ticket) override;
  Result<> put_session(const Session& session) override;
  Result<std::int64_t> append_event(const Event& event) override;
  Result<std::int64_t> add_mail(const OutboxMail& mail) override;
  Result<> postpone_mail(std::int64_t number, int attempts, Millis next_try) override;
  Result<> remove_mail(std::int64_t number) override;
  Result<> put_setting(const std::string& name, const Bytes& value) override;
  Result<int> forget(Millis before, int limit) override;
  Result<int> expire(Millis now, int limit) override;

 private:
  Connection& c_;
};

}  // namespace bulla::store
