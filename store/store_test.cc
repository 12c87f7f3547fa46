// The suite that each engine of store.h has to pass, and what holds for one of them only.
#include "store/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "store/failing_store.h"
#include "store/memory_store.h"
#include "store/sqlite_store.h"

namespace bulla::store {
namespace {

constexpr Millis kNow = 1'800'000'000'000;

template <std::size_t N>
ByteArray<N> filled(std::uint8_t byte) {
  ByteArray<N> out;
  out.fill(byte);
  return out;
}

EnvelopeId id_of(std::uint8_t byte) {
  return filled<22>(byte);
}

Digest digest_of(std::uint8_t byte) {
  return filled<32>(byte);
}

Envelope envelope_of(std::uint8_t byte) {
  return {id_of(byte), "acme", "ann@acme.example", "Ann Ünal", kNow - 5, kNow + kDay, kNow, false};
}

CodeRequest request_of(std::uint8_t byte) {
  return {digest_of(byte),
          "bob@example.org",
          digest_of(200),
          MailKind::kCode,
          digest_of(201),
          kNow,
          kNow + 10 * kMinute,
          5,
          false};
}

// Engines make a store for the suite, and open it again where that means something.
struct MemoryEngine {
  Store& store() { return store_; }
  void reopen() {}
  MemoryStore store_;
};

struct SqliteEngine {
  SqliteEngine() {
    std::string pattern = (std::filesystem::temp_directory_path() / "bulla-store-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    reopen();
  }
  ~SqliteEngine() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::string file() const { return folder_ / "keys.sqlite"; }
  Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    auto opened = SqliteStore::open(file());
    if (!opened) throw std::runtime_error(opened.error().text);
    store_ = std::move(*opened);
  }
  std::filesystem::path folder_;
  std::unique_ptr<SqliteStore> store_;
};

struct PassiveFailingEngine {
  Store& store() { return store_; }
  void reopen() {}
  MemoryStore inner_;
  FailingStore store_{inner_};
};

template <class Engine>
class StoreTest : public testing::Test {
 protected:
  // write and read fail the test when the store or the body fails.
  void write(const std::function<Result<>(Transaction&)>& body) {
    const auto result = engine_.store().write(body);
    ASSERT_TRUE(result) << result.error().text;
  }
  template <class T>
  T get(const std::function<Result<T>(Reader&)>& question) {
    T out{};
    const auto result = engine_.store().read([&](Reader& reader) -> Result<> {
      BULLA_TRY(out, question(reader));
      return {};
    });
    EXPECT_TRUE(result) << result.error().text;
    return out;
  }
  void add_listing(std::uint8_t id, const std::string& address, const std::string& holder) {
    write([&](Transaction& t) -> Result<> {
      BULLA_TRY(const auto known, t.envelope(id_of(id)));
      if (!known) BULLA_CHECK_OK(t.add_envelope(envelope_of(id)));
      BULLA_CHECK_OK(t.put_listing({id_of(id), address, std::nullopt, kNow}));
      return t.put_share({id_of(id), address, holder, "-> X25519 " + holder + "\n"});
    });
  }
  std::vector<std::string> waiting(const std::string& address, std::optional<EnvelopeId> after, int limit) {
    std::vector<std::string> out;
    for (const auto& share :
         this->template get<std::vector<Share>>([&](Reader& r) { return r.waiting_shares(address, after, limit); }))
      out.push_back(std::to_string(share.envelope[0]) + " " + share.holder);
    return out;
  }

  Engine engine_;
};

using Engines = testing::Types<MemoryEngine, SqliteEngine, PassiveFailingEngine>;
TYPED_TEST_SUITE(StoreTest, Engines);

TYPED_TEST(StoreTest, StartsEmpty) {
  EXPECT_EQ(this->template get<std::optional<Envelope>>([](Reader& r) { return r.envelope(id_of(1)); }), std::nullopt);
  EXPECT_EQ(this->template get<std::optional<Account>>([](Reader& r) { return r.account("bob@example.org"); }),
            std::nullopt);
  EXPECT_FALSE(this->template get<bool>([](Reader& r) { return r.is_listed("bob@example.org", kNow); }));
  EXPECT_EQ(this->template get<std::optional<Millis>>([](Reader& r) { return r.outbox_next(); }), std::nullopt);
  EXPECT_TRUE(this->template get<std::vector<Event>>([](Reader& r) { return r.events("acme", 0, 10); }).empty());
}

TYPED_TEST(StoreTest, KeepsAnEnvelopeWithEachField) {
  Envelope forever = envelope_of(2);
  forever.expires.reset();
  forever.locked = true;
  forever.sender_name = std::string("nul\0inside", 10);
  this->write([&](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.add_envelope(envelope_of(1)));
    return t.add_envelope(forever);
  });
  this->engine_.reopen();
  EXPECT_EQ(this->template get<std::optional<Envelope>>([](Reader& r) { return r.envelope(id_of(1)); }),
            envelope_of(1));
  EXPECT_EQ(this->template get<std::optional<Envelope>>([](Reader& r) { return r.envelope(id_of(2)); }), forever);
}

TYPED_TEST(StoreTest, AddingWhatExistsIsAConflict) {
  const Account account{"bob@example.org", "age1bob", {1, 2}, {3}, kNow};
  this->write([&](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.add_envelope(envelope_of(1)));
    BULLA_CHECK_OK(t.add_account(account));
    return t.add_code_request(request_of(1));
  });
  struct Row {
    const char* title;
    std::function<Result<>(Transaction&)> deed;
  };
  const std::vector<Row> rows = {
      {"envelope", [](Transaction& t) { return t.add_envelope(envelope_of(1)); }},
      {"account", [&](Transaction& t) { return t.add_account(account); }},
      {"code request", [](Transaction& t) { return t.add_code_request(request_of(1)); }},
  };
  for (const auto& row : rows) {
    const auto result = this->engine_.store().write(row.deed);
    ASSERT_FALSE(result) << row.title;
    EXPECT_EQ(result.error().code, Code::kConflict) << row.title;
  }
}

TYPED_TEST(StoreTest, ChangingWhatDoesNotExistIsNotFound) {
  struct Row {
    const char* title;
    std::function<Result<>(Transaction&)> deed;
  };
  const std::vector<Row> rows = {
      {"lock", [](Transaction& t) { return t.set_locked(id_of(9), true); }},
      {"remove a share", [](Transaction& t) { return t.remove_share(id_of(9), "a@b", "age1"); }},
      {"count a try", [](Transaction& t) { return t.set_code_request(digest_of(9), 1, false); }},
      {"postpone a mail", [](Transaction& t) { return t.postpone_mail(9, 1, kNow); }},
      {"remove a mail", [](Transaction& t) { return t.remove_mail(9); }},
  };
  for (const auto& row : rows) {
    const auto result = this->engine_.store().write(row.deed);
    ASSERT_FALSE(result) << row.title;
    EXPECT_EQ(result.error().code, Code::kNotFound) << row.title;
  }
}

TYPED_TEST(StoreTest, AShareNeedsItsListingAndAListingItsEnvelope) {
  EXPECT_FALSE(this->engine_.store().write(
      [](Transaction& t) { return t.put_listing({id_of(1), "bob@example.org", std::nullopt, kNow}); }));
  this->add_listing(1, "bob@example.org", "age1bob");
  EXPECT_FALSE(this->engine_.store().write(
      [](Transaction& t) { return t.put_share({id_of(1), "eve@example.org", "age1eve", "-> X25519\n"}); }));
}

TYPED_TEST(StoreTest, AFailedTransactionLeavesNothing) {
  const auto result = this->engine_.store().write([](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.add_envelope(envelope_of(1)));
    BULLA_CHECK_OK(t.put_setting("a", {1}));
    return fail(Code::kDenied, "changed my mind");
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "changed my mind");
  EXPECT_EQ(this->template get<std::optional<Envelope>>([](Reader& r) { return r.envelope(id_of(1)); }), std::nullopt);
  EXPECT_EQ(this->template get<std::optional<Bytes>>([](Reader& r) { return r.setting("a"); }), std::nullopt);
  this->write([](Transaction& t) { return t.add_envelope(envelope_of(1)); });
}

TYPED_TEST(StoreTest, ATransactionSeesItsOwnWrites) {
  this->write([](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.put_setting("a", {}));
    BULLA_TRY(const auto value, t.setting("a"));
    EXPECT_EQ(value, Bytes());
    return {};
  });
}

TYPED_TEST(StoreTest, ListedMeansNamedInALiveEnvelope) {
  const auto listed = [&](Millis now) {
    return this->template get<bool>([&](Reader& r) { return r.is_listed("bob@example.org", now); });
  };
  this->add_listing(1, "bob@example.org", "release:a");
  EXPECT_TRUE(listed(kNow));
  EXPECT_TRUE(listed(kNow + kDay - 1));
  EXPECT_FALSE(listed(kNow + kDay));
  this->write([](Transaction& t) { return t.set_locked(id_of(1), true); });
  EXPECT_FALSE(listed(kNow));
  this->add_listing(2, "bob@example.org", "age1bob");
  EXPECT_TRUE(listed(kNow));
  EXPECT_FALSE(this->template get<bool>([](Reader& r) { return r.is_listed("eve@example.org", kNow); }));
}

TYPED_TEST(StoreTest, WaitingSharesAreThoseSealedToAReleaseKey) {
  this->add_listing(3, "bob@example.org", "release:b");
  this->add_listing(1, "bob@example.org", "release:a");
  this->add_listing(2, "bob@example.org", "age1bob");
  this->add_listing(4, "eve@example.org", "release:a");
  this->add_listing(5, "bob@example.org", "release");
  using Lines = std::vector<std::string>;
  EXPECT_EQ(this->waiting("bob@example.org", {}, 10), (Lines{"1 release:a", "3 release:b"}));
  EXPECT_EQ(this->waiting("bob@example.org", {}, 1), (Lines{"1 release:a"}));
  EXPECT_EQ(this->waiting("bob@example.org", id_of(1), 10), (Lines{"3 release:b"}));
  EXPECT_EQ(this->waiting("bob@example.org", id_of(3), 10), (Lines{}));

  this->write([](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.remove_share(id_of(1), "bob@example.org", "release:a"));
    return t.put_share({id_of(1), "bob@example.org", "age1bob", "-> X25519 new\n"});
  });
  EXPECT_EQ(this->waiting("bob@example.org", {}, 10), (Lines{"3 release:b"}));
  const auto shares =
      this->template get<std::vector<Share>>([](Reader& r) { return r.shares(id_of(1), "bob@example.org"); });
  ASSERT_EQ(shares.size(), 1u);
  EXPECT_EQ(shares[0], (Share{id_of(1), "bob@example.org", "age1bob", "-> X25519 new\n"}));
}

TYPED_TEST(StoreTest, AListingIsReplaced) {
  this->add_listing(1, "bob@example.org", "age1bob");
  const Listing seen{id_of(1), "bob@example.org", digest_of(7), kNow + 1};
  this->write([&](Transaction& t) { return t.put_listing(seen); });
  this->engine_.reopen();
  EXPECT_EQ(
      this->template get<std::optional<Listing>>([](Reader& r) { return r.listing(id_of(1), "bob@example.org"); }),
      seen);
  EXPECT_EQ(
      this->template get<std::optional<Listing>>([](Reader& r) { return r.listing(id_of(1), "eve@example.org"); }),
      std::nullopt);
}

TYPED_TEST(StoreTest, CodesAreCountedByAddressAndNetworkWithinTheirWindows) {
  const auto add = [&](std::uint8_t byte, const std::string& address, std::uint8_t network, Millis created) {
    CodeRequest request = request_of(byte);
    request.address = address;
    request.network = digest_of(network);
    request.created = created;
    this->write([&](Transaction& t) { return t.add_code_request(request); });
  };
  add(1, "bob@example.org", 1, kNow);
  add(2, "bob@example.org", 2, kNow - kHour);
  add(3, "bob@example.org", 1, kNow - kHour + 1);
  add(4, "eve@example.org", 1, kNow);
  add(5, "bob@example.org", 1, kNow - kDay);
  const auto counts = this->template get<CodeCounts>(
      [](Reader& r) { return r.count_codes("bob@example.org", digest_of(1), kNow - kHour, kNow - kDay); });
  EXPECT_EQ(counts.address_hour, 2);
  EXPECT_EQ(counts.address_day, 3);
  EXPECT_EQ(counts.network_hour, 3);
}

TYPED_TEST(StoreTest, KeepsCodeRequestsTicketsAndSessions) {
  CodeRequest request = request_of(1);
  Ticket ticket{digest_of(2), "bob@example.org", kNow + 1, false};
  Session session{digest_of(3), "bob@example.org", kNow, kNow, false};
  this->write([&](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.add_code_request(request));
    BULLA_CHECK_OK(t.put_ticket(ticket));
    return t.put_session(session);
  });
  request.tries_left = 3;
  request.verified = true;
  ticket.used = true;
  session.used = kNow + 5;
  session.ended = true;
  this->write([&](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.set_code_request(request.id, 3, true));
    BULLA_CHECK_OK(t.put_ticket(ticket));
    return t.put_session(session);
  });
  this->engine_.reopen();
  EXPECT_EQ(this->template get<std::optional<CodeRequest>>([](Reader& r) { return r.code_request(digest_of(1)); }),
            request);
  EXPECT_EQ(this->template get<std::optional<Ticket>>([](Reader& r) { return r.ticket(digest_of(2)); }), ticket);
  EXPECT_EQ(this->template get<std::optional<Session>>([](Reader& r) { return r.session(digest_of(3)); }), session);
}

TYPED_TEST(StoreTest, EventsAreNumberedWithinTheirOrganisation) {
  const auto append = [&](const std::string& organisation) {
    std::int64_t number = 0;
    this->write([&](Transaction& t) -> Result<> {
      BULLA_TRY(number, t.append_event({organisation, 77, "released", id_of(1), "bob@example.org", kNow}));
      return {};
    });
    return number;
  };
  EXPECT_EQ(append("acme"), 1);
  EXPECT_EQ(append("acme"), 2);
  EXPECT_EQ(append("other"), 1);
  EXPECT_EQ(append("acme"), 3);
  this->engine_.reopen();
  const auto events = this->template get<std::vector<Event>>([](Reader& r) { return r.events("acme", 1, 10); });
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0], (Event{"acme", 2, "released", id_of(1), "bob@example.org", kNow}));
  EXPECT_EQ(events[1].number, 3);
  EXPECT_EQ(this->template get<std::vector<Event>>([](Reader& r) { return r.events("acme", 0, 1); }).size(), 1u);
}

TYPED_TEST(StoreTest, TheOutboxGivesWhatIsDueInOrder) {
  const auto add = [&](const std::string& address, Millis next_try) {
    std::int64_t number = 0;
    this->write([&](Transaction& t) -> Result<> {
      BULLA_TRY(number, t.add_mail({0, address, MailKind::kCode, {9, 9}, 0, next_try, kNow + kHour}));
      return {};
    });
    return number;
  };
  const auto due = [&](int limit) {
    std::vector<std::string> out;
    for (const auto& mail :
         this->template get<std::vector<OutboxMail>>([&](Reader& r) { return r.outbox(kNow, limit); }))
      out.push_back(mail.address);
    return out;
  };
  using Names = std::vector<std::string>;
  const auto late = add("late@example.org", kNow + 1);
  const auto second = add("second@example.org", kNow);
  const auto first = add("first@example.org", kNow - 1);
  EXPECT_EQ(due(10), (Names{"first@example.org", "second@example.org"}));
  EXPECT_EQ(due(1), (Names{"first@example.org"}));
  EXPECT_EQ(this->template get<std::optional<Millis>>([](Reader& r) { return r.outbox_next(); }), kNow - 1);

  this->write([&](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.postpone_mail(first, 1, kNow + 5));
    return t.remove_mail(second);
  });
  this->engine_.reopen();
  EXPECT_EQ(due(10), (Names{}));
  EXPECT_EQ(this->template get<std::optional<Millis>>([](Reader& r) { return r.outbox_next(); }), kNow + 1);
  this->write([&](Transaction& t) { return t.remove_mail(late); });
  const auto left = this->template get<std::vector<OutboxMail>>([&](Reader& r) { return r.outbox(kNow + kDay, 10); });
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0], (OutboxMail{first, "first@example.org", MailKind::kCode, {9, 9}, 1, kNow + 5, kNow + kHour}));
}

TYPED_TEST(StoreTest, ForgetsWhatIsOver) {
  CodeRequest old_request = request_of(1);
  old_request.created = kNow - 1;
  this->write([&](Transaction& t) -> Result<> {
    BULLA_CHECK_OK(t.add_code_request(old_request));
    BULLA_CHECK_OK(t.add_code_request(request_of(2)));
    BULLA_CHECK_OK(t.put_ticket({digest_of(1), "bob@example.org", kNow - 1, true}));
    BULLA_CHECK_OK(t.put_ticket({digest_of(2), "bob@example.org", kNow, false}));
    BULLA_CHECK_OK(t.put_session({digest_of(1), "bob@example.org", kNow - 9, kNow - 1, true}));
    return t.put_session({digest_of(2), "bob@example.org", kNow - 9, kNow, false});
  });
  int removed = 0;
  const auto forget = [&](Transaction& t) -> Result<> {
    BULLA_TRY(removed, t.forget(kNow, 100));
    return {};
  };
  this->write(forget);
  EXPECT_EQ(removed, 3);
  this->write(forget);
  EXPECT_EQ(removed, 0);
  EXPECT_TRUE(this->template get<std::optional<CodeRequest>>([](Reader& r) { return r.code_request(digest_of(2)); }));
  EXPECT_TRUE(this->template get<std::optional<Ticket>>([](Reader& r) { return r.ticket(digest_of(2)); }));
  EXPECT_TRUE(this->template get<std::optional<Session>>([](Reader& r) { return r.session(digest_of(2)); }));
  EXPECT_FALSE(this->template get<std::optional<Session>>([](Reader& r) { return r.session(digest_of(1)); }));
}

TYPED_TEST(StoreTest, ExpiryRemovesTheSharesAndKeepsTheRecord) {
  this->add_listing(1, "bob@example.org", "release:a");
  this->add_listing(1, "eve@example.org", "age1eve");
  this->add_listing(2, "bob@example.org", "release:a");
  this->write([](Transaction& t) -> Result<> {
    Envelope forever = envelope_of(3);
    forever.expires.reset();
    return t.add_envelope(forever);
  });
  this->add_listing(3, "bob@example.org", "release:a");
  const auto expire = [&](Millis now, int limit) {
    int done = -1;
    this->write([&](Transaction& t) -> Result<> {
      BULLA_TRY(done, t.expire(now, limit));
      return {};
    });
    return done;
  };
  EXPECT_EQ(expire(kNow + kDay - 1, 10), 0);
  EXPECT_EQ(expire(kNow + kDay, 1), 1);
  EXPECT_EQ(expire(kNow + kDay, 10), 1);
  EXPECT_EQ(expire(kNow + kDay, 10), 0);
  EXPECT_EQ(this->waiting("bob@example.org", {}, 10), (std::vector<std::string>{"3 release:a"}));
  EXPECT_TRUE(
      this->template get<std::vector<Share>>([](Reader& r) { return r.shares(id_of(1), "eve@example.org"); }).empty());
  EXPECT_TRUE(this->template get<std::optional<Envelope>>([](Reader& r) { return r.envelope(id_of(1)); }));
  EXPECT_TRUE(
      this->template get<std::optional<Listing>>([](Reader& r) { return r.listing(id_of(1), "eve@example.org"); }));
}

TYPED_TEST(StoreTest, ManyThreadsWriteAndReadAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::atomic<int> failed = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          const Event event{"acme", 0, "released", id_of(static_cast<std::uint8_t>(thread)), "bob@example.org", i};
          const bool refuse = i % 5 == 4;
          std::int64_t number = 0;
          const auto result = this->engine_.store().write([&](Transaction& t) -> Result<> {
            BULLA_TRY(number, t.append_event(event));
            if (refuse) return fail(Code::kDenied, "no");
            return {};
          });
          if (refuse) refused += !result && result.error().code == Code::kDenied;
          if (!refuse && !result) ++failed;
          // What was acknowledged is seen by the next reader.
          if (result) {
            const auto seen =
                this->template get<std::vector<Event>>([&](Reader& r) { return r.events("acme", number - 1, 1); });
            if (seen.size() != 1 || seen[0].envelope != event.envelope || seen[0].time != i) ++failed;
          }
        }
      });
    }
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(refused, kThreads * kEach / 5);
  const auto all = this->template get<std::vector<Event>>([](Reader& r) { return r.events("acme", 0, 1000); });
  ASSERT_EQ(all.size(), static_cast<std::size_t>(kThreads * kEach * 4 / 5));
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].number, static_cast<std::int64_t>(i + 1));
}

TYPED_TEST(StoreTest, TidyKeepsEverything) {
  this->add_listing(1, "bob@example.org", "release:a");
  ASSERT_TRUE(this->engine_.store().tidy());
  ASSERT_TRUE(this->engine_.store().tidy());
  this->engine_.reopen();
  EXPECT_EQ(this->waiting("bob@example.org", {}, 10), (std::vector<std::string>{"1 release:a"}));
}

TEST(FailingStoreTest, FailsOnceAtEachOperationAndLeavesNothingBehind) {
  int n = 0;
  for (;; ++n) {
    MemoryStore inner;
    FailingStore store(inner);
    store.fail_at(n);
    const auto result = store.write([](Transaction& t) -> Result<> {
      BULLA_CHECK_OK(t.add_envelope(envelope_of(1)));
      BULLA_TRY(const auto envelope, t.envelope(id_of(1)));
      return t.put_setting("a", {1});
    });
    std::optional<Envelope> kept;
    ASSERT_TRUE(inner.read([&](Reader& r) -> Result<> {
      BULLA_TRY(kept, r.envelope(id_of(1)));
      return {};
    }));
    EXPECT_EQ(kept.has_value(), result.has_value()) << n;
    EXPECT_EQ(store.has_failed(), !result) << n;
    if (result) break;
  }
  EXPECT_EQ(n, 5);  // begin, three operations, commit
}

}  // namespace
}  // namespace bulla::store
