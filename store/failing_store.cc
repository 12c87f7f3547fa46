#include "store/failing_store.h"

namespace bulla::store {

Result<> FailingStore::operation() {
  if (left_ < 0) return {};
  if (left_-- == 0) return fail(Code::kUnavailable, "the store failed, as it was told to");
  return {};
}

// FailingTransaction wraps a transaction, or a reader (then `writes` is null and no deed can be asked for).
class FailingTransaction final : public Transaction {
 public:
  FailingTransaction(FailingStore& owner, Reader& reads, Transaction* writes)
      : owner_(owner), reads_(reads), writes_(writes) {}

  Result<std::optional<Envelope>> envelope(const EnvelopeId& id) override { return ask(&Reader::envelope, id); }
  Result<std::optional<Listing>> listing(const EnvelopeId& id, const std::string& address) override {
    return ask(&Reader::listing, id, address);
  }
  Result<bool> is_listed(const std::string& address, Millis now) override {
    return ask(&Reader::is_listed, address, now);
  }
  Result<std::vector<Share>> shares(const EnvelopeId& id, const std::string& address) override {
    return ask(&Reader::shares, id, address);
  }
  Result<std::vector<Share>> waiting_shares(const std::string& address, const std::optional<EnvelopeId>& after,
                                            int limit) override {
    return ask(&Reader::waiting_shares, address, after, limit);
  }
  Result<std::optional<Account>> account(const std::string& address) override { return ask(&Reader::account, address); }
  Result<std::optional<CodeRequest>> code_request(const Digest& id) override { return ask(&Reader::code_request, id); }
  Result<CodeCounts> count_codes(const std::string& address, const Digest& network, Millis hour_ago,
                                 Millis day_ago) override {
    return ask(&Reader::count_codes, address, network, hour_ago, day_ago);
  }
  Result<std::optional<Ticket>> ticket(const Digest& id) override { return ask(&Reader::ticket, id); }
  Result<std::optional<Session>> session(const Digest& id) override { return ask(&Reader::session, id); }
  Result<std::vector<Event>> events(const std::string& organisation, std::int64_t after, int limit) override {
    return ask(&Reader::events, organisation, after, limit);
  }
  Result<std::vector<OutboxMail>> outbox(Millis now, int limit) override { return ask(&Reader::outbox, now, limit); }
  Result<std::optional<Millis>> outbox_next() override { return ask(&Reader::outbox_next); }
  Result<std::optional<Bytes>> setting(const std::string& name) override { return ask(&Reader::setting, name); }

  Result<> add_envelope(const Envelope& envelope) override { return act(&Transaction::add_envelope, envelope); }
  Result<> set_locked(const EnvelopeId& id, bool locked) override { return act(&Transaction::set_locked, id, locked); }
  Result<> put_listing(const Listing& listing) override { return act(&Transaction::put_listing, listing); }
  Result<> put_share(const Share& share) override { return act(&Transaction::put_share, share); }
  Result<> remove_share(const EnvelopeId& id, const std::string& address, const std::string& holder) override {
    return act(&Transaction::remove_share, id, address, holder);
  }
  Result<> add_account(const Account& account) override { return act(&Transaction::add_account, account); }
  Result<> add_code_request(const CodeRequest& request) override {
    return act(&Transaction::add_code_request, request);
  }
  Result<> set_code_request(const Digest& id, int tries_left, bool verified) override {
    return act(&Transaction::set_code_request, id, tries_left, verified);
  }
  Result<> put_ticket(const Ticket& ticket) override { return act(&Transaction::put_ticket, ticket); }
  Result<> put_session(const Session& session) override { return act(&Transaction::put_session, session); }
  Result<std::int64_t> append_event(const Event& event) override { return act(&Transaction::append_event, event); }
  Result<std::int64_t> add_mail(const OutboxMail& mail) override { return act(&Transaction::add_mail, mail); }
  Result<> postpone_mail(std::int64_t number, int attempts, Millis next_try) override {
    return act(&Transaction::postpone_mail, number, attempts, next_try);
  }
  Result<> remove_mail(std::int64_t number) override { return act(&Transaction::remove_mail, number); }
  Result<> put_setting(const std::string& name, const Bytes& value) override {
    return act(&Transaction::put_setting, name, value);
  }
  Result<int> forget(Millis before, int limit) override { return act(&Transaction::forget, before, limit); }
  Result<int> expire(Millis now, int limit) override { return act(&Transaction::expire, now, limit); }

 private:
  template <class T, class... Parameters, class... Arguments>
  Result<T> ask(Result<T> (Reader::*question)(Parameters...), const Arguments&... arguments) {
    BULLA_CHECK_OK(owner_.operation());
    return (reads_.*question)(arguments...);
  }
  template <class T, class... Parameters, class... Arguments>
  Result<T> act(Result<T> (Transaction::*deed)(Parameters...), const Arguments&... arguments) {
    BULLA_CHECK_OK(owner_.operation());
    return (writes_->*deed)(arguments...);
  }

  FailingStore& owner_;
  Reader& reads_;
  Transaction* writes_;
};

Result<> FailingStore::read(const std::function<Result<>(Reader&)>& body) {
  BULLA_CHECK_OK(operation());
  return store_.read([&](Reader& reader) {
    FailingTransaction failing(*this, reader, nullptr);
    return body(failing);
  });
}

Result<> FailingStore::write(const std::function<Result<>(Transaction&)>& body) {
  BULLA_CHECK_OK(operation());
  return store_.write([&](Transaction& transaction) -> Result<> {
    FailingTransaction failing(*this, transaction, &transaction);
    BULLA_CHECK_OK(body(failing));
    return operation();  // the commit
  });
}

Result<> FailingStore::tidy() {
  BULLA_CHECK_OK(operation());
  return store_.tidy();
}

}  // namespace bulla::store
