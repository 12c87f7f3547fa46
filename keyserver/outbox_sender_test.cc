#include "keyserver/outbox_sender.h"

#include <gtest/gtest.h>

#include <atomic>

#include "keys/test_world.h"
#include "keyserver/testing/smtp_sink.h"

namespace bulla::keyserver {
namespace {

using keys::test::must;
using store::MailKind;

class OutboxSenderTest : public testing::Test {
 protected:
  OutboxSenderTest() {
    settings.origin_host = "keys.example";
    settings.mail = {{"127.0.0.1", sink.port()}, smtp::TlsPolicy::kNone, {}, "no-reply@keys.example"};
  }

  std::int64_t add(const std::string& address, MailKind kind) {
    std::int64_t number = 0;
    const auto code = must(t.secret.seal(keys::Use::kMail, as_bytes("01234567"), t.random));
    const Millis now = t.clock.now();
    must(t.memory.write([&](store::Transaction& tx) -> Result<> {
      BULLA_TRY(number, tx.add_mail({0, address, kind, code, 0, now, now + 10 * kMinute}));
      return {};
    }));
    sender.wake();
    return number;
  }
  std::vector<store::OutboxMail> waiting() {
    return t.get([](store::Reader& r) { return r.outbox(INT64_MAX, 100); });
  }
  // Runs the sender until something holds. A test that waits for ever is ended by its time limit.
  void run_until(const std::function<bool()>& done) {
    if (!started) loop.spawn("outbox", sender.run());
    started = true;
    loop.block_on(wait_until(done));
  }
  static net::Task<> wait_until(std::function<bool()> done) {
    while (!done()) co_await net::sleep(5);
  }

  keys::test::TestWorld t;
  test::SmtpSink sink;
  Settings settings;
  std::vector<std::string> lines;
  program::Log log{"test", program::Level::kInfo, [this](std::string_view line) { lines.emplace_back(line); }};
  net::Loop loop;
  net::Workers workers{2};
  net::SmtpClient client{loop, {.helo_name = "keys.example"}};
  OutboxSender sender{t.world, settings, loop, workers, client, log};
  bool started = false;
};

TEST_F(OutboxSenderTest, SendsEachKindOfMail) {
  add("bob@example.org", MailKind::kCode);
  add("eve@example.org", MailKind::kHasAccount);
  run_until([&] { return waiting().empty(); });
  const auto mails = sink.wait_for(2);
  ASSERT_EQ(mails.size(), 2u);
  EXPECT_NE(mails[0].data.find("\n    0123 4567\n"), std::string::npos);
  // Who is lured to a page that passes the code on can see by the mail that this is the wrong place.
  EXPECT_NE(mails[0].data.find("only if the\naddress bar of your browser shows\n\n    keys.example\n"),
            std::string::npos)
      << mails[0].data;
  EXPECT_EQ(mails[1].to, "<eve@example.org>");
  EXPECT_EQ(mails[1].data.find("01234567"), std::string::npos);
  EXPECT_NE(mails[1].data.find("registered already"), std::string::npos);
}

// BrokenStore throws at the first question, as one does when there is no memory.
class BrokenStore final : public store::Store {
 public:
  explicit BrokenStore(store::Store& inner) : inner_(inner) {}
  Result<> read(const std::function<Result<>(store::Reader&)>& body) override {
    if (!broke.exchange(true)) throw std::bad_alloc();
    return inner_.read(body);
  }
  Result<> write(const std::function<Result<>(store::Transaction&)>& body) override { return inner_.write(body); }
  Result<> tidy() override { return inner_.tidy(); }

  std::atomic<bool> broke = false;

 private:
  store::Store& inner_;
};

TEST_F(OutboxSenderTest, GoesOnAfterAnException) {
  BrokenStore broken(t.memory);
  OutboxSender over_broken(t.with_store(broken), settings, loop, workers, client, log);
  add("bob@example.org", MailKind::kCode);
  loop.spawn("outbox", over_broken.run());
  loop.block_on(wait_until([&] { return waiting().empty(); }));
  EXPECT_TRUE(broken.broke);
  EXPECT_EQ(sink.wait_for(1).size(), 1u);
}

TEST_F(OutboxSenderTest, AMailThatIsNotToBeSentIsNotSent) {
  add("stranger@example.org", MailKind::kNone);
  run_until([&] { return waiting().empty(); });
  add("bob@example.org", MailKind::kCode);
  run_until([&] { return waiting().empty(); });
  EXPECT_EQ(sink.wait_for(1).size(), 1u);
}

TEST_F(OutboxSenderTest, TriesAgainLaterAndLaterUntilTheCodeIsOutOfTime) {
  sink.refuse(1000, "451 not now");
  add("bob@example.org", MailKind::kCode);
  std::vector<Millis> waits;
  const Millis end = t.clock.now() + 10 * kMinute;
  for (int attempts = 1; t.clock.now() < end; ++attempts) {
    run_until([&] { return waiting().empty() || waiting()[0].attempts == attempts; });
    if (waiting().empty()) break;
    waits.push_back(waiting()[0].next_try - t.clock.now());
    t.clock.set(waiting()[0].next_try);
    sender.wake();
  }
  run_until([&] { return waiting().empty(); });
  ASSERT_GT(waits.size(), 8u);
  EXPECT_EQ(std::vector<Millis>(waits.begin(), waits.begin() + 7),
            (std::vector<Millis>{2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}));
}

TEST_F(OutboxSenderTest, AMailThatCannotBeSentIsDropped) {
  add("b\xc3\xbc@example.org", MailKind::kCode);  // needs SMTPUTF8
  run_until([&] { return waiting().empty(); });
  must(t.memory.write([&](store::Transaction& tx) -> Result<> {
    BULLA_TRY(const auto number, tx.add_mail({0, "bob@example.org", MailKind::kCode, {1, 2}, 0, 0, INT64_MAX}));
    (void)number;
    return {};
  }));
  sender.wake();
  run_until([&] { return waiting().empty(); });
  ASSERT_EQ(lines.size(), 4u);
  for (const auto& line : lines) EXPECT_EQ(line.find("example.org"), std::string::npos) << line;
}

}  // namespace
}  // namespace bulla::keyserver
