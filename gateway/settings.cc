#include "gateway/settings.h"

#include <tuple>

#include "mail/address.h"
#include "net/origin.h"
#include "smtp/syntax.h"

namespace bulla::gateway {
namespace {

using program::Table;

net::Endpoint endpoint(const program::Endpoint& from) {
  return {from.host, from.port};
}

void read_gateway(Table table, Settings& settings) {
  settings.hostname = table.string("hostname");
  if (!smtp::is_domain(settings.hostname))
    table.mistake("hostname", "it is not a host name",
                  "the name that the gateway has in mail, such as gateway.acme.example");
  settings.state = table.path("state", "/var/lib/bulla-gateway");
  settings.keys = table.path("keys", "/etc/bulla-gateway/keys");
  settings.log_level = table.choice("log_level", program::Level::kInfo, program::kLevelNames);
}

void read_smtp(Table table, SmtpSettings& smtp) {
  smtp.listen = endpoint(table.endpoint("listen", "127.0.0.1:2525"));
  auto allow = table.strings("allow");
  if (!table.has("allow")) allow = {"127.0.0.0/8", "::1"};
  for (const auto& text : allow) {
    if (auto network = net::IpNetwork::parse(text))
      smtp.allow.push_back(*network);
    else
      table.mistake("allow", network.error().text, "networks are written like 10.0.0.0/8 or 2001:db8::/32");
  }
  smtp.max_size = table.size("max_size", 50'000'000, {1'000, 2'000'000'000});
  smtp.max_memory =
      table.size("max_memory", std::max<std::uint64_t>(512 << 20, 2 * smtp.max_size), {1'000, 1ull << 40});
  if (smtp.max_memory < smtp.max_size)
    table.mistake("max_memory", "it is smaller than max_size", "messages are sealed in memory, so one must fit");
  if (table.has("tls_certificate")) smtp.tls_certificate = table.path("tls_certificate");
  if (table.has("tls_key")) smtp.tls_key = table.path("tls_key");
  if (table.has("tls_certificate") != table.has("tls_key"))
    table.mistake("", "tls_certificate and tls_key belong together");
}

void read_next_hop(Table table, net::SmtpTarget& hop) {
  hop.endpoint = endpoint(table.endpoint("address"));
  using enum smtp::TlsPolicy;
  hop.tls = table.choice("tls", kOpportunistic,
                         {{"none", kNone}, {"opportunistic", kOpportunistic}, {"required", kRequired}});
  hop.tls_name = table.string("tls_name", "");
}

// read_origin reads a server's address as browsers write it: the envelope's page takes no other form.
std::string read_origin(Table& table, const char* key, const std::string& text) {
  if (text.empty()) return {};  // which has been said
  const auto origin = net::parse_origin(text);
  if (origin) return origin->text;
  table.mistake(key, "\"" + text + "\" " + origin.error().text, origin.error().hint);
  return {};
}

void read_key_server(Table table, KeyServerSettings& server) {
  server.url = read_origin(table, "url", table.string("url"));
  server.origin = table.has("origin") ? read_origin(table, "origin", table.string("origin")) : server.url;
  server.token_file = table.path("token_file");
  if (table.has("ca_file")) server.ca_file = table.path("ca_file");
}

void read_organisation(Table table, Settings& settings) {
  settings.organisation.id = table.string("id");
  settings.organisation.name = table.string("name", settings.organisation.id);
  const auto allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (settings.organisation.id.size() > 64 || settings.organisation.id.find_first_not_of(allowed) != std::string::npos)
    table.mistake("id", "it may have lower-case letters, digits and '-'");
  for (const auto& domain : table.strings("domains")) {
    if (const auto canonical = mail::canonical_domain(domain))
      settings.rules.sender_domains.push_back(*canonical);
    else
      table.mistake("domains", "\"" + domain + "\" is not a domain");
  }
  if (settings.rules.sender_domains.empty()) table.mistake("domains", "at least one is needed");
}

void read_policy(Table table, policy::Rules& rules) {
  using enum policy::SealMode;
  rules.seal = table.choice("seal", kMatching, {{"matching", kMatching}, {"all", kAll}});
  rules.subject_flag = table.string("subject_flag", "[secure]");
  for (const auto& domain : table.strings("recipient_domains", 10'000)) {
    const bool below = domain.starts_with('.');
    if (const auto canonical = mail::canonical_domain(std::string_view(domain).substr(below ? 1 : 0)))
      rules.recipient_domains.push_back((below ? "." : "") + *canonical);
    else
      table.mistake("recipient_domains", "\"" + domain + "\" is not a domain");
  }
  if (auto checked = policy::check(rules); !checked) table.mistake("", checked.error().text, checked.error().hint);
}

void read_envelope(Table table, EnvelopeSettings& settings) {
  if (auto subject = table.string("subject", "keep"); subject != "keep") settings.subject = subject;
  settings.expires =
      table.string("expires", "90d") == "never" ? 0 : table.duration("expires", 90 * kDay, {kHour, 3650 * kDay});
}

void read_queue(Table table, QueueSettings& queue) {
  queue.retry_first = table.duration("retry_first", kMinute, {100, kHour});
  queue.retry_max = table.duration("retry_max", kHour, {100, kDay});
  if (queue.retry_max < queue.retry_first) table.mistake("retry_max", "it is shorter than retry_first");
  queue.expires = table.duration("expires", 5 * kDay, {kSecond, 30 * kDay});
  queue.reserve = table.size("reserve", 64 << 20, {0, 1ull << 50});
  queue.deliveries = static_cast<std::size_t>(table.integer("deliveries", 20, {1, 1000}));
}

}  // namespace

Result<Settings> read_settings(program::Config config) {
  Settings settings;
  read_gateway(config.table("gateway"), settings);
  read_smtp(config.table("smtp"), settings.smtp);
  read_next_hop(config.table("next_hop"), settings.next_hop);
  read_key_server(config.table("key_server"), settings.key_server);
  read_organisation(config.table("organisation"), settings);
  read_policy(config.table("policy"), settings.rules);
  read_envelope(config.table("envelope"), settings.envelope);
  read_queue(config.table("queue"), settings.queue);
  BULLA_CHECK_OK(config.finish());
  return settings;
}

Result<Settings> load_settings(const std::filesystem::path& file) {
  BULLA_TRY(auto config, program::Config::load(file));
  return read_settings(std::move(config));
}

std::string needs_restart(const Settings& used, const Settings& fresh) {
  const auto of_gateway = [](const Settings& one) {
    return std::tie(one.hostname, one.state, one.keys, one.log_level);
  };
  const std::pair<const char*, bool> tables[] = {
      {"gateway", of_gateway(used) != of_gateway(fresh)},
      {"smtp", used.smtp != fresh.smtp},
      {"next_hop", used.next_hop != fresh.next_hop},
      {"key_server", used.key_server != fresh.key_server},
      {"organisation", used.organisation != fresh.organisation},
      {"envelope", used.envelope != fresh.envelope},
      {"queue", used.queue != fresh.queue},
  };
  std::string out;
  for (const auto& [name, changed] : tables) {
    if (changed) out.append(out.empty() ? "" : ", ").append(name);
  }
  return out;
}

}  // namespace bulla::gateway
