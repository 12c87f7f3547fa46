// Codes: proof that somebody reads the mail of an address. A code is typed into the page that asked for it; links prove
// nothing, since mail scanners follow them.
//
// For an address that no envelope names, everything looks and costs the same, but no mail goes out.
#pragma once

#include "keys/answer.h"
#include "keys/world.h"
#include "mail/address.h"

namespace bulla::keys {

constexpr int kCodeDigits = 8;
constexpr Millis kCodeLife = 10 * kMinute;
constexpr int kCodeTries = 5;
constexpr Millis kTicketLife = 15 * kMinute;
// Requests for one address, and from one network. They are counted in the store, so that a restart forgets none.
constexpr int kCodesPerAddressHour = 5;
constexpr int kCodesPerAddressDay = 20;
constexpr int kCodesPerNetworkHour = 100;

struct CodeIssued {
  std::string request;  // token for the page that asked
  Millis expires_in = 0;
};

struct AddressProved {
  std::string ticket;  // token for one registration
  std::string address;
};

class Codes {
 public:
  explicit Codes(const World& world) : world_(world) {}

  // request makes a code and puts a mail into the outbox. kTooMany above the limits.
  Answer<CodeIssued> request(const mail::Address& address, const Asker& asker);

  // verify takes the code as it was typed (blanks and hyphens in it do not count). kBadRequest: not eight digits.
  // kWrongCode: with the tries that are left. kGone: used up, out of time, or never made. The right code may be sent
  // again and gets the same ticket, in case that the first answer was lost.
  Answer<AddressProved> verify(std::string_view request, std::string_view code, const Asker& asker);

 private:
  Answer<AddressProved> check(store::Transaction& transaction, std::string_view request, std::string_view code) const;
  World world_;
};

// make_code draws eight digits, each code as likely as any other.
Result<Secret> make_code(Random& random);

}  // namespace bulla::keys
