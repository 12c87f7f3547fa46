// OutboxSender mails what waits in the outbox, to the configured relay, until each mail is sent or out of time.
#pragma once

#include "keys/world.h"
#include "keyserver/settings.h"
#include "net/smtp_client.h"
#include "program/log.h"

namespace bulla::keyserver {

class OutboxSender {
 public:
  // All of it must outlive the sender.
  OutboxSender(const keys::World& world, const Settings& settings, net::Loop& loop, net::Workers& workers,
               net::SmtpClient& client, program::Log& log);

  // run sends for ever, whatever goes wrong in between; it ends when it is cancelled.
  net::Task<> run();
  // wake makes run() look into the outbox now. From any thread.
  void wake();

 private:
  net::Task<> round();
  net::Task<Result<std::vector<store::OutboxMail>>> due();
  net::Task<> send(store::OutboxMail mail);
  net::Task<> finish(store::OutboxMail mail, smtp::Outcome outcome, int reply_code);
  net::Task<Millis> pause();
  Millis rest() const;

  keys::World world_;
  const Settings& settings_;
  net::Loop& loop_;
  net::Workers& workers_;
  net::SmtpClient& client_;
  program::Log& log_;
  net::Event waiting_;
};

// code_mail_text is the text of the mail of a kind; `code` is its eight digits.
std::string code_mail_subject(store::MailKind kind, std::string_view host);
std::string code_mail_text(store::MailKind kind, std::string_view host, std::string_view address,
                           std::string_view code);

}  // namespace bulla::keyserver
