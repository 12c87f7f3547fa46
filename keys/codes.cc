#include "keys/codes.h"

#include "core/base/encoding.h"
#include "core/base/reader.h"
#include "core/crypto/equal.h"

namespace bulla::keys {
namespace {

constexpr std::uint32_t kCodeCount = 100'000'000;

std::unexpected<Problem> gone() {
  return deny(ProblemCode::kGone, "This code is used up or out of time.", "Ask for a new one.");
}

// The digits as they were typed, without blanks and hyphens; nothing unless they are eight.
std::optional<std::string> typed_digits(std::string_view text) {
  std::string digits;
  for (const char c : text.substr(0, 64)) {
    if (c == ' ' || c == '-') continue;
    if (c < '0' || c > '9') return std::nullopt;
    digits.push_back(c);
  }
  if (digits.size() != kCodeDigits || text.size() > 64) return std::nullopt;
  return digits;
}

}  // namespace

Result<Secret> make_code(Random& random) {
  // Numbers at or above the largest multiple of kCodeCount would make small codes likelier: they are drawn again.
  constexpr std::uint32_t kLimit = UINT32_MAX / kCodeCount * kCodeCount;
  for (;;) {
    BULLA_TRY(auto drawn, random_array<4>(random));
    std::uint32_t number = *Reader(drawn).u32_be();
    wipe(drawn);
    if (number >= kLimit) continue;
    Secret code(kCodeDigits);
    for (std::size_t i = kCodeDigits; i > 0; --i, number /= 10)
      code.writable()[i - 1] = static_cast<std::uint8_t>('0' + number % 10);
    return code;
  }
}

Answer<CodeIssued> Codes::request(const mail::Address& address, const Asker& asker) {
  const Millis now = world_.clock.now();
  if (const auto wait = world_.limits.code(asker.network, now)) return deny_for(wait);

  BULLA_TRY(const auto token, random_array<32>(world_.random));
  const std::string request = base64url(token);
  BULLA_TRY(const auto code, make_code(world_.random));
  BULLA_TRY(const auto sealed_code, world_.secret.seal(Use::kMail, code.reveal(), world_.random));
  store::CodeRequest row;
  row.id = world_.secret.digest(Use::kRequestId, {as_bytes(request)});
  row.address = address.text();
  row.network = world_.secret.digest(Use::kNetwork, {as_bytes(asker.network)});
  row.code = world_.secret.digest(Use::kCode, {as_bytes(request), code.reveal()});
  row.created = now;
  row.expires = now + kCodeLife;
  row.tries_left = kCodeTries;

  Millis wait = 0;
  BULLA_CHECK_OK(world_.store.write([&](store::Transaction& t) -> Result<> {
    BULLA_TRY(const auto counts, t.count_codes(row.address, row.network, now - kHour, now - kDay));
    const int factor = world_.limits.factor();
    if (counts.address_day / factor >= kCodesPerAddressDay) wait = 2 * kHour;
    if (counts.address_hour / factor >= kCodesPerAddressHour || counts.network_hour / factor >= kCodesPerNetworkHour)
      wait = kHour / 4;
    if (wait > 0) return {};
    // Both questions are asked and both rows are written for every address, listed or not.
    BULLA_TRY(const bool listed, t.is_listed(row.address, now));
    BULLA_TRY(const auto account, t.account(row.address));
    row.kind = account ? store::MailKind::kHasAccount : listed ? store::MailKind::kCode : store::MailKind::kNone;
    BULLA_CHECK_OK(t.add_code_request(row));
    BULLA_TRY(const auto number, t.add_mail({0, row.address, row.kind, sealed_code, 0, now, row.expires}));
    (void)number;
    return {};
  }));
  if (wait > 0) return deny_for(wait);
  return CodeIssued{request, kCodeLife};
}

Answer<AddressProved> Codes::verify(std::string_view request, std::string_view code, const Asker& asker) {
  if (const auto wait = world_.limits.verify(asker.network, world_.clock.now())) return deny_for(wait);
  auto digits = typed_digits(code);
  if (!digits) return deny(ProblemCode::kBadRequest, "A code has eight digits.", "Type it as it stands in the mail.");

  Answer<AddressProved> answer = gone();
  BULLA_CHECK_OK(world_.store.write([&](store::Transaction& t) -> Result<> {
    answer = check(t, request, *digits);
    // The count of tries is kept, whatever the answer; only a failing store undoes it.
    if (!answer && answer.error().code == ProblemCode::kUnavailable)
      return fail(Code::kUnavailable, answer.error().cause);
    return {};
  }));
  wipe(*digits);
  return answer;
}

Answer<AddressProved> Codes::check(store::Transaction& t, std::string_view request, std::string_view code) const {
  const Millis now = world_.clock.now();
  BULLA_TRY(const auto row, t.code_request(world_.secret.digest(Use::kRequestId, {as_bytes(request)})));
  if (!row || row->expires <= now || row->tries_left <= 0) return gone();

  const auto typed = world_.secret.digest(Use::kCode, {as_bytes(request), as_bytes(code)});
  // A request that no code was mailed for has one, too, and nobody knows it; a lucky guess is wrong like any other.
  const bool right = crypto::equal(typed, row->code) && row->kind == store::MailKind::kCode;
  if (!right) {
    BULLA_CHECK_OK(t.set_code_request(row->id, row->tries_left - 1, row->verified));
    Problem problem(ProblemCode::kWrongCode, "That code is not right.");
    problem.hint = row->tries_left > 1 ? "Look at the newest mail, and type it again." : "Ask for a new one.";
    problem.tries_left = row->tries_left - 1;
    return std::unexpected(problem);
  }
  const std::string ticket = base64url(world_.secret.digest(Use::kTicket, {as_bytes(request)}));
  if (!row->verified) {
    const auto id = world_.secret.digest(Use::kTicketId, {as_bytes(ticket)});
    BULLA_CHECK_OK(t.set_code_request(row->id, row->tries_left, true));
    BULLA_CHECK_OK(t.put_ticket({id, row->address, now + kTicketLife, false}));
  }
  return AddressProved{ticket, row->address};
}

}  // namespace bulla::keys
