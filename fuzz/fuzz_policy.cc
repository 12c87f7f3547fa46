// What a policy reads of a message: any header is read, and a flag or an own address that is plainly there is seen.
#include "fuzz/fuzzer.h"
#include "policy/policy.h"
#include "policy/subject_flag.h"

namespace {

using namespace bulla;

constexpr const char* kFlag = "[secure]";

policy::Rules rules() {
  return {policy::SealMode::kMatching, kFlag, {"partner.example"}, {"acme.example"}};
}

// A flag behind anything that is no line end is found.
void check_flag(std::string_view text) {
  std::string subject(text.substr(0, std::min(text.find_first_of("\r\n"), text.size())));
  BULLA_ASSERT(policy::has_flag(subject + kFlag, kFlag));
  const auto without = policy::without_flag(subject, kFlag);
  BULLA_ASSERT(without.size() <= subject.size() + 1);
  BULLA_ASSERT(without.find(kFlag) == std::string::npos || without.size() < subject.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView message(data, size);
  const auto facts = policy::read_facts(message, true, kFlag);
  BULLA_ASSERT(facts.from_domains.size() >= facts.from_fields);
  for (const auto* domain : {"partner.example", "x.example"}) {
    const auto decision = policy::decide(rules(), facts, {"a", domain});
    if (facts.flagged) BULLA_ASSERT(decision.action != policy::Action::kPass);
    if (decision.action == policy::Action::kSeal) {
      fuzz::accepted();
      BULLA_ASSERT(facts.from_fields == 1);
      for (const auto& from : facts.from_domains) BULLA_ASSERT(from == "acme.example");
    }
  }
  // What stands in front cannot hide what is put behind it, nor the reverse. The last field is there for a message that
  // begins with a continuation, which would make eve's address a name: "eve@evil.example <ann@acme.example>".
  auto more = to_bytes("Subject: [secure]\r\nFrom: eve@evil.example\r\nX: \r\n");
  append(more, message);
  const auto with = policy::read_facts(more, true, kFlag);
  BULLA_ASSERT(with.flagged && with.from_fields == facts.from_fields + 1);
  BULLA_ASSERT(policy::decide(rules(), with, {"a", "x.example"}).action == policy::Action::kRefuse);
  check_flag(as_text(message));
  return 0;
}
