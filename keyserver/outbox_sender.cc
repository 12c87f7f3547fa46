#include "keyserver/outbox_sender.h"

#include "mail/compose.h"

namespace bulla::keyserver {
namespace {

constexpr int kPage = 50;
constexpr Millis kFirstRetry = 2 * kSecond;
constexpr Millis kMaxRetry = kMinute;
constexpr Millis kLeastRest = 200;
// Even if nothing wakes it: for clocks that jump, and stores that fail.
constexpr Millis kLongestPause = 30 * kSecond;

Millis back_off(int attempts) {
  Millis wait = kFirstRetry;
  for (int i = 1; i < attempts && wait < kMaxRetry; ++i) wait *= 2;
  return std::min(wait, kMaxRetry);
}

// In two groups: eight digits are read and typed with fewer mistakes.
std::string grouped(std::string_view code) {
  const auto half = code.size() / 2;
  return std::string(code.substr(0, half)) + " " + std::string(code.substr(half));
}

}  // namespace

std::string code_mail_subject(store::MailKind kind, std::string_view host) {
  if (kind == store::MailKind::kHasAccount) return "You are registered already at " + std::string(host);
  return "Your code for secure mail at " + std::string(host);
}

std::string code_mail_text(store::MailKind kind, std::string_view host, std::string_view address,
                           std::string_view code) {
  const std::string where(host);
  const std::string who(address);
  if (kind == store::MailKind::kHasAccount) {
    return "Somebody, probably you, asked " + where + " for a code to register\n" + who +
           ".\n\nThis address is registered already, so no code is needed: sign in with\nyour password.\n\n"
           "If it was not you, there is nothing to do.\n";
  }
  return "Somebody, probably you, asked " + where + " for a code to register\n" + who +
         " for secure mail. The code is\n\n    " + grouped(code) +
         "\n\nType it into the page that asked for it, within 10 minutes, and only if the\n"
         "address bar of your browser shows\n\n    " +
         where +
         "\n\nA page of any other address would use the code to read your mail. Nobody will\n"
         "ever ask you for it by phone, by mail, or in an attachment.\n\n"
         "If it was not you, there is nothing to do: without the code nobody can\n"
         "register your address.\n";
}

OutboxSender::OutboxSender(const keys::World& world, const Settings& settings, net::Loop& loop, net::Workers& workers,
                           net::SmtpClient& client, program::Log& log)
    : world_(world), settings_(settings), loop_(loop), workers_(workers), client_(client), log_(log), waiting_(loop) {}

void OutboxSender::wake() {
  loop_.post([this] { waiting_.set(); });
}

net::Task<> OutboxSender::run() {
  co_await net::keep_doing(loop_, "outbox", [this] { return round(); });
}

net::Task<> OutboxSender::round() {
  auto mails = co_await due();
  if (!mails) log_.error("outbox.unreadable", mails.error());
  if (!mails || mails->empty()) {
    (void)co_await waiting_.wait(co_await pause());
    co_await net::sleep(rest());
    co_return;
  }
  for (auto& mail : *mails) co_await send(std::move(mail));
}

// Whoever asked has long been answered before anything is done for the mail, which strangers do not get: what it costs
// would show in the time that the answer takes, and in that of the next ones.
Millis OutboxSender::rest() const {
  const auto drawn = random_array<1>(world_.random);
  return kLeastRest + (drawn ? (*drawn)[0] : 0);
}

// due takes mails that are never sent out of the outbox, and returns the others.
net::Task<Result<std::vector<store::OutboxMail>>> OutboxSender::due() {
  co_return co_await workers_.run([this]() -> Result<std::vector<store::OutboxMail>> {
    const Millis now = world_.clock.now();
    std::vector<store::OutboxMail> all;
    BULLA_CHECK_OK(world_.store.read([&](store::Reader& r) -> Result<> {
      BULLA_TRY(all, r.outbox(now, kPage));
      return {};
    }));
    const auto never_sent = [&](const store::OutboxMail& mail) {
      return mail.kind == store::MailKind::kNone || mail.expires <= now;
    };
    if (std::ranges::none_of(all, never_sent)) return all;
    BULLA_CHECK_OK(world_.store.write([&](store::Transaction& t) -> Result<> {
      for (const auto& mail : all)
        if (never_sent(mail)) BULLA_CHECK_OK(t.remove_mail(mail.number));
      return {};
    }));
    std::erase_if(all, never_sent);
    return all;
  });
}

net::Task<Millis> OutboxSender::pause() {
  const auto next = co_await workers_.run([this]() -> std::optional<Millis> {
    std::optional<Millis> out;
    const auto read = world_.store.read([&](store::Reader& r) -> Result<> {
      BULLA_TRY(out, r.outbox_next());
      return {};
    });
    return read ? out : std::nullopt;
  });
  if (!next) co_return kLongestPause;
  co_return std::clamp<Millis>(*next - world_.clock.now(), 10, kLongestPause);
}

net::Task<> OutboxSender::send(store::OutboxMail mail) {
  auto code = world_.secret.open(keys::Use::kMail, mail.body);
  const auto to = smtp::parse_mailbox(mail.address);
  const mail::TextMail text{
      .from = {settings_.mail.from, {}},
      .to = {mail.address, {}},
      .subject = code_mail_subject(mail.kind, settings_.origin_host),
      .text = code_mail_text(mail.kind, settings_.origin_host, mail.address, code ? as_text(code->reveal()) : ""),
      .date = world_.clock.now(),
      .message_id_domain = settings_.origin_host};
  auto composed = code ? mail::compose_text_mail(text, world_.random) : fail(code.error());
  if (!composed || !to) {
    log_.error("outbox.unsendable", composed ? to.error() : composed.error(),
               {{"to", world_.secret.name_for_log(mail.address)}});
    co_return co_await finish(std::move(mail), smtp::Outcome::kPermanent, 0);
  }
  smtp::Transaction transaction{.sender = std::nullopt, .recipients = {*to}, .size = composed->size()};
  const net::SmtpTarget target{settings_.mail.relay, settings_.mail.tls, {}};
  const auto result = co_await client_.deliver(target, std::move(transaction), net::body_of(std::move(*composed)));
  const auto& recipient = result.recipients.at(0);
  co_await finish(std::move(mail), recipient.outcome, recipient.reply.code);
}

net::Task<> OutboxSender::finish(store::OutboxMail mail, smtp::Outcome outcome, int reply_code) {
  const bool again = outcome == smtp::Outcome::kTemporary;
  const int attempts = mail.attempts + 1;
  const auto kept = co_await workers_.run([&] {
    return world_.store.write([&](store::Transaction& t) -> Result<> {
      if (!again) return t.remove_mail(mail.number);
      return t.postpone_mail(mail.number, attempts, world_.clock.now() + back_off(attempts));
    });
  });
  if (!kept) log_.error("outbox.not_kept", kept.error());
  const char* word = outcome == smtp::Outcome::kDelivered ? "delivered" : again ? "postponed" : "refused";
  const auto level = outcome == smtp::Outcome::kDelivered ? program::Level::kInfo : program::Level::kWarn;
  log_.write(level, "outbox.tried",
             {{"to", world_.secret.name_for_log(mail.address)},
              {"outcome", word},
              {"reply", reply_code},
              {"attempts", attempts}});
}

}  // namespace bulla::keyserver
