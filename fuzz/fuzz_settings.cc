// The configurations of both programs: any text is read, or refused with a place and a reason; what was read keeps its
// bounds.
#include "fuzz/fuzzer.h"
#include "gateway/settings.h"
#include "keyserver/settings.h"
#include "net/origin.h"

using namespace bulla;

namespace {

void check_origin(const std::string& text) {
  const auto origin = net::parse_origin(text);
  BULLA_ASSERT(origin && origin->text == text);
}

void check(const gateway::Settings& settings) {
  BULLA_ASSERT(!settings.hostname.empty() && !settings.rules.sender_domains.empty());
  BULLA_ASSERT(!settings.organisation.id.empty() && settings.next_hop.endpoint.port != 0);
  BULLA_ASSERT(settings.smtp.max_size > 0 && settings.smtp.max_memory >= settings.smtp.max_size);
  BULLA_ASSERT(settings.queue.retry_first > 0 && settings.queue.retry_max >= settings.queue.retry_first);
  check_origin(settings.key_server.url);
  check_origin(settings.key_server.origin);
  BULLA_ASSERT(gateway::needs_restart(settings, settings).empty());
}

void check(const keyserver::Settings& settings) {
  check_origin(settings.origin);
  BULLA_ASSERT(settings.limits_factor >= 1 && settings.mail.from.contains('@'));
  for (const auto& organisation : settings.organisations->all())
    BULLA_ASSERT(settings.organisations->find(organisation.id) == &organisation && !organisation.domains.empty());
}

template <class Read>
void read(std::string_view text, const Read& read_settings) {
  auto config = program::Config::parse(text, "f.toml");
  if (!config) return;
  const auto settings = read_settings(std::move(*config));
  if (settings) {
    fuzz::accepted();
    return check(*settings);
  }
  BULLA_ASSERT(settings.error().code == Code::kInvalid);
  BULLA_ASSERT(settings.error().text.contains("f.toml:"));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text({data, size});
  read(text, gateway::read_settings);
  read(text, keyserver::read_settings);
  return 0;
}
