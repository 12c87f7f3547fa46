#include "gateway/front.h"

#include <algorithm>

namespace bulla::gateway {

Front::Front(const House& house, net::Workers& sealers, Intake& intake, std::function<void()> on_queued)
    : house_(house), sealers_(sealers), intake_(intake), on_queued_(std::move(on_queued)) {}

bool Front::allowed(const std::string& address) const {
  return std::ranges::any_of(house_.settings.smtp.allow,
                             [&](const net::IpNetwork& network) { return network.contains(address); });
}

net::SmtpServerConfig Front::config(std::shared_ptr<net::TlsServer> tls) const {
  net::SmtpServerConfig config;
  config.session.host_name = house_.settings.hostname;
  config.session.max_message = house_.settings.smtp.max_size;
  config.session.max_recipients = 1000;
  config.max_memory = house_.settings.smtp.max_memory;
  config.tls = std::move(tls);
  return config;
}

class Front::Session final : public net::SmtpHandler {
 public:
  Session(Front& front, const net::SmtpPeer& peer)
      : front_(front), house_(front.house_), peer_(peer), allowed_(front.allowed(peer.address)) {
    house_.log.debug("smtp.connected", {{"session", peer_.session}, {"peer", peer_.address}});
  }

  net::Task<smtp::Reply> mail(smtp::MailArguments) override {
    if (allowed_) co_return smtp::answer(smtp::Answer::kSenderOk);
    house_.log.warn("smtp.relay_denied", {{"session", peer_.session}, {"peer", peer_.address}});
    co_return smtp::answer(smtp::Answer::kRelayDenied);
  }

  net::Task<smtp::Reply> recipient(smtp::Mailbox recipient) override {
    if (!allowed_) co_return smtp::answer(smtp::Answer::kRelayDenied);
    // <postmaster> without a domain is this host's own, and there are no mailboxes here.
    if (recipient.domain.empty()) co_return smtp::answer(smtp::Answer::kNoSuchUser);
    co_return smtp::answer(smtp::Answer::kRecipientOk);
  }

  net::Task<smtp::Reply> message(smtp::Envelope envelope, Secret body) override {
    if (!allowed_) co_return smtp::answer(smtp::Answer::kRelayDenied);
    const Arrival arrival{std::move(envelope), peer_.address};
    const auto result = co_await front_.sealers_.run([&] { return front_.intake_.take(arrival, body); });
    if (result.reply.positive()) {
      house_.log.info("mail.accepted", {{"session", peer_.session},
                                        {"peer", peer_.address},
                                        {"size", body.size()},
                                        {"sealed", result.sealed},
                                        {"sealed_id", result.sealed_id},
                                        {"envelope", result.envelope},
                                        {"passed", result.passed},
                                        {"passed_id", result.passed_id},
                                        {"policy", result.reason}});
      front_.on_queued_();
    } else {
      house_.log.warn("mail.refused", {{"session", peer_.session},
                                       {"peer", peer_.address},
                                       {"size", body.size()},
                                       {"reply", result.reply.code},
                                       {"reason", result.reason}});
    }
    co_return result.reply;
  }

  void ended(std::string_view why) override {
    house_.log.debug("smtp.ended", {{"session", peer_.session}, {"reason", why}});
  }

 private:
  Front& front_;
  const House& house_;
  net::SmtpPeer peer_;
  bool allowed_;
};

net::SmtpHandlerFactory Front::factory() {
  return [this](const net::SmtpPeer& peer) { return std::make_unique<Session>(*this, peer); };
}

}  // namespace bulla::gateway
