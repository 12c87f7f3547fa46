#include "gateway/registrar.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "core/age/x25519.h"

namespace bulla::gateway {
namespace {

// Less than the API allows: a directory request of so many longest addresses stays within 64 KiB.
constexpr std::size_t kBatch = 100;
constexpr Millis kIdle = kMinute;
// Expiry follows the key server's clock: clocks that are further apart than this are worth a warning.
constexpr Millis kMaxSkew = 5 * kMinute;

std::vector<std::string> addresses_of(const std::vector<Loaded>& messages) {
  std::vector<std::string> addresses;
  for (const auto& message : messages) {
    for (const auto& claim : message.claims)
      addresses.push_back(message.record.recipients[claim.recipient].address.text());
  }
  std::ranges::sort(addresses);
  const auto doubles = std::ranges::unique(addresses);
  addresses.erase(doubles.begin(), doubles.end());
  return addresses;
}

Result<NewRecipient> new_recipient(const RecordRecipient& recipient, const Directory& directory, Random& random) {
  NewRecipient out{recipient.address.text(), {}};
  const auto share = recipient.server_share.reveal();
  if (const auto keys = directory.keys.find(out.address); keys != directory.keys.end()) {
    for (const auto& key : keys->second) {
      BULLA_TRY(auto sealed, seal_share(key, key, share, random));
      out.shares.push_back(std::move(sealed));
    }
  }
  if (!out.shares.empty()) return out;
  BULLA_TRY(auto sealed, seal_share("release:" + directory.release_id, directory.release_key, share, random));
  out.shares.push_back(std::move(sealed));
  return out;
}

Result<std::vector<NewEnvelope>> new_envelopes(const std::vector<Loaded>& messages, const Directory& directory,
                                               Random& random) {
  std::vector<NewEnvelope> out;
  for (const auto& message : messages) {
    const auto& sealed = *message.record.sealed;
    NewEnvelope envelope{sealed.id, sealed.from.address, sealed.from.name, sealed.date, sealed.expires, {}};
    for (const auto& claim : message.claims) {
      BULLA_TRY(auto recipient, new_recipient(message.record.recipients[claim.recipient], directory, random));
      envelope.recipients.push_back(std::move(recipient));
    }
    out.push_back(std::move(envelope));
  }
  return out;
}

Attempt attempt_of(const queue::Claim& claim, const RegisterResult& result) {
  switch (result.status) {
    case RegisterStatus::kRegistered:
      return {claim, Ending::kNext, "", ""};
    case RegisterStatus::kOutdated:
      return {claim, Ending::kSoon, "5.7.5", "the key server: " + result.reason};
    case RegisterStatus::kRefused:
      return {claim, Ending::kFail, "5.7.1", "the key server refused it: " + result.reason};
  }
  return {claim, Ending::kAgain, "5.7.5", ""};
}

}  // namespace

Result<NewShare> seal_share(const std::string& to, const std::string& age_key, ByteView share, Random& random) {
  BULLA_TRY(const auto recipient, age::X25519Recipient::parse(age_key));
  BULLA_TRY(const auto stanza, recipient.wrap(share, random));
  return NewShare{to, age::stanza_text(stanza)};
}

Registrar::Registrar(const House& house, KeyServer& server, std::function<void()> on_ready)
    : house_(house), server_(server), on_ready_(std::move(on_ready)), wake_(house.loop), batch_limit_(kBatch) {}

void Registrar::stop() {
  stopping_ = true;
  wake_.set();
}

net::Task<> Registrar::run() {
  while (!stopping_) {
    auto claims = house_.claim(queue::Stage::kRegister, batch_limit_);
    if (claims.empty()) {
      const auto due = house_.queue.next_due(queue::Stage::kRegister);
      co_await wake_.wait(due ? std::clamp<Millis>(*due - house_.clock.now(), 1, kIdle) : kIdle);
      continue;
    }
    co_await pause(co_await batch_or_later(std::move(claims)));
  }
}

net::Task<Millis> Registrar::batch_or_later(std::vector<queue::Claim> claims) {
  try {
    co_return co_await batch(claims);
  } catch (...) {
    if (net::was_cancelled(std::current_exception())) throw;
    house_.log.error("registration.failed",
                     {{"reason", net::describe(std::current_exception())}, {"recipients", claims.size()}});
  }
  house_.try_later(claims);
  co_return house_.settings.queue.retry_first;
}

// New mail rings too, but does not end a pause. Not by the wall clock, which may jump.
net::Task<> Registrar::pause(Millis length) {
  using Steady = std::chrono::steady_clock;
  const auto until = Steady::now() + std::chrono::milliseconds(length);
  while (!stopping_ && Steady::now() < until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
    co_await wake_.wait(std::clamp<Millis>(left.count(), 1, kIdle));
  }
}

net::Task<Millis> Registrar::batch(std::vector<queue::Claim> claims) {
  std::vector<Loaded> messages;
  co_await house_.workers.run([&] {
    for (const auto& one : group(claims)) {
      if (auto loaded = load(house_, one)) messages.push_back(std::move(*loaded));
    }
  });
  if (messages.empty()) co_return 0;
  auto envelopes = co_await prepare(messages);
  if (!envelopes) co_return co_await failed(std::move(messages), envelopes.error());
  auto results = co_await server_.register_envelopes(std::move(*envelopes));
  if (!results) co_return co_await failed(std::move(messages), results.error());
  if (failures_ > 0) house_.log.info("key_server.back", {{"failures", failures_}});
  failures_ = 0;
  batch_limit_ = std::min(kBatch, batch_limit_ * 2);
  co_await settle_all(std::move(messages), std::move(*results));
  co_return 0;
}

net::Awaiting<std::vector<NewEnvelope>> Registrar::prepare(std::vector<Loaded>& messages) {
  BULLA_CO_TRY(const auto directory, co_await server_.directory(addresses_of(messages)));
  const Millis skew = directory.time ? *directory.time - house_.clock.now() : 0;
  if (std::abs(skew) > kMaxSkew) house_.log.warn("key_server.clock_skew", {{"milliseconds", skew}});
  auto envelopes = co_await house_.workers.run([&] { return new_envelopes(messages, directory, house_.random); });
  // A directory with a broken key is a key server that does not work.
  if (!envelopes) co_return fail(Code::kUnavailable, "a key of the key server is broken: " + envelopes.error().text);
  co_return envelopes;
}

// failed decides what a failed request means. Nothing has been registered, or we do not know; registering again is
// safe.
net::Task<Millis> Registrar::failed(std::vector<Loaded> messages, Error error) {
  ++failures_;
  const bool denied = error.code == Code::kDenied;
  std::size_t recipients = 0;
  for (const auto& message : messages) recipients += message.claims.size();
  if (denied)
    house_.log.error("key_server.denied", error, {{"alarm", true}, {"waiting", house_.queue.stats().to_register}});
  else
    house_.log.warn("key_server.failed", error, {{"recipients", recipients}, {"failures", failures_}});
  // A batch that is refused as a whole may be so for one of its recipients: find out which, and let only that one wait.
  const bool divide = error.code == Code::kInvalid && recipients > 1;
  const bool alone = error.code == Code::kInvalid && recipients == 1;
  batch_limit_ = divide ? 1 : batch_limit_;
  co_await house_.workers.run([&] {
    for (auto& message : messages) {
      std::vector<Attempt> attempts;
      for (const auto& claim : message.claims) {
        if (alone || (!denied && !divide && house_.expired(message.accepted)))
          attempts.push_back({claim, Ending::kAgain, "5.4.7", error.text});
        else
          house_.queue.release(claim, claim.step.next);
      }
      if (!attempts.empty()) settle(house_, message, attempts);
    }
  });
  on_ready_();
  if (divide || alone) co_return 0;
  co_return denied ? house_.settings.queue.retry_max : house_.backoff().delay(failures_, house_.random);
}

net::Task<> Registrar::settle_all(std::vector<Loaded> messages, std::vector<std::vector<RegisterResult>> results) {
  std::size_t registered = 0;
  co_await house_.workers.run([&] {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      std::vector<Attempt> attempts;
      for (std::size_t j = 0; j < messages[i].claims.size(); ++j) {
        const auto& result = results[i][j];
        attempts.push_back(attempt_of(messages[i].claims[j], result));
        if (result.status == RegisterStatus::kRegistered) ++registered;
        if (result.status == RegisterStatus::kRefused)
          house_.log.warn("envelope.refused", {{"queue_id", messages[i].id.text()}, {"reason", result.reason}});
      }
      settle(house_, messages[i], attempts);
    }
  });
  house_.log.info("envelope.registered", {{"messages", messages.size()}, {"recipients", registered}});
  on_ready_();
}

}  // namespace bulla::gateway
