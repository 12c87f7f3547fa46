// Registrar and Courier when something throws: the mail goes on, later and without a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/courier.h"
#include "gateway/registrar.h"
#include "queue/failing_queue.h"
#include "queue/memory_queue.h"

namespace bulla::gateway {
namespace {

using queue::Stage;
using testing::Contains;
using testing::HasSubstr;

// Has no memory when it is asked for the first time.
class ForgetfulKeyServer final : public KeyServer {
 public:
  ForgetfulKeyServer(Random& random, std::function<void()> on_registered)
      : key_(*age::X25519Identity::generate(random)), on_registered_(std::move(on_registered)) {}

  net::Awaiting<Directory> directory(std::vector<std::string> /*addresses*/) override {
    if (++asked_ == 1) throw std::bad_alloc();
    co_return Directory{"id", key_.recipient().text(), {}, std::nullopt};
  }
  net::Awaiting<std::vector<std::vector<RegisterResult>>> register_envelopes(
      std::vector<NewEnvelope> envelopes) override {
    on_registered_();
    co_return std::vector(envelopes.size(), std::vector{RegisterResult{RegisterStatus::kRegistered, ""}});
  }

 private:
  age::X25519Identity key_;
  std::function<void()> on_registered_;
  int asked_ = 0;
};

class PartsTest : public testing::Test {
 protected:
  PartsTest() {
    settings_.queue.deliveries = 1;
    settings_.queue.retry_first = 20;
    settings_.queue.retry_max = 50;
    settings_.queue.expires = kHour;
    settings_.next_hop.endpoint = {"127.0.0.1", 1};
  }

  void put(Stage stage) {
    Record record;
    record.sender = smtp::Mailbox{"ann", "acme.example"};
    record.size = 4;
    record.recipients.push_back({{"bob", "x.example"}, {}, {}});
    if (stage == Stage::kRegister) {
      record.sealed = SealedPart{"id", {"ann@acme.example", ""}, 0, std::nullopt};
      record.recipients[0].header = Secret::copy_of(as_bytes("header"));
      record.recipients[0].server_share = Secret(16);
    }
    auto draft = *inner_.create(queue::BodyForm::kPayload, 4);
    ASSERT_TRUE(draft->write(as_bytes("MARK")));
    ASSERT_TRUE(draft->commit(encode(record).reveal(), std::vector{stage}));
  }

  // take keeps a line of the log; one that holds stop_at_ ends the loop, and so do too many.
  void take(std::string_view line) {
    lines_.emplace_back(line);
    if (line.find(stop_at_) != std::string_view::npos || lines_.size() > 20) loop_.stop();
  }

  SystemRandom random_;
  SystemClock clock_;
  Settings settings_;
  Keys keys_{*crypto::Ed25519Key::generate(random_), *age::X25519Identity::generate(random_), Secret(32), Secret(1)};
  queue::MemoryQueue inner_{random_, clock_};
  queue::FailingQueue queue_{inner_};
  std::vector<std::string> lines_;
  std::string stop_at_ = "never";
  net::Loop loop_{[this](std::string_view name, std::string_view text) {
    ADD_FAILURE() << name << " has ended: " << text;
    loop_.stop();
  }};
  net::Workers workers_{1};
  program::Log log_{"test", program::Level::kDebug, [this](std::string_view line) { take(line); }};
  House house_{settings_, keys_, queue_, loop_, workers_, random_, clock_, log_};
};

TEST_F(PartsTest, ABatchThatThrowsIsRegisteredLater) {
  put(Stage::kRegister);
  ForgetfulKeyServer server(random_, [] {});
  Registrar registrar(house_, server, [] {});
  stop_at_ = "envelope.registered";
  loop_.spawn("registrar", registrar.run());
  loop_.run();
  EXPECT_THAT(lines_, Contains(HasSubstr("registration.failed")));
  EXPECT_EQ(inner_.stats().to_deliver, 1u);
}

TEST_F(PartsTest, ADeliveryThatThrowsIsTriedLater) {
  put(Stage::kDeliver);
  net::SmtpClient client(loop_, {});
  const auto html = envelope::HtmlTemplate::parse(
      "<!--bulla:notice-->\n<!--bulla:data-->\n<!--bulla:header-->\n<!--bulla:payload-->\n");
  Courier courier(house_, client, *html);
  // It reads the record, and then the body.
  queue_.throw_at(1);
  stop_at_ = "mail.deferred";
  loop_.spawn("courier", courier.run());
  loop_.run();
  EXPECT_THAT(lines_, Contains(HasSubstr("delivery.failed")));
  EXPECT_EQ(inner_.stats().to_deliver, 1u);
}

}  // namespace
}  // namespace bulla::gateway
